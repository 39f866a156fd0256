#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/routing/calibrations.hpp"
#include "weir/store/store.hpp"
#include "weir/telemetry/history.hpp"

namespace weir::app {

// What outlives the process beside the counts: what each model's answers taught of tokens, and the series of
// the last day. Threads: any.
class KeptNotes final : public store::Notes {
 public:
  explicit KeptNotes(routing::Calibrations& calibrations) : calibrations_(calibrations) {}

  // The history of this run; what an earlier one left has been read by then. Until it is let go of it is
  // saved.
  void keep(telemetry::History& history) {
    const std::lock_guard lock(mutex_);
    history_ = &history;
    if (earlier_) (void)history.restore(*std::exchange(earlier_, std::nullopt));
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    history_ = nullptr;
  }

  std::vector<std::pair<std::string, std::string>> take(bool all) override {
    auto notes = calibrations_.take(all);
    for (auto& [name, text] : notes) name.insert(0, kTokens);
    const std::lock_guard lock(mutex_);
    if (history_ == nullptr) return notes;
    const std::uint64_t requests = history_->ended_requests();
    if (requests == saved_requests_ && !all) return notes;
    saved_requests_ = requests;
    notes.emplace_back(kHistory, history_->save());
    return notes;
  }
  void restore(std::string_view name, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    if (name.starts_with(kTokens)) calibrations_.restore(name.substr(kTokens.size()), text);
    if (name == kHistory) earlier_ = text;
  }

 private:
  static constexpr std::string_view kTokens = "tokens/";
  static constexpr std::string_view kHistory = "history";

  routing::Calibrations& calibrations_;
  std::mutex mutex_;  // guards what follows
  telemetry::History* history_ = nullptr;
  std::optional<std::string> earlier_;  // of an earlier run
  std::uint64_t saved_requests_ = 0;
};

}  // namespace weir::app
