#include "base/line_writer.hpp"

#include <unistd.h>

#include <algorithm>
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
    const std::uint64_t told = std::exchange(dropped_, 0);
    if (told > 0) pending_ += lost_(told);
    taken.swap(pending_);
    is_writing_ = true;
    lock.unlock();
    const std::uint64_t lost = put(taken);
    taken.clear();
    lock.lock();
    // The last of them was the one that tells, and the next one tells it all.
    if (lost > 0) dropped_ += told > 0 ? lost - 1 + told : lost;
    is_writing_ = false;
    written_.notify_all();
    if (!ends_) news_.wait_for(lock, kTogether);
  }
}

// A full disk takes nothing, or half a line: the first that it takes later begins a line of its own. How many
// lines it didn't take whole.
std::uint64_t LineWriter::put(std::string_view bytes) {
  if (is_cut_ && write_some("\n") == 1) is_cut_ = false;
  std::size_t written = 0;
  while (!is_cut_ && written < bytes.size()) {
    const std::size_t n = write_some(bytes.substr(written));
    if (n == 0) break;
    written += n;
  }
  if (written > 0) is_cut_ = bytes[written - 1] != '\n';
  const std::string_view left = bytes.substr(written);
  return static_cast<std::uint64_t>(std::ranges::count(left, '\n'));
}

std::size_t LineWriter::write_some(std::string_view bytes) const {
  ssize_t n = 0;
  do {
    n = ::write(fd_, bytes.data(), bytes.size());
  } while (n < 0 && errno == EINTR);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

}  // namespace weir
