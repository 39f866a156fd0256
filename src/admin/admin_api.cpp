#include "weir/admin/admin_api.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "admin/body.hpp"
#include "admin/explain.hpp"
#include "admin/quota_report.hpp"
#include "weir/base/log.hpp"
#include "weir/base/text.hpp"
#include "weir/http/credentials.hpp"
#include "weir/http/target.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/wire/names.hpp"

namespace weir::admin {
namespace {

using gateway::AdminAnswer;
using Targets = std::vector<const routing::Target*>;

constexpr std::string_view kQuota = "/admin/v1/quota";
constexpr std::string_view kCooldowns = "/admin/v1/cooldowns";
constexpr std::string_view kExplain = "/admin/v1/explain";
constexpr std::string_view kDone = R"({"done":true})";
constexpr std::size_t kLongestEcho = 64;  // of a name in the body

bool is_on_this_machine(std::string_view peer) {
  return peer == "::1" || peer.starts_with("127.") || peer.starts_with("::ffff:127.");
}

// A proxy on this machine would make everybody look local.
bool came_through_a_proxy(const http::Fields& fields) {
  constexpr std::array kMarks{"forwarded",         "x-forwarded-for", "x-forwarded-host",
                              "x-forwarded-proto", "x-real-ip",       "via"};
  return std::ranges::any_of(kMarks, [&](const char* mark) { return fields.find(mark).has_value(); });
}

// Pages that server.cors_origins lets use the models are not thereby let in here.
bool comes_from_another_page(const http::Fields& fields) {
  const auto origin = fields.find("origin");
  return origin && !origin->ends_with("://" + std::string(fields.get("host")));
}

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

AdminAnswer answer_quota_of(const transport::Request& request, std::string_view path,
                            const routing::Catalogue& catalogue, Instant now) {
  const std::string provider = take_segment(path);
  const std::string key = take_segment(path);
  const std::string model = http::unescape(path);
  const auto targets = targets_of(catalogue, provider, key, model);
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
                             const routing::Catalogue& catalogue, Instant now) {
  if (request.head->method != "DELETE")
    return {Error{ErrorKind::method_not_allowed, "use DELETE here"}, "DELETE"};
  const std::string provider = take_segment(path);
  const std::string key = take_segment(path);
  const std::string model = http::query_value(request.head->target, "model").value_or("*");
  const auto targets = targets_of(catalogue, provider, key, model);
  if (!targets) return {targets.error(), {}};
  for (const routing::Target* const target : *targets) target->pool.end_cooldowns(now);
  log::info("cooldowns_ended", {{"target", targets->front()->name()}, {"targets", targets->size()}});
  return {std::string(kDone), {}};
}

}  // namespace

void AdminApi::configure(std::optional<Sha256> key) {
  const std::lock_guard lock(mutex_);
  key_ = key;
}

Result<void> AdminApi::admit(const transport::Request& request) const {
  const http::Fields& fields = request.head->fields;
  const std::lock_guard lock(mutex_);
  if (!key_) {
    if (is_on_this_machine(request.peer) && !came_through_a_proxy(fields) && !comes_from_another_page(fields))
      return {};
    return Error{ErrorKind::forbidden,
                 "without admin.key only clients on this machine are served here; configure one"};
  }
  const std::string_view shown = http::credential(fields);
  if (shown.empty())
    return Error{ErrorKind::unauthorized, "send the admin key as \"Authorization: Bearer KEY\""};
  if (same_digest(*key_, sha256(shown))) return {};
  return Error{ErrorKind::unauthorized, "this is not the admin key"};
}

AdminAnswer AdminApi::answer(const transport::Request& request, const routing::Catalogue& catalogue,
                             const routing::RoutingConfig& routing, Instant now) {
  if (auto admitted = admit(request); !admitted) return {std::move(admitted).error(), {}};
  std::string_view path = request.head->path();
  if (path == kQuota) {
    if (request.head->method != "GET" && request.head->method != "HEAD")
      return {Error{ErrorKind::method_not_allowed, "use GET here"}, "GET, HEAD"};
    return {quota_report(catalogue, store_.health(), now), {}};
  }
  if (path == kExplain) {
    if (request.head->method != "POST")
      return {Error{ErrorKind::method_not_allowed, "use POST here"}, "POST"};
    return {explain(catalogue, routing, request.body_text(), now), {}};
  }
  for (const auto& [prefix, answer_there] :
       {std::pair(kQuota, &answer_quota_of), std::pair(kCooldowns, &answer_cooldowns)}) {
    if (!path.starts_with(prefix) || path.substr(prefix.size(), 1) != "/") continue;
    path.remove_prefix(prefix.size() + 1);
    return answer_there(request, path, catalogue, now);
  }
  return {Error{ErrorKind::unknown_url, "there is no " + request.head->method + " " + std::string(path) +
                                            "; this version has /admin/v1/quota, /admin/v1/cooldowns and "
                                            "/admin/v1/explain"},
          {}};
}

}  // namespace weir::admin
