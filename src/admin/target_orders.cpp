#include "admin/target_orders.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "admin/body.hpp"
#include "weir/base/log.hpp"
#include "weir/base/text.hpp"
#include "weir/http/target.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/wire/names.hpp"

namespace weir::admin {
namespace {

using gateway::AdminAnswer;
using Targets = std::vector<const routing::Target*>;

constexpr std::string_view kDone = R"({"done":true})";
constexpr std::size_t kLongestEcho = 64;  // of a name in the body

Error not_found(std::string message) {
  return {ErrorKind::model_not_found, std::move(message)};
}

// Takes the first segment off a path, unescaped.
std::string take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(segment.size() + 1, path.size()));
  return http::unescape(segment);
}

// "*" stands for all keys, and for all models.
Result<Targets> targets_of(const routing::Catalogue& catalogue, const std::string& provider,
                           const std::string& key, const std::string& model) {
  Targets found;
  bool has_provider = false;
  bool has_key = false;
  for (const routing::Target& target : catalogue.targets()) {
    if (target.provider->name != provider) continue;
    has_provider = true;
    if (key != "*" && target.key->label != key) continue;
    has_key = true;
    if (model == "*" || target.model->name == model) found.push_back(&target);
  }
  if (!found.empty()) return found;
  if (!has_provider) return not_found("no provider \"" + provider + "\" is in use");
  if (!has_key) return not_found(provider + " has no key named \"" + key + "\"");
  return not_found(provider + " has no model \"" + model + "\"");
}

struct Correction {
  std::string window;
  std::uint64_t used = 0;
};

Result<std::vector<Correction>> read_corrections(std::string_view body) {
  constexpr std::size_t kLargestBody = 16U << 10U;
  constexpr std::string_view kWanted = "send what has been used so far of each window, like {\"rpd\": 200}";
  const auto members = read_members(body, kLargestBody, kWanted);
  if (!members) return members.error();
  std::vector<Correction> corrections;
  for (const wire::Member& member : *members) {
    const auto used = wire::whole_number(member.value.of(body));
    if (!used)
      return Error{ErrorKind::invalid_request,
                   "what has been used must be a whole number; " + std::string(kWanted)};
    corrections.push_back({.window = std::string(member.name), .used = *used});
  }
  return corrections;
}

