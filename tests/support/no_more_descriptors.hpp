#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace weir::test {

// Lowers the limit so that the very next descriptor can't be had, and restores it.
class NoMoreDescriptors {
 public:
  // What is closed meanwhile, perhaps by a thread that the test knows nothing of.
  enum class Closed : std::uint8_t { can_be_had, is_gone };
  explicit NoMoreDescriptors(Closed closed = Closed::can_be_had) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    int next = ::fcntl(0, F_DUPFD, 0);
    ::close(next);
    constexpr int kStandard = 3;  // these stay open
    if (closed == Closed::is_gone) next = std::min(next, kStandard);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
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
