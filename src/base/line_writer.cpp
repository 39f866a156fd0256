#include "base/line_writer.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace weir {
namespace {

constexpr auto kTogether = std::chrono::milliseconds(5);
constexpr std::size_t kMostPending = 16U << 20U;  // bytes

}  // namespace

LineWriter::LineWriter(int fd, bool owns, std::function<std::string(std::uint64_t)> lost)
    : fd_(fd), owns_(owns), lost_(std::move(lost)), thread_([this] { run(); }) {}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  news_.notify_all();
  thread_.join();
  if (owns_) ::close(fd_);
}

void LineWriter::write(std::string_view line) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > kMostPending) {
      ++dropped_;
      return;
    }
    pending_ += line;
    wakes = std::exchange(is_idle_, false);
  }
  if (wakes) news_.notify_one();
}

void LineWriter::flush() {
  std::unique_lock lock(mutex_);
  news_.notify_one();
  written_.wait(lock, [this] { return pending_.empty() && !is_writing_; });
}

void LineWriter::run() {
  std::string taken;
  std::unique_lock lock(mutex_);
  while (!ends_ || !pending_.empty()) {
    if (pending_.empty()) {
      is_idle_ = true;
      news_.wait(lock, [this] { return ends_ || !pending_.empty(); });
    }
    is_idle_ = false;
    if (const std::uint64_t lost = std::exchange(dropped_, 0); lost > 0) pending_ += lost_(lost);
    taken.swap(pending_);
    is_writing_ = true;
    lock.unlock();
    put(taken);
    taken.clear();
    lock.lock();
    is_writing_ = false;
    written_.notify_all();
    if (!ends_) news_.wait_for(lock, kTogether);
  }
}

// Where the disk takes nothing there is nobody to tell.
void LineWriter::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace weir
