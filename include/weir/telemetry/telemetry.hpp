#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "weir/telemetry/counters.hpp"
#include "weir/telemetry/live_requests.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/telemetry/request_ring.hpp"

namespace weir::telemetry {

inline constexpr std::size_t kMaxTargets = 2048;
inline constexpr std::size_t kMaxProviders = 64;
inline constexpr std::size_t kStatuses = 500;  // from 100 on

// What is counted of one target, a provider's model.
struct TargetCounters {
  std::array<Counter, kAttemptClasses> attempts;
  std::array<Histogram<OperationTime>, kAttemptClasses> operation;  // by what it came to
  Histogram<OperationTime> first_chunk;                             // of streams
  Histogram<TokenCount> input;
  Histogram<TokenCount> output;
  Histogram<Ratio> estimate;  // prompt tokens as told / as estimated

  void add(const TargetCounters& other) noexcept;
};

// From one provider to each other, by what the attempt there came to.
using FailoverCounters = std::array<std::array<Counter, kAttemptClasses>, kMaxProviders>;

// What is counted of all requests.
struct GeneralCounters {
  std::array<std::array<Counter, kStatuses>, kRoutes> requests;
  std::array<Counter, kRoutes> unanswered;  // the client left first
  std::array<Histogram<OperationTime>, kRoutes> duration;
  Histogram<OperationTime> queued;
  Histogram<OwnTime> overhead;
  // Of chat requests.
  Counter chats;
  Counter good;
  Counter failed;
  Counter cancelled;
  Counter attempts;
  Counter refused_by_providers;
  Counter failovers;
  Counter prompt_tokens;
  Counter completion_tokens;
  // Until the first content went out, of those that were served: of a plain answer that is its whole time.
  std::array<Counter, kFineBuckets> first_byte;  // streams
  std::array<Counter, kFineBuckets> plain;       // the others

  void add(const GeneralCounters& other) noexcept;
};

struct TargetName {
  std::string provider;
  std::string model;
  std::uint32_t provider_number = 0;
};

// The counters of all threads, the requests under way and those that ended last. A thread counts in its own
// lane; whoever reads adds up.
class Telemetry {
 public:
  explicit Telemetry(std::size_t lanes);
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  // The number under which a target is counted; the same one ever after. Above kMaxTargets, or kMaxProviders,
  // all share the number of "other". For start-up and reload; any thread.
  [[nodiscard]] std::uint32_t number_of(std::string_view provider, std::string_view model);

  // A request has ended. Its lane's thread. What a target is counted in is made when it is first counted.
  void count(std::size_t lane, const RequestRecord& record);
  // One that was refused by its head. Its lane's thread.
  void count_rejected(std::size_t lane, Route route, int status);
  // Where the lane's requests under way are.
  [[nodiscard]] LiveRequests& live(std::size_t lane);
  void keep(RequestRecord&& record) { ring_.put(std::move(record)); }

  // Any thread.
  [[nodiscard]] const RequestRing& ended() const noexcept { return ring_; }
  [[nodiscard]] std::vector<LiveView> under_way(Instant now) const;  // oldest first
  [[nodiscard]] std::size_t in_flight() const;
  void add_up(GeneralCounters& sums) const;
  // Each target that has been counted.
  void for_targets(const std::function<void(const TargetName&, const TargetCounters&)>& visit) const;
  struct Failover {
    std::string from;
    std::string to;
    AttemptClass why{};
    std::uint64_t count = 0;
  };
  [[nodiscard]] std::vector<Failover> failovers() const;

 private:
  struct Lane;

  [[nodiscard]] std::uint32_t provider_number_of(std::string_view provider);
  static void count_attempts(Lane& lane, const RequestRecord& record);
  static void count_failover(Lane& lane, const AttemptRecord& from, const AttemptRecord& to);

  std::vector<std::unique_ptr<Lane>> lanes_;
  RequestRing ring_;
  mutable std::mutex mutex_;  // guards the names
  std::vector<TargetName> targets_;
  std::vector<std::string> providers_;
};

}  // namespace weir::telemetry
