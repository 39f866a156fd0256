#pragma once

#include <memory>
#include <span>
#include <vector>

#include "quota_fixture.hpp"
#include "weir/quota/intent_log.hpp"
#include "weir/quota/state.hpp"

namespace weir::quota::test {

// A ledger that writes into memory which survives it, as a mapped file does.
class Restart : public QuotaTest {
 protected:
  Restart() { begin_run(); }

  [[nodiscard]] Pool bind_to(Ledger& ledger, const Limits& limits, std::string_view model = "model",
                             const ChargeRule& charge = {}) {
    return ledger.bind("account", model, {}, limits, charge);
  }
  // Everything is folded into states, as the store's writer does from time to time.
  void fold() {
    states_.resize(run_->accounts());
    for (std::size_t i = 0; i < states_.size(); ++i) (void)run_->save(i, true, states_[i]);
  }
  // The process is killed: only states and the log are left. The next run restores them.
  void kill(bool same_boot = true) {
    const std::vector<NumberedRecord> records = read_intent_log(memory(), epoch_);
    run_->journal_to(nullptr);  // what the test still holds of it ends unheard
    auto next = std::make_unique<Ledger>();
    next->restore(states_, records, same_boot, now());
    run_ = std::move(next);
    ++epoch_;
    log_ = std::make_unique<IntentLog>(memory(), epoch_);
    run_->journal_to(log_.get());
  }
  [[nodiscard]] std::span<std::byte> memory() { return std::as_writable_bytes(std::span(memory_)); }

  std::unique_ptr<Ledger> run_;
  std::vector<AccountState> states_;

 private:
  void begin_run() {
    run_ = std::make_unique<Ledger>();
    log_ = std::make_unique<IntentLog>(memory(), epoch_);
    run_->journal_to(log_.get());
  }

  std::vector<std::uint64_t> memory_ = std::vector<std::uint64_t>(8 * 1024);
  std::uint32_t epoch_ = 1;
  std::unique_ptr<IntentLog> log_;
};

}  // namespace weir::quota::test
