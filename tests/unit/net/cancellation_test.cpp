#include "weir/net/cancellation.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace weir::net {
namespace {

TEST(Cancellation, CallsWhatIsRegisteredNowAndOnce) {
  Cancellation cancellation;
  int calls = 0;
  const Cancellation::Registration registration(cancellation, [&calls] { ++calls; });
  EXPECT_FALSE(cancellation.requested());
  cancellation.request();
  cancellation.request();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(cancellation.requested());
}

TEST(Cancellation, CallsAtOnceWhoeverRegistersLater) {
  Cancellation cancellation;
  cancellation.request();
  int calls = 0;
  for (int i = 0; i < 3; ++i)
    const Cancellation::Registration registration(cancellation, [&calls] { ++calls; });
  EXPECT_EQ(calls, 3);
}

TEST(Cancellation, KnowsWhetherAnybodyStillListens) {
  using Reason = Cancellation::Reason;
  for (const bool client_first : {true, false}) {
    Cancellation cancellation;
    int calls = 0;
    const Cancellation::Registration registration(cancellation, [&calls] { ++calls; });
    cancellation.request(client_first ? Reason::client_gone : Reason::stopping);
    EXPECT_TRUE(cancellation.requested());
    EXPECT_EQ(cancellation.client_gone(), client_first);
    cancellation.request(client_first ? Reason::stopping : Reason::client_gone);
    EXPECT_TRUE(cancellation.client_gone());
    EXPECT_EQ(calls, 1);
  }
}

TEST(Cancellation, ForgetsARegistrationThatHasEnded) {
  Cancellation cancellation;
  int calls = 0;
  {
    const Cancellation::Registration registration(cancellation, [&calls] { ++calls; });
  }
  cancellation.request();
  EXPECT_EQ(calls, 0);
}

TEST(Cancellation, GivesTheOuterRegistrationBack) {
  Cancellation cancellation;
  std::string called;
  const Cancellation::Registration outer(cancellation, [&called] { called += "outer"; });
  {
    const Cancellation::Registration inner(cancellation, [&called] { called += "inner"; });
  }
  cancellation.request();
  EXPECT_EQ(called, "outer");
}

}  // namespace
}  // namespace weir::net
