#include "admin/quota_report.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "weir/base/units.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::admin {
namespace {

using nlohmann::ordered_json;

double seconds(Duration duration) {
  return std::chrono::duration<double>(std::chrono::ceil<std::chrono::milliseconds>(duration)).count();
}

// A moment that has passed is now.
void put_moment(ordered_json& json, const std::string& name, std::optional<BootTime> at, Instant now) {
  if (!at || *at == BootTime::max()) {
    json[name] = nullptr;
    json[name + "_in_s"] = nullptr;
    return;
  }
  const BootTime when = std::max(*at, now.boot);
  json[name] = format_utc(now.wall_at(when));
  json[name + "_in_s"] = seconds(when - now.boot);
}

ordered_json window_json(const quota::MeterView& view, Instant now) {
  const bool known = view.limit.amount != quota::kUnknownAmount;
  ordered_json json;
  json["window"] = quota::short_name(view.limit);
  json["kind"] = quota::name(view.limit.window);
  if (!view.limit.models.empty()) json["models"] = view.limit.models;
  json["limit"] = known ? ordered_json(view.limit.amount) : ordered_json(nullptr);
  json["used"] = view.used;
  json["reserved"] = view.reserved;
  json["left"] = known ? ordered_json(view.left) : ordered_json(nullptr);
  put_moment(json, "reset", view.reset, now);
  json["source"] = known ? ordered_json(quota::name(view.limit.source)) : ordered_json(nullptr);
  json["as_of"] = view.limit.as_of.empty() ? ordered_json(nullptr) : ordered_json(view.limit.as_of);
  json["used_by_others"] = view.drift;
  return json;
}

ordered_json block_json(const std::string& key, const quota::Cooldown& cooldown, Instant now) {
  ordered_json json;
  json["key"] = key;
  json["cause"] = quota::name(cooldown.cause);
  put_moment(json, "until", cooldown.until, now);
  const std::string_view remedy = quota::remedy(cooldown.cause);
  json["remedy"] = remedy.empty() ? ordered_json(nullptr) : ordered_json(remedy);
  return json;
}

bool is_of_account(const quota::MeterView& view) {
  return view.scope == "account";
}

// The account's windows stand at every model that they count; here each once.
class AccountReport {
 public:
  explicit AccountReport(const routing::Target& first) {
    json_["provider"] = first.provider->name;
    json_["account"] = first.key->account;
    json_["keys"] = ordered_json::array();
    json_["windows"] = ordered_json::array();
    json_["models"] = ordered_json::array();
  }

  [[nodiscard]] bool is_of(const routing::Target& target) const {
    return json_["provider"] == target.provider->name && json_["account"] == target.key->account;
  }

  void add(const routing::Target& target, Instant now) {
    ordered_json& keys = json_["keys"];
    if (std::find(keys.begin(), keys.end(), target.key->label) == keys.end())
      keys.push_back(target.key->label);
    ordered_json& model = model_of(target, now);
    if (const auto cooldown = target.pool.cooldown(now))
      model["blocked"].push_back(block_json(target.key->label, *cooldown, now));
  }

  [[nodiscard]] ordered_json take() { return std::move(json_); }

 private:
  // The windows are those of all keys; what blocks it may be of one.
  ordered_json& model_of(const routing::Target& target, Instant now) {
    ordered_json& models = json_["models"];
    for (ordered_json& known : models)
      if (known["model"] == target.model->name) return known;
    ordered_json model;
    model["model"] = target.model->name;
    model["blocked"] = ordered_json::array();
    model["windows"] = ordered_json::array();
    for (const quota::MeterView& view : target.pool.view(now)) {
      if (is_of_account(view))
        add_shared(view, now);
      else
        model["windows"].push_back(window_json(view, now));
    }
    models.push_back(std::move(model));
    return models.back();
  }

  void add_shared(const quota::MeterView& view, Instant now) {
    const auto same = [&](const quota::Limit& limit) {
      return limit.dimension == view.limit.dimension && limit.period == view.limit.period &&
             limit.window == view.limit.window && limit.models == view.limit.models &&
             limit.zone == view.limit.zone && limit.expires == view.limit.expires;
    };
    if (std::ranges::any_of(shared_, same)) return;
    shared_.push_back(view.limit);
    json_["windows"].push_back(window_json(view, now));
  }

  ordered_json json_;
  std::vector<quota::Limit> shared_;
};

}  // namespace

std::string quota_report(const routing::Catalogue& catalogue, const store::Health& health, Instant now) {
  std::vector<AccountReport> accounts;
  for (const routing::Target& target : catalogue.targets()) {
    auto account = std::ranges::find_if(
        accounts, [&](const AccountReport& candidate) { return candidate.is_of(target); });
    if (account == accounts.end()) account = accounts.emplace(accounts.end(), target);
    account->add(target, now);
  }
  ordered_json json;
  json["as_of"] = format_utc(now.wall);
  json["state"] = {{"degraded", health.degraded},
                   {"reason", health.reason.empty() ? ordered_json(nullptr) : ordered_json(health.reason)}};
  json["accounts"] = ordered_json::array();
  for (AccountReport& account : accounts) json["accounts"].push_back(account.take());
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace weir::admin
