#include "app/private_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>

#include "weir/base/log.hpp"

namespace weir::app {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

Error failure(const std::filesystem::path& path, const std::string& what) {
  return {ErrorKind::io, path.string() + ": " + what};
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

Error foreign(const std::filesystem::path& path, uid_t owner) {
  return failure(path, "belongs to another user (uid " + std::to_string(owner) + "): chown " +
                           std::to_string(::geteuid()) + " " + path.string() +
                           ", or choose another directory with --state-dir");
}

Result<void> set_mode(const std::filesystem::path& path, mode_t was, mode_t mode) {
  if (::chmod(path.c_str(), mode) != 0) {
    if (errno == EROFS) return {};  // nothing of ours will be written there either
    return failure(path, "open to other users, and its mode can't be changed: " +
                             std::string(std::strerror(errno)) + "; chmod " + octal(mode) + " " +
                             path.string() + ", or choose another directory with --state-dir");
  }
  log::info("made_private", {{"path", path.string()}, {"mode_was", octal(was)}, {"mode", octal(mode)}});
  return {};
}

bool holds_only_state(const std::filesystem::path& directory, std::string_view database) {
  std::error_code ec;
  const auto is_state = [&](const std::filesystem::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name == "lock" || name.starts_with("daemon.json") || name.starts_with("keys.env") ||
           name.starts_with("intent.log") || (!database.empty() && name.starts_with(database));
  };
  std::filesystem::directory_iterator entries(directory, ec);
  return !ec && std::all_of(begin(entries), end(entries), is_state);
}

}  // namespace

Result<void> check_directory(const std::filesystem::path& directory, std::string_view database) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0) return failure(directory, std::strerror(errno));
  if (found.st_uid != ::geteuid()) return foreign(directory, found.st_uid);
  if ((found.st_mode & kOthersWrite) != 0 && !holds_only_state(directory, database))
    return failure(directory,
                   "other users may write in it, and it holds more than weir's state; choose a "
                   "directory of its own with --state-dir");
  return {};
}

Result<void> make_directory_private(const std::filesystem::path& directory, std::string_view database) {
  if (auto checked = check_directory(directory, database); !checked) return checked;
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0) return failure(directory, std::strerror(errno));
  if ((found.st_mode & kOthers) == 0) return {};
  if (holds_only_state(directory, database)) return set_mode(directory, found.st_mode, S_IRWXU);
  log::warn("state_directory_is_open",
            {{"path", directory.string()},
             {"mode", octal(found.st_mode)},
             {"remedy", "it holds more than weir's state, so it is left as it is; chmod 700 " +
                            directory.string() + ", or choose another with --state-dir"}});
  return {};
}

Result<void> make_file_private(const std::filesystem::path& file) {
  struct stat found {};
  if (::lstat(file.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return failure(file, std::strerror(errno));
  }
  if (found.st_uid != ::geteuid()) return foreign(file, found.st_uid);
  // What is no file is refused where it is opened.
  if (!S_ISREG(found.st_mode) || (found.st_mode & kOthers) == 0) return {};
  return set_mode(file, found.st_mode, S_IRUSR | S_IWUSR);
}

}  // namespace weir::app
