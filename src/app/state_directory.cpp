#include "app/state_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/generated_keys.hpp"
#include "app/private_files.hpp"

namespace weir::app {
namespace {

constexpr const char* kDaemonFile = "daemon.json";
constexpr const char* kLockFile = "lock";
constexpr const char* kIntentLog = "intent.log";

Error failure(const std::filesystem::path& path, const std::string& what) {
  return {ErrorKind::io, "state directory " + path.string() + ": " + what};
}

// Of a run by an earlier version, or by another user, or brought here by hand.
Result<void> make_all_private(const std::filesystem::path& path, const std::string& database) {
  if (auto made = make_directory_private(path, database); !made) return made;
  for (const std::string& name :
       {std::string(kLockFile), std::string(kDaemonFile), std::string(kIntentLog), std::string(kKeysFile),
        database, database + "-wal", database + "-shm", database + ".lock"})
    if (auto made = make_file_private(path / name); !made) return made;
  return {};
}

// A read-only file system gives a lock too, and may become writable again.
int open_lock(const std::filesystem::path& path) {
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock >= 0 || (errno != EROFS && errno != EACCES)) return lock;
  const int why = errno;
  const int read_only = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (read_only < 0) errno = why;
  return read_only;
}

}  // namespace

Result<StateDirectory> StateDirectory::claim(const std::filesystem::path& path, const std::string& database,
                                             Database use) {
  std::error_code ec;
  const bool made = std::filesystem::create_directories(path, ec);
  const auto unusable = [&path](const std::string& why) {
    return StateDirectory(path, -1, failure(path, why).message + "; choose another with --state-dir");
  };
  if (ec) return unusable(ec.message());
  if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, ec);
  if (auto closed = made ? Result<void>() : make_all_private(path, database); !closed)
    return std::move(closed).error();
  const int lock = open_lock(path / kLockFile);
  if (lock < 0) return unusable(std::strerror(errno));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    const auto other = read_daemon_file(path);
    return failure(path,
                   other ? "in use by the weir with pid " + std::to_string(other->pid) + " at " + other->url
                         : std::string("in use by another weir"));
  }
  StateDirectory state(path, lock, "");
  if (use == Database::none) return state;
  if (auto held = state.hold_database(path / database); !held) return std::move(held).error();
  return state;
}

// One that can't be locked can't be opened either: the store says so. The pid stands in the file for those
// who come later.
Result<void> StateDirectory::hold_database(const std::filesystem::path& database) {
  std::error_code ec;
  const std::filesystem::path real = std::filesystem::weakly_canonical(database, ec);
  if (ec) return {};
  const int lock = ::open((real.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) return {};
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {  // a file system without locks
      ::close(lock);
      return {};
    }
    std::string holder(32, '\0');
    const ssize_t got = ::pread(lock, holder.data(), holder.size(), 0);
    holder.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    ::close(lock);
    return Error{ErrorKind::io, "the database " + database.string() + " is in use by " +
                                    (holder.empty() ? "another weir" : "the weir with pid " + holder) +
                                    "; give each its own state.path"};
  }
  database_lock_ = lock;
  const std::string pid = std::to_string(::getpid());
  [[maybe_unused]] const bool told =
      ::ftruncate(lock, 0) == 0 && ::pwrite(lock, pid.data(), pid.size(), 0) > 0;
  return {};
}

StateDirectory::StateDirectory(StateDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      database_lock_(std::exchange(other.database_lock_, -1)),
      unusable_(std::move(other.unusable_)) {}

StateDirectory::~StateDirectory() {
  withdraw();
  for (const int lock : {lock_, database_lock_})
    if (lock >= 0) ::close(lock);
}

void StateDirectory::withdraw() const noexcept {
  if (lock_ < 0) return;  // what is there is somebody else's
  ::unlink((path_ / kDaemonFile).c_str());
}

// Written beside and renamed, so that no reader sees half of it.
Result<void> StateDirectory::announce(const DaemonFile& file) const {
  if (lock_ < 0) return Error{ErrorKind::io, unusable_};
  const auto target = path_ / kDaemonFile;
  const auto draft = path_ / (std::string(kDaemonFile) + ".new");
  nlohmann::ordered_json json{{"url", file.url}, {"pid", file.pid}};
  if (!file.certificate.empty()) json["certificate"] = file.certificate;
  const std::string text = json.dump() + "\n";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return not_announced(errno);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int why = errno;
  ::close(fd);
  if (written && ::rename(draft.c_str(), target.c_str()) == 0) return {};
  const Error error = not_announced(written ? errno : why);
  ::unlink(draft.c_str());
  return error;
}

// An earlier daemon's file would lead commands astray; our own, of before a reload, may still be right.
Error StateDirectory::not_announced(int why) const {
  Error error = failure(path_, std::strerror(why));
  const auto there = read_daemon_file(path_);
  if (!there || there->pid != ::getpid()) withdraw();
  return error;
}

bool is_alive(const DaemonFile& file) {
  return file.pid > 0 && (::kill(file.pid, 0) == 0 || errno == EPERM);
}

std::optional<DaemonFile> read_daemon_file(const std::filesystem::path& state_directory) {
  std::ifstream in(state_directory / kDaemonFile);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("url") || !json["url"].is_string() || !json.contains("pid") ||
      !json["pid"].is_number_integer())
    return std::nullopt;
  DaemonFile file{.url = json["url"].get<std::string>(), .pid = json["pid"].get<pid_t>(), .certificate = {}};
  if (json.contains("certificate") && json["certificate"].is_string())
    file.certificate = json["certificate"].get<std::string>();
  return file;
}

}  // namespace weir::app
