#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "support/fake_clock.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::quota::test {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

using Limits = std::vector<Limit>;

inline Limit make_limit(Dimension dimension, std::uint64_t amount, Period period,
                        WindowKind window = WindowKind::sliding) {
  Limit limit;
  limit.dimension = dimension;
  limit.amount = amount;
  limit.period = period;
  limit.window = window;
  return limit;
}
inline Limit rpm(std::uint64_t amount, WindowKind window = WindowKind::sliding) {
  return make_limit(Dimension::requests, amount, kMinutePeriod, window);
}
inline Limit rpd(std::uint64_t amount, WindowKind window = WindowKind::sliding) {
  return make_limit(Dimension::requests, amount, kDayPeriod, window);
}
inline Limit tpm(std::uint64_t amount, WindowKind window = WindowKind::sliding) {
  return make_limit(Dimension::tokens, amount, kMinutePeriod, window);
}
inline Limit concurrency(std::uint64_t amount) {
  return make_limit(Dimension::in_flight, amount, {}, WindowKind::concurrency);
}
inline Limit from(Source source, Limit limit) {
  limit.source = source;
  return limit;
}

inline Observation heard(Dimension dimension, Period period, std::uint64_t limit, std::uint64_t remaining) {
  Observation observation;
  observation.dimension = dimension;
  observation.period = period;
  observation.limit = limit;
  observation.remaining = remaining;
  return observation;
}

inline Cost tokens(std::uint64_t count) {
  return {.requests = 1, .tokens = count, .input_tokens = count, .output_tokens = 0};
}

// A minute's sliding slot is free again after this.
inline constexpr Duration kMinuteHeld = minutes(1) + milliseconds(50);

class QuotaTest : public ::testing::Test {
 protected:
  [[nodiscard]] Instant now() const { return clock_.now(); }
  void pass(Duration time) { clock_.advance(time); }

  [[nodiscard]] Pool bind(const Limits& model_limits, const ChargeRule& charge = {}) {
    return ledger_.bind("account", "model", {}, model_limits, charge);
  }

  [[nodiscard]] Reservation reserve(const Pool& pool, const Cost& cost = {}) const {
    auto outcome = pool.reserve(cost, now());
    if (auto* const taken = std::get_if<Reservation>(&outcome)) return std::move(*taken);
    ADD_FAILURE() << "refused by " << std::get<Refusal>(outcome).limit;
    return {};
  }
  [[nodiscard]] Reservation send(const Pool& pool, const Cost& cost = {}) const {
    Reservation taken = reserve(pool, cost);
    taken.send(now());
    return taken;
  }
  // Sent, served and charged as estimated.
  void serve(const Pool& pool, const Cost& cost = {}) const { send(pool, cost).settle(cost, now()); }

  [[nodiscard]] bool fits(const Pool& pool, const Cost& cost = {}) const {
    return !pool.refusal(cost, now());
  }
  [[nodiscard]] Refusal refusal(const Pool& pool, const Cost& cost = {}) const {
    const auto refused = pool.refusal(cost, now());
    if (!refused) ADD_FAILURE() << "it fits";
    return refused.value_or(Refusal{});
  }
  // How long the cost has to wait; zero where it fits.
  [[nodiscard]] Duration wait(const Pool& pool, const Cost& cost = {}) const {
    const auto refused = pool.refusal(cost, now());
    return refused ? refused->available_at - now().boot : Duration::zero();
  }
  [[nodiscard]] MeterView view(const Pool& pool, std::string_view name) const {
    for (const MeterView& view : pool.view(now()))
      if (short_name(view.limit) == name) return view;
    ADD_FAILURE() << "no meter " << name;
    return {};
  }

  weir::test::FakeClock clock_;
  Ledger ledger_;
};

}  // namespace weir::quota::test