// Of what has been used can be said.
std::vector<std::string> window_names(const Targets& targets, Instant now) {
  std::vector<std::string> names;
  for (const routing::Target* const target : targets) {
    for (const quota::MeterView& view : target->pool.view(now)) {
      std::string name = quota::short_name(view.limit);
      const bool can_be_said = view.limit.dimension != quota::Dimension::in_flight;
      if (can_be_said && std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
  }
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

// What has been used is a matter of one account: "*" may stand for its keys, not for several accounts.
Result<void> check_one_account(const Targets& targets) {
  std::vector<std::string> labels;
  bool several = false;
  for (const routing::Target* const target : targets) {
    several = several || target->key->account != targets.front()->key->account;
    if (std::ranges::find(labels, target->key->label) == labels.end()) labels.push_back(target->key->label);
  }
  if (!several) return {};
  return Error{ErrorKind::invalid_request,
               "these keys are of several accounts, name one of them: " + joined(labels)};
}

// All of it or nothing: a window that none of the targets has is looked for before any is corrected.
Result<std::string> correct(const Targets& targets, std::string_view body, Instant now) {
  const auto corrections = read_corrections(body);
  if (!corrections) return corrections.error();
  if (auto one = check_one_account(targets); !one) return std::move(one).error();
  const std::vector<std::string> names = window_names(targets, now);
  for (const Correction& correction : *corrections)
    if (std::ranges::find(names, correction.window) == names.end())
      return not_found("there is no window \"" + correction.window.substr(0, kLongestEcho) +
                       "\" here; there are: " + joined(names));
  std::vector<const providers::Model*> corrected;  // once, however many keys its account has
  for (const routing::Target* const target : targets) {
    if (std::ranges::find(corrected, target->model) != corrected.end()) continue;
    corrected.push_back(target->model);
    for (const Correction& correction : *corrections)
      (void)target->pool.correct(correction.window, correction.used, now);
  }
  log::info("quota_corrected", {{"target", targets.front()->name()}, {"targets", targets.size()}});
  return std::string(kDone);
}

// {"enabled": false}
Result<bool> read_enabled(std::string_view body) {
  constexpr std::size_t kLargestBody = 1024;
  constexpr std::string_view kWanted = "send {\"enabled\": false} or {\"enabled\": true}";
  const auto members = read_members(body, kLargestBody, kWanted);
  if (!members) return members.error();
  const std::string_view value = value_of(body, *members, "enabled");
  if (members->size() == 1 && (value == "true" || value == "false")) return value == "true";
  return Error{ErrorKind::invalid_request, std::string(kWanted)};
}

// Once for each key, whatever its models.
void switch_keys(const Targets& targets, bool enabled, quota::RoomListener& room, Instant now) {
  const providers::Key* last = nullptr;
  for (const routing::Target* const target : targets) {
    if (target->off != nullptr) target->off->store(!enabled);
    if (std::exchange(last, target->key) == target->key) continue;
    log::info(enabled ? "key_enabled" : "key_disabled",
              {{"provider", target->provider->name}, {"key", target->key->label}});
  }
  for (const routing::Target* const target : targets) room.room_changed(target->pool.account(), now);
}

}  // namespace

AdminAnswer answer_quota_of(const transport::Request& request, std::string_view path,
                            const gateway::AdminContext& context, Instant now) {
  const std::string provider = take_segment(path);
  const std::string key = take_segment(path);
  const std::string model = http::unescape(path);
  const auto targets = targets_of(context.catalogue, provider, key, model);
  if (!targets) return {targets.error(), {}};
  if (request.head->method == "PUT") return {correct(*targets, request.body_text(), now), {}};
  if (request.head->method == "DELETE") {
    for (const routing::Target* const target : *targets) target->pool.forget(now);
    log::info("quota_forgotten", {{"target", targets->front()->name()}, {"targets", targets->size()}});
    return {std::string(kDone), {}};
  }
  return {Error{ErrorKind::method_not_allowed, "use PUT or DELETE here"}, "PUT, DELETE"};
}

AdminAnswer answer_cooldowns(const transport::Request& request, std::string_view path,
                             const gateway::AdminContext& context, Instant now) {
  if (request.head->method != "DELETE")
    return {Error{ErrorKind::method_not_allowed, "use DELETE here"}, "DELETE"};
  const std::string provider = take_segment(path);
  const std::string key = take_segment(path);
  if (!path.empty()) return {not_found("nothing is behind the key here; name a model by ?model="), {}};
  const std::string model = http::query_value(request.head->target, "model").value_or("*");
  const auto targets = targets_of(context.catalogue, provider, key, model);
  if (!targets) return {targets.error(), {}};
  for (const routing::Target* const target : *targets) target->pool.end_cooldowns(now);
  log::info("cooldowns_ended", {{"target", targets->front()->name()}, {"targets", targets->size()}});
  return {std::string(kDone), {}};
}

AdminAnswer answer_keys(const transport::Request& request, std::string_view path,
                        const gateway::AdminContext& context, Instant now) {
  if (request.head->method != "PATCH")
    return {Error{ErrorKind::method_not_allowed, "use PATCH here"}, "PATCH"};
  const std::string provider = take_segment(path);
  const std::string key = take_segment(path);
  if (!path.empty())
    return {not_found("nothing is behind the key here: a key is switched with all its models"), {}};
  const auto targets = targets_of(context.catalogue, provider, key, "*");
  if (!targets) return {targets.error(), {}};
  const auto enabled = read_enabled(request.body_text());
  if (!enabled) return {enabled.error(), {}};
  switch_keys(*targets, *enabled, context.room, now);
  return {std::string(kDone), {}};
}

}  // namespace weir::admin
