#include "weir/telemetry/telemetry.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "weir/base/error.hpp"

namespace weir::telemetry {
namespace {

std::uint64_t nanoseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count(), 0));
}

// Made once and published; its thread alone makes it.
template <class T>
T& made_in(std::atomic<T*>& place) {
  T* made = place.load(std::memory_order_relaxed);
  if (made == nullptr) {
    made = std::make_unique<T>().release();
    place.store(made, std::memory_order_release);
  }
  return *made;
}

bool is_refusal(AttemptClass what) {
  return what == AttemptClass::rate_limited || what == AttemptClass::quota;
}

}  // namespace

void TargetCounters::add(const TargetCounters& other) noexcept {
  add_all(attempts, other.attempts);
  for (std::size_t i = 0; i < kAttemptClasses; ++i) operation[i].add(other.operation[i]);
  first_chunk.add(other.first_chunk);
  input.add(other.input);
  output.add(other.output);
  estimate.add(other.estimate);
}

void GeneralCounters::add(const GeneralCounters& other) noexcept {
  for (std::size_t i = 0; i < kRoutes; ++i) {
    add_all(requests[i], other.requests[i]);
    duration[i].add(other.duration[i]);
  }
  add_all(unanswered, other.unanswered);
  queued.add(other.queued);
  overhead.add(other.overhead);
  chats.add(other.chats);
  good.add(other.good);
  failed.add(other.failed);
  cancelled.add(other.cancelled);
  attempts.add(other.attempts);
  refused_by_providers.add(other.refused_by_providers);
  failovers.add(other.failovers);
  prompt_tokens.add(other.prompt_tokens);
  completion_tokens.add(other.completion_tokens);
  add_all(first_byte, other.first_byte);
  add_all(plain, other.plain);
}

struct Telemetry::Lane {
  ~Lane() {
    for (auto& place : targets)
      std::unique_ptr<TargetCounters>(place.load(std::memory_order_relaxed)).reset();
    for (auto& place : failovers)
      std::unique_ptr<FailoverCounters>(place.load(std::memory_order_relaxed)).reset();
  }

  GeneralCounters general;
  std::array<std::atomic<TargetCounters*>, kMaxTargets> targets{};
  std::array<std::atomic<FailoverCounters*>, kMaxProviders> failovers{};  // by the provider that failed
  std::array<std::atomic<std::uint32_t>, kMaxTargets> provider_of{};      // the target's provider's number
  LiveRequests live;
};

Telemetry::Telemetry(std::size_t lanes) {
  for (std::size_t i = 0; i < std::max<std::size_t>(lanes, 1); ++i)
    lanes_.push_back(std::make_unique<Lane>());
  targets_.push_back({.provider = "other", .model = "other", .provider_number = 0});
  providers_.emplace_back("other");
}

Telemetry::~Telemetry() = default;

std::uint32_t Telemetry::provider_number_of(std::string_view provider) {
  const auto known = std::ranges::find(providers_, provider);
  if (known != providers_.end()) return static_cast<std::uint32_t>(known - providers_.begin());
  if (providers_.size() == kMaxProviders) return 0;
  providers_.emplace_back(provider);
  return static_cast<std::uint32_t>(providers_.size() - 1);
}

std::uint32_t Telemetry::number_of(std::string_view provider, std::string_view model) {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find_if(
      targets_, [&](const TargetName& name) { return name.provider == provider && name.model == model; });
  if (known != targets_.end()) return static_cast<std::uint32_t>(known - targets_.begin());
  if (targets_.size() == kMaxTargets) return 0;
  const std::uint32_t of_provider = provider_number_of(provider);
  targets_.push_back(
      {.provider = std::string(provider), .model = std::string(model), .provider_number = of_provider});
  const std::size_t number = targets_.size() - 1;
  for (const auto& lane : lanes_) lane->provider_of[number].store(of_provider, std::memory_order_relaxed);
  return static_cast<std::uint32_t>(number);
}

LiveRequests& Telemetry::live(std::size_t lane) {
  return lanes_[lane]->live;
}

void Telemetry::count_rejected(std::size_t lane, Route route, int status) {
  const auto place = static_cast<std::size_t>(std::clamp(status - 100, 0, static_cast<int>(kStatuses) - 1));
  lanes_[lane]->general.requests[static_cast<std::size_t>(route)][place].add();
}

