#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace weir::config {

// The process environment as the configuration sees it: variables and files, nothing else.
class Environment {
 public:
  virtual ~Environment() = default;
  [[nodiscard]] virtual std::optional<std::string> variable(std::string_view name) const = 0;
  // The file's bytes, or nothing where it doesn't exist or can't be read. Of a file larger than 1 MiB, enough
  // to see that it is.
  [[nodiscard]] virtual std::optional<std::string> read_file(const std::filesystem::path& path) const = 0;
  // Whether something is there, readable or not: a file that can't be read must not be passed over in
  // silence.
  [[nodiscard]] virtual bool exists(const std::filesystem::path& path) const;
  // Whether users other than this process's may read the file. A group may where the file is another user's
  // (then that is how we read it), and all may where the platform hands out secrets: under /run.
  [[nodiscard]] virtual bool is_open_to_others(const std::filesystem::path& path) const;
};

// What a SystemEnvironment reads from. A start takes a pipe as well as a file. What is read once more must be
// a regular file: a pipe is empty by then, and one that nobody writes to would hold the reader up for ever.
enum class Readable : std::uint8_t { anything, regular_files };

class SystemEnvironment final : public Environment {
 public:
  explicit SystemEnvironment(Readable readable = Readable::anything) : readable_(readable) {}
  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const override;
  [[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path) const override;
  [[nodiscard]] bool exists(const std::filesystem::path& path) const override;
  [[nodiscard]] bool is_open_to_others(const std::filesystem::path& path) const override;

 private:
  Readable readable_;
};

// --state-dir, WEIR_STATE_DIR, STATE_DIRECTORY, XDG_STATE_HOME/weir, ~/.local/state/weir; without a home
// /var/lib/weir.
[[nodiscard]] std::filesystem::path state_directory(const std::optional<std::filesystem::path>& option,
                                                    const Environment& environment);

}  // namespace weir::config
