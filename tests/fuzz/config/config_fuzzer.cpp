#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "weir/config/config.hpp"

// Any bytes as a configuration, and as its env file those before the first unit separator (0x1F), if there is
// one. It must end, without a crash, in problems or in a configuration that prints as one that can be read
// again.

namespace {

class FuzzEnvironment final : public weir::config::Environment {
 public:
  explicit FuzzEnvironment(std::string_view env_file) : env_file_(env_file) {}

  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const override {
    if (name == "EMPTY") return "";
    return name.ends_with("_KEY") ? std::optional<std::string>("key") : std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path) const override {
    if (path == ".env") return std::string(env_file_);
    return path == "key.txt" ? std::optional<std::string>("from-file\n") : std::nullopt;
  }

 private:
  std::string_view env_file_;
};

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fputs(what.c_str(), stderr);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view env_file;
  weir::config::LoadOptions options;
  if (const auto separator = text.find('\x1F'); separator != std::string_view::npos) {
    env_file = text.substr(0, separator);
    text.remove_prefix(separator + 1);
    options.env_file = ".env";
  }
  const FuzzEnvironment environment(env_file);
  const weir::config::Loaded loaded = weir::config::load_text(text, "weir.yaml", options, environment);
  const std::string shown = weir::config::format_problems(loaded.problems);
  require(shown.find('\x1B') == std::string::npos, "an escape character is shown");
  require(weir::config::format_problems_json(loaded.problems).ends_with('}'), "no JSON object");
  require(loaded.ok() || !loaded.problems.empty(), "refused in silence");
  if (!loaded.ok()) return 0;
  const std::string printed = weir::config::print_effective(loaded.config);
  const weir::config::Loaded again = weir::config::load_text(printed, "weir.yaml", options, environment);
  require(again.ok(), printed + weir::config::format_problems(again.problems));
  return 0;
}