void Telemetry::count(std::size_t number, const RequestRecord& record) {
  Lane& lane = *lanes_[number];
  GeneralCounters& general = lane.general;
  const auto route = static_cast<std::size_t>(record.route);
  const bool has_left =
      record.error == "cancelled" && record.status == traits(ErrorKind::cancelled).http_status;
  if (record.status == 0 || has_left)
    general.unanswered[route].add();
  else
    count_rejected(number, record.route, record.status);
  general.duration[route].observe(nanoseconds(record.took));
  if (record.route != Route::chat) return;
  general.chats.add();
  if (record.is_good())
    general.good.add();
  else if (record.error == "cancelled")
    general.cancelled.add();
  else
    general.failed.add();
  general.queued.observe(nanoseconds(record.queued));
  general.overhead.observe(nanoseconds(record.overhead));
  if (record.first_byte > Duration::zero() && record.status < 400)
    (record.stream ? general.first_byte : general.plain)[fine_bucket(nanoseconds(record.first_byte))].add();
  general.prompt_tokens.add(record.prompt_tokens.value_or(0));
  general.completion_tokens.add(record.completion_tokens.value_or(0));
  general.attempts.add(record.attempts.size());
  count_attempts(lane, record);
}

void Telemetry::count_attempts(Lane& lane, const RequestRecord& record) {
  const AttemptRecord* before = nullptr;
  for (const AttemptRecord& attempt : record.attempts) {
    const bool is_last = &attempt == &record.attempts.back();
    const auto what = static_cast<std::size_t>(attempt.what);
    TargetCounters& target = made_in(lane.targets[attempt.series % kMaxTargets]);
    target.attempts[what].add();
    // What served goes on until all of it has been delivered.
    const bool served = is_last && attempt.what == AttemptClass::ok;
    target.operation[what].observe(nanoseconds(served ? record.took - attempt.after : attempt.took));
    if (is_refusal(attempt.what)) lane.general.refused_by_providers.add();
    if (before != nullptr && before->target != attempt.target) count_failover(lane, *before, attempt);
    before = &attempt;
    if (!served) continue;
    if (record.stream) target.first_chunk.observe(nanoseconds(attempt.took));
    if (record.prompt_tokens) target.input.observe(*record.prompt_tokens);
    if (record.completion_tokens) target.output.observe(*record.completion_tokens);
    if (record.usage_told && record.prompt_tokens && record.estimated_prompt > 0)
      target.estimate.observe(*record.prompt_tokens * Ratio::kUnit / record.estimated_prompt);
  }
}

void Telemetry::count_failover(Lane& lane, const AttemptRecord& from, const AttemptRecord& to) {
  lane.general.failovers.add();
  const auto provider = [&](const AttemptRecord& attempt) {
    return lane.provider_of[attempt.series % kMaxTargets].load(std::memory_order_relaxed);
  };
  FailoverCounters& counters = made_in(lane.failovers[provider(from)]);
  counters[provider(to)][static_cast<std::size_t>(from.what)].add();
}

std::vector<LiveView> Telemetry::under_way(Instant now) const {
  std::vector<LiveView> views;
  for (const auto& lane : lanes_) lane->live.append_to(views, now);
  std::ranges::stable_sort(views, {}, &LiveView::at);
  return views;
}

std::size_t Telemetry::in_flight() const {
  std::size_t count = 0;
  for (const auto& lane : lanes_) count += lane->live.count();
  return count;
}

void Telemetry::add_up(GeneralCounters& sums) const {
  for (const auto& lane : lanes_) sums.add(lane->general);
}

void Telemetry::for_targets(
    const std::function<void(const TargetName&, const TargetCounters&)>& visit) const {
  std::vector<TargetName> names;
  {
    const std::lock_guard lock(mutex_);
    names = targets_;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    TargetCounters sums;
    bool counted = false;
    for (const auto& lane : lanes_) {
      const TargetCounters* const counters = lane->targets[i].load(std::memory_order_acquire);
      if (counters == nullptr) continue;
      sums.add(*counters);
      counted = true;
    }
    if (counted) visit(names[i], sums);
  }
}

std::vector<Telemetry::Failover> Telemetry::failovers() const {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    names = providers_;
  }
  std::vector<Failover> all;
  for (std::size_t from = 0; from < names.size(); ++from) {
    FailoverCounters sums;
    for (const auto& lane : lanes_)
      if (const auto* const counters = lane->failovers[from].load(std::memory_order_acquire))
        for (std::size_t to = 0; to < kMaxProviders; ++to) add_all(sums[to], (*counters)[to]);
    for (std::size_t to = 0; to < names.size(); ++to)
      for (std::size_t why = 0; why < kAttemptClasses; ++why)
        if (const std::uint64_t count = sums[to][why].value(); count > 0)
          all.push_back({names[from], names[to], static_cast<AttemptClass>(why), count});
  }
  return all;
}

}  // namespace weir::telemetry
