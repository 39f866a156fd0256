#include "pretend/rungs.hpp"

#include <algorithm>

namespace weir::pretend {

std::uint64_t Rung::remaining(Instant now) const {
  return limit - std::min(limit, window->used(now));
}

void Rungs::add(Rung::Counts counts, std::string_view period, const WindowRule& rule) {
  if (rule.limit == 0) return;
  rungs_.push_back({counts, period, rule.limit, make_window(rule)});
}

std::vector<Rungs::Refused> Rungs::refused(std::uint64_t tokens, Instant now) const {
  std::vector<Refused> refused;
  for (const Rung& rung : rungs_) {
    const Duration wait = rung.window->wait(rung.counts == Rung::Counts::requests ? 1 : tokens, now);
    if (wait > Duration::zero()) refused.push_back({&rung, wait});
  }
  return refused;
}

void Rungs::take(std::uint64_t tokens, Instant now) {
  for (const Rung& rung : rungs_) rung.window->take(rung.counts == Rung::Counts::requests ? 1 : tokens, now);
}

void Rungs::take_tokens(std::uint64_t tokens, Instant now) {
  for (const Rung& rung : rungs_)
    if (rung.counts == Rung::Counts::tokens) rung.window->take(tokens, now);
}

}  // namespace weir::pretend
