#include "sim/enforcer.hpp"

#include <algorithm>

#include "weir/base/text.hpp"

namespace weir::sim {
namespace {

using Kind = pretend::WindowRule::Kind;

bool applies(const quota::Limit& limit, const std::string& model) {
  return limit.models.empty() ||
         std::ranges::any_of(limit.models, [&](const auto& glob) { return matches_glob(glob, model); });
}

Kind kind_of(const quota::Limit& limit) {
  if (limit.dimension == quota::Dimension::in_flight) return Kind::in_flight;
  const bool is_month = limit.period.unit == quota::Period::Unit::month;
  switch (limit.window) {
    case quota::WindowKind::sliding:
      return Kind::sliding;
    case quota::WindowKind::fixed:
      return is_month ? Kind::month : Kind::aligned;
    case quota::WindowKind::first_use:
      return Kind::first_use;
    case quota::WindowKind::calendar:
      if (is_month) return Kind::month;
      return limit.period.unit == quota::Period::Unit::day ? Kind::day : Kind::aligned;
    case quota::WindowKind::refill:
      return Kind::refill;
    case quota::WindowKind::interval:
      // Tokens have no gap between them.
      return limit.dimension == quota::Dimension::requests ? Kind::interval : Kind::sliding;
    case quota::WindowKind::credit:
      return Kind::credit;
    case quota::WindowKind::concurrency:
      return Kind::in_flight;
  }
  return Kind::sliding;
}

pretend::WindowRule rule_of(const quota::Limit& limit) {
  pretend::WindowRule rule{.kind = kind_of(limit), .limit = limit.amount, .period = limit.period.length};
  if (rule.kind == Kind::day || rule.kind == Kind::month) {
    if (const auto zone = TimeZone::find(limit.zone)) rule.zone = *zone;
  }
  if (limit.expires) rule.ends = WallTime(*limit.expires);
  return rule;
}

quota::Dimension dimension_of(const quota::Limit& limit) {
  return limit.window == quota::WindowKind::concurrency ? quota::Dimension::in_flight : limit.dimension;
}

}  // namespace

Enforcer::Enforcer(const providers::Provider& provider, const Truth& truth)
    : provider_(provider), truth_(truth) {
  for (const quota::Limit& limit : truth.limits ? *truth.limits : provider.limits) add(limit);
  shared_ = counters_.size();
}

void Enforcer::add(const quota::Limit& limit) {
  if (limit.amount == quota::kUnknownAmount) return;
  counters_.push_back({limit, pretend::make_window(rule_of(limit))});
}

const std::vector<std::size_t>& Enforcer::of(const std::string& id) {
  const auto known = models_.find(id);
  if (known != models_.end()) return known->second;
  std::vector<std::size_t>& windows = models_[id];
  for (std::size_t i = 0; i < shared_; ++i)
    if (applies(counters_[i].limit, id)) windows.push_back(i);
  const auto model = std::ranges::find(provider_.models, id, &providers::Model::id);
  static const std::vector<quota::Limit> kNone;
  for (const quota::Limit& limit : truth_.model_limits               ? *truth_.model_limits
                                   : model != provider_.models.end() ? model->limits
                                                                     : kNone) {
    const std::size_t before = counters_.size();
    if (applies(limit, id)) add(limit);
    if (counters_.size() > before) windows.push_back(before);
  }
  return windows;
}

std::optional<Enforcer::Refused> Enforcer::admit(const std::string& model, const quota::Cost& cost,
                                                 Instant now, Ticket& ticket) {
  const Instant here = there(now);
  std::optional<Refused> refused;
  for (const std::size_t i : of(model)) {
    Counter& counter = counters_[i];
    const Duration wait = counter.window->wait(cost.of(dimension_of(counter.limit)), here);
    if (wait > Duration::zero() && (!refused || wait > refused->wait))
      refused = Refused{.limit = &counter.limit, .wait = wait};
  }
  if (refused && !charge().failures_count) return refused;
  ticket.taken = here;
  ticket.charges.clear();
  for (const std::size_t i : of(model)) {
    Counter& counter = counters_[i];
    const quota::Dimension dimension = dimension_of(counter.limit);
    if (refused && dimension != quota::Dimension::requests) continue;
    const std::uint64_t part = cost.of(dimension);
    counter.window->take(part, here);
    ticket.charges.emplace_back(i, part);
  }
  return refused;
}

Duration Enforcer::wait(const std::string& model, const quota::Cost& cost, Instant now) {
  Duration longest = Duration::zero();
  for (const std::size_t i : of(model)) {
    Counter& counter = counters_[i];
    longest = std::max(longest, counter.window->wait(cost.of(dimension_of(counter.limit)), there(now)));
  }
  return longest;
}

double Enforcer::fullness(const std::string& model, Instant now) {
  double most = 0;
  for (const std::size_t i : of(model)) {
    const Counter& counter = counters_[i];
    const auto used = static_cast<double>(counter.window->used(there(now)));
    most = std::max(most, used / static_cast<double>(std::max<std::uint64_t>(counter.limit.amount, 1)));
  }
  return most;
}

void Enforcer::finish(const Ticket& ticket, const quota::Cost& used, Instant now) {
  for (const auto& [index, charged] : ticket.charges) {
    const Counter& counter = counters_[index];
    const quota::Dimension dimension = dimension_of(counter.limit);
    const std::uint64_t stays = dimension == quota::Dimension::in_flight ? 0 : used.of(dimension);
    if (stays != charged) counter.window->settle(ticket.taken, charged, stays, there(now));
  }
}

std::vector<quota::Observation> Enforcer::heads(const std::string& model, Instant now) {
  std::vector<quota::Observation> said;
  for (const std::size_t i : of(model)) {
    const Counter& counter = counters_[i];
    const bool is_told = std::ranges::any_of(truth_.told, [&](const Truth::Told& told) {
      return told.first == counter.limit.dimension && told.second.length == counter.limit.period.length;
    });
    if (!is_told) continue;
    quota::Observation one;
    one.dimension = counter.limit.dimension;
    one.period = counter.limit.period;
    one.limit = counter.limit.amount;
    one.remaining = counter.limit.amount - std::min(counter.window->used(there(now)), counter.limit.amount);
    said.push_back(one);
  }
  return said;
}

}  // namespace weir::sim
