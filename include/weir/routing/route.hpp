#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/providers/provider.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/failures_told.hpp"
#include "weir/routing/peak_hours.hpp"
#include "weir/routing/speed.hpp"
#include "weir/routing/switches.hpp"
#include "weir/tokens/calibration.hpp"

// From the name a client asks for to the targets that may serve it. Immutable once built.
namespace weir::routing {

struct Memory;

// How a route weighs the targets that have room: by weight and headroom, by order alone, by weight alone,
// by measured speed.
enum class Strategy : std::uint8_t { headroom, priority, weighted, fastest };
[[nodiscard]] std::string_view name(Strategy strategy) noexcept;

// What waits longest last: an earlier class goes before a later one, within a class who came first.
enum class Priority : std::uint8_t { interactive, normal, batch };
inline constexpr std::size_t kPriorities = 3;
[[nodiscard]] std::string_view name(Priority priority) noexcept;
[[nodiscard]] std::optional<Priority> priority_named(std::string_view name) noexcept;
// What stays with its target while that one has room.
enum class Sticky : std::uint8_t { off, conversation };
[[nodiscard]] std::string_view name(Sticky sticky) noexcept;

struct RoutingConfig {
  std::uint32_t max_attempts = 3;
  Duration deadline = std::chrono::seconds(120);  // connecting and retrying, until an attempt is under way
  bool allow_paid = false;                        // `auto` and families may use models that cost
  Duration tier_patience = std::chrono::seconds(1);
  Priority default_class = Priority::normal;
  std::optional<Duration> queue_wait;  // the longest wait for room; nothing: the deadline
  std::size_t queue_length = 1000;     // how many may wait at once
  bool no_training = false;            // never a model that trains on prompts
  bool fit_max_tokens = true;          // lower one that no window could ever hold,
  std::uint64_t min_output = 1024;     // not below this
  Sticky sticky = Sticky::conversation;
  Duration sticky_ttl = std::chrono::minutes(10);  // since the conversation was served last
  quota::BreakerRule breaker;                      // of each target
  // By class. Whether it is spread over the day; the share of each day window that is kept from later
  // classes; whether it waits in peak hours.
  std::array<bool, kPriorities> spread{false, false, true};
  std::array<double, kPriorities> reserve{};
  std::array<bool, kPriorities> deferred{false, false, true};
  std::optional<PeakHours> peak;
};
// How much of a day window a class may take.
[[nodiscard]] quota::DayRule day_rule(const RoutingConfig& config, Priority priority) noexcept;
// The hours in which a class waits; null: none. Of the configuration.
[[nodiscard]] const PeakHours* peak_of(const RoutingConfig& config, Priority priority) noexcept;

// A route as the configuration says it.
struct TargetSpec {
  std::string provider;
  std::string model;
  std::optional<double> weight;  // else the model's own
  std::uint32_t tier = 1;
};

struct RouteSpec {
  std::string name;
  Strategy strategy = Strategy::headroom;
  std::vector<TargetSpec> targets;
};

// A model through one key of its provider: what an attempt is made on.
struct Target {
  const providers::Provider* provider = nullptr;
  const providers::Model* model = nullptr;
  const providers::Key* key = nullptr;
  quota::Pool pool;
  Speed* speed = nullptr;                   // null: nobody measures
  tokens::Calibration* counting = nullptr;  // null: estimates are taken as they are
  std::atomic<bool>* off = nullptr;         // its key is switched off; null: it never is
  std::uint64_t id = 0;  // the same after a reload, for the same model through the same key
  // Whether it was told of that the usage it says can't be; once is enough.
  std::shared_ptr<std::atomic<bool>> told_of_usage = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<FailuresTold> failures_told = std::make_shared<FailuresTold>();

  [[nodiscard]] std::string name() const { return provider->name + "/" + model->name; }
  [[nodiscard]] bool is_off() const noexcept {
    return off != nullptr && off->load(std::memory_order_relaxed);
  }
};

// A target's place in a route.
struct Candidate {
  const Target* target = nullptr;
  double weight = 1;
  std::uint32_t tier = 1;
  double weight_so_far = 1;  // of its tier, this one included
};

struct Route {
  std::string name;
  Strategy strategy = Strategy::headroom;
  std::vector<Candidate> candidates;  // tier by tier, in the order written
  std::vector<const Target*> costly;  // would belong to it, but cost what it may not spend
};

// Everything a client may ask for, bound to the ledger. Owns its providers; routes and targets point into it.
class Catalogue {
 public:
  struct Parts {
    std::vector<providers::Provider> providers;
    std::vector<RouteSpec> routes;
    std::map<std::string, std::string> aliases;
    bool allow_paid = false;
  };

  // What /v1/models lists: routes and aliases first, then provider/model; each name once.
  struct Listed {
    std::string id;
    std::string owner;  // the provider, or "weir" for a route or alias
    const Route* route = nullptr;
  };

  // `memory` outlives it.
  Catalogue(Parts parts, quota::Ledger& ledger, Memory* memory = nullptr);
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  // A route, an alias, provider/model, a family that presets share, or `auto`: in this order. Null: unknown.
  [[nodiscard]] const Route* find(std::string_view asked) const;
  // Up to three names like the one asked for.
  [[nodiscard]] std::vector<std::string> similar(std::string_view asked) const;

  [[nodiscard]] std::span<const Listed> listed() const { return listed_; }
  [[nodiscard]] std::span<const providers::Provider> providers() const { return parts_.providers; }
  // Every model of every provider through every key, provider by provider and key by key.
  [[nodiscard]] std::span<const Target> targets() const { return targets_; }
  [[nodiscard]] std::size_t model_count() const { return model_count_; }

 private:
  void bind_targets(quota::Ledger& ledger, Memory* memory);
  void add_configured_routes();
  void add_models();
  void add_families();
  void add_aliases();
  void list_models();
  // One candidate a key. Keys of one account share its room, so they share the weight too.
  void add_candidates(Route& route, const providers::Model& model, double weight, std::uint32_t tier) const;
  void add_costly(Route& route, const providers::Model& model) const;
  static void arrange(Route& route);
  Route& add_route(std::string name, Strategy strategy);

  Parts parts_;
  std::vector<Target> targets_;
  std::deque<Route> routes_;  // stable addresses
  std::map<std::string, const Route*, std::less<>> names_;
  std::vector<Listed> listed_;
  std::size_t model_count_ = 0;
};

}  // namespace weir::routing
