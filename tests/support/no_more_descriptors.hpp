#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace weir::test {

// Lowers the limit so that no descriptor can be had before one is closed, and restores it.
class NoMoreDescriptors {
 public:
  // What is closed meanwhile, perhaps by a thread that the test knows nothing of.
  enum class Closed : std::uint8_t { can_be_had, is_gone };
  explicit NoMoreDescriptors(Closed closed = Closed::can_be_had) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int end = above_all();
    while (fill_.empty() || fill_.back() < end) fill_.push_back(::fcntl(0, F_DUPFD, 0));
    constexpr int kStandard = 3;  // these stay open
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(closed == Closed::is_gone ? kStandard : end);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() {
    for (const int fd : fill_) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before_);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  // One more than the highest that is open.
  static int above_all() {
    int end = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
      end = std::max(end, std::stoi(entry.path().filename().string()) + 1);
    return end;
  }

  rlimit before_{};
  std::vector<int> fill_;  // the gaps between those that are open, and one above
};

// UBSan makes a pipe to look at an object's type, and takes its failing for a bad object.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kChecksNeedDescriptors = true;
#elif defined(__has_feature)
inline constexpr bool kChecksNeedDescriptors = __has_feature(undefined_behavior_sanitizer);
#else
inline constexpr bool kChecksNeedDescriptors = false;
#endif

}  // namespace weir::test
