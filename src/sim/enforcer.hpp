#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/pretend/windows.hpp"
#include "weir/providers/provider.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/quota/limit.hpp"
#include "weir/sim/scenario.hpp"

namespace weir::sim {

// The provider's side of one account: it lets in what its own windows hold, by its own clock.
class Enforcer {
 public:
  Enforcer(const providers::Provider& provider, const Truth& truth);

  // What was taken for one request.
  struct Ticket {
    Instant taken{};                                             // by the provider's clock
    std::vector<std::pair<std::size_t, std::uint64_t>> charges;  // window, cost
  };
  // Why not: the window that is open last. wait == Window::kNever: not by waiting.
  struct Refused {
    const quota::Limit* limit = nullptr;
    Duration wait{};
  };

  // Takes the cost and fills the ticket; or takes nothing, but where failures count.
  std::optional<Refused> admit(const std::string& model, const quota::Cost& cost, Instant now,
                               Ticket& ticket);
  // The same question without taking anything.
  [[nodiscard]] Duration wait(const std::string& model, const quota::Cost& cost, Instant now);
  // The largest share that is used of any of the model's windows.
  [[nodiscard]] double fullness(const std::string& model, Instant now);
  // The request has ended; this is what stays charged.
  void finish(const Ticket& ticket, const quota::Cost& used, Instant now);
  // What a head tells of those windows now.
  [[nodiscard]] std::vector<quota::Observation> heads(const std::string& model, Instant now);

  [[nodiscard]] const quota::ChargeRule& charge() const { return provider_.charge; }
  [[nodiscard]] const Truth& truth() const { return truth_; }

 private:
  struct Counter {
    quota::Limit limit;
    std::unique_ptr<pretend::Window> window;
  };
  // The windows that count a model: the account's and its own.
  [[nodiscard]] const std::vector<std::size_t>& of(const std::string& model);
  void add(const quota::Limit& limit);
  [[nodiscard]] Instant there(Instant now) const { return {now.boot, now.wall + truth_.clock_ahead}; }

  const providers::Provider& provider_;
  const Truth& truth_;
  std::vector<Counter> counters_;
  std::size_t shared_ = 0;  // so many of them are the account's
  std::map<std::string, std::vector<std::size_t>> models_;
};

}  // namespace weir::sim
