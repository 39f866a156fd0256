#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weir/config/environment.hpp"
#include "weir/config/problem.hpp"

namespace weir::config {

using Variables = std::map<std::string, std::string, std::less<>>;

// Reads an env file: KEY=value, `export KEY=value`, comments, 'single' quotes (as they stand) and "double"
// quotes
// (\n \t \" \\ \$), both also over several lines. Variables in a value are not looked up. Problems show no
// value.
[[nodiscard]] Variables parse_dotenv(std::string_view text, std::string_view file,
                                     std::vector<Problem>& problems);

// The process environment with a file's variables under it: a real variable wins, an empty one too.
class LayeredEnvironment final : public Environment {
 public:
  LayeredEnvironment(const Environment& real, Variables file) : real_(real), file_(std::move(file)) {}

  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const override;
  [[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path) const override;
  [[nodiscard]] bool exists(const std::filesystem::path& path) const override;
  [[nodiscard]] bool is_open_to_others(const std::filesystem::path& path) const override;

 private:
  const Environment& real_;
  Variables file_;
};

}  // namespace weir::config
