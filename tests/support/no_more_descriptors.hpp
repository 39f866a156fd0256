#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace weir::test {

// Lowers the limit so that the very next descriptor can't be had, and restores it.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::fcntl(0, F_DUPFD, 0);
    ::close(next);
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
