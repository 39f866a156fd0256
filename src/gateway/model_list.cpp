#include "gateway/model_list.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "weir/base/json_text.hpp"
#include "weir/routing/planner.hpp"

namespace weir::gateway {
namespace {

using providers::Capability;

struct CapabilityName {
  Capability capability;
  std::string_view name;
};
constexpr std::array kCapabilityNames{
    CapabilityName{Capability::tools, "tools"},
    CapabilityName{Capability::images, "images"},
    CapabilityName{Capability::json_schema, "json_schema"},
    CapabilityName{Capability::reasoning, "reasoning"},
};

routing::Ask small_ask(const Snapshot& snapshot) {
  return {.needs = {.no_training = snapshot.routing.no_training}};
}

// "ready" where a small request would be taken now, "limited" where waiting helps, else "unavailable".
std::string_view state_of(const routing::Route& route, const routing::Ask& ask, Instant now) {
  const routing::NoRoom all = routing::survey(route, ask, now);
  const routing::Skip* const first = all.first_back();
  if (first == nullptr) return "unavailable";
  return first->available_at <= now.boot ? "ready" : "limited";
}

void append_capabilities(std::string& out, std::optional<unsigned> capabilities) {
  if (!capabilities) {
    out += "null";
    return;
  }
  out += '[';
  bool first = true;
  for (const auto& [capability, name] : kCapabilityNames) {
    if ((*capabilities & static_cast<unsigned>(capability)) == 0) continue;
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, name);
  }
  out += ']';
}

void append_entry(std::string& out, const routing::Catalogue::Listed& entry, const routing::Ask& ask,
                  Instant now, WallTime created) {
  std::uint64_t context = 0;
  unsigned capabilities = 0;
  bool known = false;
  for (const routing::Candidate& candidate : entry.route->candidates) {
    context = std::max(context, candidate.target->model->context);
    capabilities |= candidate.target->model->capabilities;
    known = known || candidate.target->model->capabilities_known;
  }
  out += "{\"id\":";
  append_json_string(out, entry.id);
  out += ",\"object\":\"model\",\"created\":";
  out += std::to_string(std::chrono::floor<std::chrono::seconds>(created.time_since_epoch()).count());
  out += ",\"owned_by\":";
  append_json_string(out, entry.owner);
  out += ",\"weir\":{\"state\":";
  append_json_string(out, state_of(*entry.route, ask, now));
  out += ",\"context\":" + (context == 0 ? "null" : std::to_string(context)) + ",\"capabilities\":";
  append_capabilities(out, known ? std::optional(capabilities) : std::nullopt);
  out += "}}";
}

}  // namespace

std::string model_list(const Snapshot& snapshot, const ClientKey* client, Instant now, WallTime created) {
  std::string out = "{\"object\":\"list\",\"data\":[";
  bool first = true;
  for (const auto& entry : snapshot.catalogue.listed()) {
    if (!may_use(client, entry.id)) continue;
    if (!std::exchange(first, false)) out += ',';
    append_entry(out, entry, small_ask(snapshot), now, created);
  }
  return out + "]}";
}

std::string model_card(const Snapshot& snapshot, const std::string& id, const routing::Route& route,
                       Instant now, WallTime created) {
  const auto listed = snapshot.catalogue.listed();
  const auto known = std::ranges::find(listed, id, &routing::Catalogue::Listed::id);
  const routing::Catalogue::Listed entry{
      .id = id, .owner = known != listed.end() ? known->owner : "weir", .route = &route};
  std::string out;
  append_entry(out, entry, small_ask(snapshot), now, created);
  return out;
}

}  // namespace weir::gateway
