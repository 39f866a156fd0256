#include "admin/quota_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "admin/json_words.hpp"
#include "weir/base/units.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::admin {
namespace {

using nlohmann::ordered_json;

ordered_json block_json(const std::string& key, const quota::Cooldown& cooldown, Instant now) {
  ordered_json json;
  json["key"] = key;
  json["cause"] = quota::name(cooldown.cause);
  put_moment(json, "until", cooldown.until, now);
  json["remedy"] = word_or_null(quota::remedy(cooldown.cause));
  return json;
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
    const auto same = [&](const quota::Limit& limit) { return is_same_window(limit, view.limit); };
    if (std::ranges::any_of(shared_, same)) return;
    shared_.push_back(view.limit);
    json_["windows"].push_back(window_json(view, now));
  }

  ordered_json json_;
  std::vector<quota::Limit> shared_;
};

// Windows of which nobody has said anything are for providers: what no limit stands for is not limited here.
ordered_json client_json(const gateway::ClientWindows& client, Instant now) {
  ordered_json json;
  json["client"] = client.name;
  json["windows"] = ordered_json::array();
  for (const quota::MeterView& view : client.pool->view(now))
    if (view.limit.amount != quota::kUnknownAmount) json["windows"].push_back(window_json(view, now));
  return json;
}

}  // namespace

std::string quota_report(const gateway::AdminContext& context, const store::Health& health, Instant now) {
  std::vector<AccountReport> accounts;
  for (const routing::Target& target : context.catalogue.targets()) {
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
  json["clients"] = ordered_json::array();
  for (const gateway::ClientWindows& client : context.clients)
    json["clients"].push_back(client_json(client, now));
  return text_of(json);
}

}  // namespace weir::admin
