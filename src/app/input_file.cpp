#include "app/input_file.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>
#include <vector>

namespace weir::app {
namespace {

constexpr std::size_t kLargestInput = 32U << 20U;

Error unreadable(const std::string& why) {
  return {ErrorKind::invalid_request, why};
}

Result<std::string> read_all(std::istream& from, const std::string& name) {
  std::string text;
  std::vector<char> block(1U << 16U);
  while (from.read(block.data(), static_cast<std::streamsize>(block.size())) || from.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(from.gcount()));
    if (text.size() > kLargestInput) return unreadable(name + " is larger than 32 MiB");
  }
  if (from.bad()) return unreadable(name + " can't be read");
  return text;
}

}  // namespace

Result<std::string> read_input(const std::string& file) {
  if (file.empty() || file == "-") return read_all(std::cin, "stdin");
  std::error_code ec;
  if (std::filesystem::is_directory(file, ec)) return unreadable(file + " is a directory");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return unreadable(file + " can't be opened");
  return read_all(stream, file);
}

}  // namespace weir::app
