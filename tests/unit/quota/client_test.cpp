// The limits of a client's key, beside those of what it asks.

#include "quota_fixture.hpp"

namespace weir::quota::test {
namespace {

class ClientLimits : public QuotaTest {
 protected:
  [[nodiscard]] Terms terms(const Cost& cost = {}) const {
    return {.day = {}, .client = &client_, .client_cost = cost};
  }
  [[nodiscard]] Reservation taken(const Cost& cost, const Terms& terms) {
    auto outcome = target_.reserve(cost, now(), terms);
    if (auto* const reservation = std::get_if<Reservation>(&outcome)) return std::move(*reservation);
    ADD_FAILURE() << "refused";
    return {};
  }

  Pool target_ = ledger_.bind("account", "model", {}, Limits{rpm(5), tpm(1000)}, {});
  Pool client_ = ledger_.bind("client laptop", "", Limits{rpm(2), tpm(500)}, {}, {});
};

TEST_F(ClientLimits, BothAreTakenOrNeither) {
  Reservation first = taken({}, terms());
  Reservation second = taken({}, terms());
  EXPECT_FALSE(target_.headroom({}, now(), terms()));
  const auto refused = target_.reserve({}, now(), terms());
  ASSERT_TRUE(std::holds_alternative<Refusal>(refused));
  EXPECT_TRUE(std::get<Refusal>(refused).of_client);
  EXPECT_EQ(std::get<Refusal>(refused).limit, "rpm");
  EXPECT_EQ(view(target_, "rpm").reserved, 2U);
  EXPECT_TRUE(target_.headroom({}, now())) << "others have room";
}

TEST_F(ClientLimits, TheLaterOfBothMomentsIsTold) {
  taken({}, terms()).settle({}, now());
  pass(seconds(10));
  taken({}, terms()).settle({}, now());
  EXPECT_EQ(target_.refusal({}, now(), terms())->available_at, now().boot + kMinuteHeld - seconds(10));
  EXPECT_EQ(target_.available_behind({.requests = 0}, {}, now(), terms()),
            now().boot + kMinuteHeld - seconds(10));
  for (int i = 0; i < 3; ++i) serve(target_);  // the target's last are free a while after the client's
  const auto refused = target_.refusal({.requests = 3}, now(), terms());
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->of_client);
}

TEST_F(ClientLimits, EachIsChargedInItsOwnWay) {
  const Cost admitted{.requests = 1, .tokens = 900, .input_tokens = 100, .output_tokens = 800};
  const Cost expected{.requests = 1, .tokens = 200, .input_tokens = 100, .output_tokens = 100};
  Reservation reservation = taken(admitted, terms(expected));
  EXPECT_EQ(view(client_, "tpm").reserved, 200U);
  reservation.send(now());
  reservation.settle(admitted, {.requests = 1, .tokens = 150}, now());
  EXPECT_EQ(view(target_, "tpm").used, 900U);
  EXPECT_EQ(view(client_, "tpm").used, 150U);
}

TEST_F(ClientLimits, AClientPaysForWhatItWasServed) {
  const Cost cost = tokens(100);
  Reservation refused = taken(cost, terms(cost));
  refused.send(now());
  refused.refuse(now());
  Reservation lost = taken(cost, terms(cost));
  lost.send(now());
  lost.keep(now());
  Reservation out_of_quota = taken(cost, terms(cost));
  out_of_quota.refuse_for_quota({}, now());
  EXPECT_EQ(view(client_, "rpm").used, 0U);
  EXPECT_EQ(view(client_, "tpm").used, 0U);
  EXPECT_EQ(view(target_, "tpm").used, 100U) << "of the one whose outcome nobody knows";
}

TEST_F(ClientLimits, ACooldownOfTheTargetIsNotTheClients) {
  target_.cool_down_model({.cause = CooldownCause::rate_limited, .until = now().boot + seconds(30)}, now());
  const auto refused = target_.refusal({}, now(), terms());
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->of_client);
  EXPECT_FALSE(client_.refusal({}, now()));
}

}  // namespace
}  // namespace weir::quota::test
