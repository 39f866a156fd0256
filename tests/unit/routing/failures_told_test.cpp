#include "weir/routing/failures_told.hpp"

#include <gtest/gtest.h>

namespace weir::routing {
namespace {

using namespace std::chrono_literals;

TEST(FailuresTold, EachKindIsDueOnceAMinute) {
  FailuresTold told;
  const BootTime start{};
  EXPECT_TRUE(told.is_due(ErrorKind::tls_failed, start));
  EXPECT_FALSE(told.is_due(ErrorKind::tls_failed, start + 59s));
  EXPECT_TRUE(told.is_due(ErrorKind::dns_failed, start + 59s));
  EXPECT_TRUE(told.is_due(ErrorKind::tls_failed, start + 60s));
  EXPECT_FALSE(told.is_due(ErrorKind::tls_failed, start + 61s));
  EXPECT_TRUE(told.is_due(ErrorKind::internal, start + 61s));
}

}  // namespace
}  // namespace weir::routing
