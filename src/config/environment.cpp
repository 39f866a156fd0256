#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "config/yaml_tree.hpp"
#include "weir/config/environment.hpp"

namespace weir::config {
namespace {

constexpr std::string_view kSystemState = "/var/lib/weir";

// A base directory of the XDG specification: a relative one is ignored.
std::optional<std::filesystem::path> absolute(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const std::filesystem::path path(*text);
  return path.is_absolute() ? std::optional(path) : std::nullopt;
}

bool is_regular(int file) {
  struct stat found {};
  return ::fstat(file, &found) == 0 && S_ISREG(found.st_mode);
}

}  // namespace

bool Environment::exists(const std::filesystem::path& path) const {
  return read_file(path).has_value();
}

bool Environment::is_open_to_others(const std::filesystem::path&) const {
  return false;
}

std::optional<std::string> SystemEnvironment::variable(std::string_view name) const {
  const char* const value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<std::string> SystemEnvironment::read_file(const std::filesystem::path& path) const {
  const bool any = readable_ == Readable::anything;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (any ? 0 : O_NONBLOCK));
  if (file < 0) return std::nullopt;
  if (!any && !is_regular(file)) {
    ::close(file);
    return std::nullopt;
  }
  std::string content;
  std::array<char, 16384> buffer;
  // One byte more than is accepted shows that there is more; /dev/zero has no end.
  while (content.size() <= kMaxConfigBytes) {
    const ssize_t got = ::read(file, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      ::close(file);
      return std::nullopt;
    }
    if (got == 0) break;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(file);
  return content;
}

bool SystemEnvironment::exists(const std::filesystem::path& path) const {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

bool SystemEnvironment::is_open_to_others(const std::filesystem::path& path) const {
  std::error_code ignored;
  const std::string name = std::filesystem::absolute(path, ignored).lexically_normal().string();
  if (name.starts_with("/run/") || name.starts_with("/var/run/")) return false;
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return false;
  const bool is_ours = found.st_uid == ::geteuid();
  return (found.st_mode & S_IROTH) != 0 || (is_ours && (found.st_mode & S_IRGRP) != 0);
}

std::filesystem::path state_directory(const std::optional<std::filesystem::path>& option,
                                      const Environment& environment) {
  if (option) return *option;
  if (const auto given = environment.variable("WEIR_STATE_DIR"); given && !given->empty()) return *given;
  // systemd lists several, parted by colons.
  if (const auto given = environment.variable("STATE_DIRECTORY"); given && !given->empty())
    return given->substr(0, given->find(':'));
  if (const auto state = absolute(environment.variable("XDG_STATE_HOME"))) return *state / "weir";
  if (const auto home = absolute(environment.variable("HOME"))) return *home / ".local/state/weir";
  return kSystemState;
}

}  // namespace weir::config
