#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>
#include <yaml-cpp/stlemitter.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/addresses.hpp"
#include "config/day_reader.hpp"
#include "config/limits_reader.hpp"
#include "config/model_reader.hpp"
#include "weir/base/units.hpp"
#include "weir/config/config.hpp"

namespace weir::config {
namespace {

constexpr std::string_view kHidden = "***";

// A dollar would start a variable when the text is read again.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '$' ? "$$" : std::string(1, c);
  return out;
}

std::string number(double value) {
  std::array<char, 64> buffer{};
  const auto result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), result.ptr};
}

// As it was written: 7%, though 100 * 0.07 is a little more.
std::string percent(double share) {
  constexpr double kDigits = 1e9;
  return number(std::round(100 * share * kDigits) / kDigits) + "%";
}

std::string size(std::uint64_t bytes) {
  constexpr std::uint64_t kMebi = 1U << 20U;
  constexpr std::uint64_t kKibi = 1U << 10U;
  if (bytes % kMebi == 0) return std::to_string(bytes / kMebi) + "MiB";
  if (bytes % kKibi == 0) return std::to_string(bytes / kKibi) + "KiB";
  return std::to_string(bytes);
}

std::string date(std::chrono::sys_days day) {
  const std::chrono::year_month_day value(day);
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02u", static_cast<int>(value.year()),
                static_cast<unsigned>(value.month()), static_cast<unsigned>(value.day()));
  return out.data();
}

std::string period(const quota::Period& value) {
  if (value == quota::kMonthPeriod) return "month";
  if (value == quota::kDayPeriod) return "day";
  return format_duration(value.length);
}

// What stands behind its host is often a secret.
std::string webhook_shown(const AlertConfig& alerts) {
  if (!alerts.webhook) return {};
  providers::BaseUrl url = *alerts.webhook;
  if (!url.path.empty()) url.path = "/" + std::string(kHidden);
  return format_base_url(url);
}

// Writes what was read, in the words of the file.
class Printer {
 public:
  std::string print(const GatewayConfig& config) {
    out_ << YAML::BeginMap;
    print_server(config);
    print_clients(config);
    section("providers", config.providers.empty());
    for (const providers::Provider& provider : config.providers) print_provider(provider);
    out_ << YAML::EndMap;
    section("models", config.models.empty());
    for (const ModelRoute& route : config.models) print_route(route);
    out_ << YAML::EndMap;
    section("aliases", config.aliases.empty());
    for (const auto& [alias, target] : config.aliases) put(alias, target);
    out_ << YAML::EndMap;
    print_rest(config);
    out_ << YAML::EndMap;
    return std::string(out_.c_str()) + "\n";
  }

 private:
  // An empty one is written as {}.
  void section(std::string_view name, bool empty = false) {
    if (empty) return flow_section(name);
    out_ << YAML::Key << std::string(name) << YAML::Value << YAML::BeginMap;
  }

  void flow_section(std::string_view name) {
    out_ << YAML::Key << std::string(name) << YAML::Value << YAML::Flow << YAML::BeginMap;
  }

  void put(std::string_view key, std::string_view value) {
    out_ << YAML::Key << std::string(key) << YAML::Value << escaped(value);
  }
  void put(std::string_view key, const char* value) { put(key, std::string_view(value)); }
  void put(std::string_view key, const std::string& value) { put(key, std::string_view(value)); }
  void put(std::string_view key, std::uint64_t value) { put(key, std::to_string(value)); }
  void put(std::string_view key, bool value) { put(key, value ? "true" : "false"); }
  void put(std::string_view key, Duration value) { put(key, format_duration(value)); }

  template <class Text>
  void put_list(std::string_view key, const std::vector<Text>& values) {
    out_ << YAML::Key << std::string(key) << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const Text& value : values) out_ << escaped(value);
    out_ << YAML::EndSeq;
  }

  void print_server(const GatewayConfig& config) {
    section("server");
    put("listen", format_address(config.listen.host, config.listen.port));
    put("threads", config.threads == 0 ? "auto" : std::to_string(config.threads));
    put("max_connections", config.max_connections);
    put("max_body", size(config.max_body));
    put("drain_timeout", config.drain_timeout);
    put_list("allowed_hosts", config.allowed_hosts);
    put_list("cors_origins", config.cors_origins);
    flow_section("tls");
    put("cert_file", config.tls_cert_file);
    put("key_file", config.tls_key_file);
    out_ << YAML::EndMap << YAML::EndMap;
  }

  void print_clients(const GatewayConfig& config) {
    section("auth");
    out_ << YAML::Key << "keys" << YAML::Value;
    if (config.client_keys.empty()) out_ << YAML::Flow;
    out_ << YAML::BeginSeq;
    for (const ClientKey& key : config.client_keys) {
      out_ << YAML::Flow << YAML::BeginMap;
      put("name", key.name);
      put("key", kHidden);
      put_list("models", key.models);
      print_limits(key.limits);
      out_ << YAML::EndMap;
    }
    out_ << YAML::EndSeq << YAML::EndMap;
    section("admin");
    put("key", config.admin_key ? kHidden : std::string_view());
    put("dashboard", config.dashboard);
    out_ << YAML::EndMap;
    section("metrics");
    put("enabled", config.metrics);
    put("token", config.metrics_token ? kHidden : std::string_view());
    out_ << YAML::EndMap;
  }

  void print_provider(const providers::Provider& provider) {
    section(provider.name);
    put("preset", provider.preset == nullptr ? std::string_view() : provider.preset->name);
    if (!provider.plan.empty()) put("plan", provider.plan);
    put("base_url", format_base_url(provider.base_url));
    print_keys(provider.keys);
    print_limits(provider.limits);
    print_charge(provider.charge);
    section("models");
    for (const providers::Model& model : provider.models) print_model(model);
    out_ << YAML::EndMap;
    print_timeouts(provider.timeouts);
    put("proxy", provider.proxy.empty() ? "none" : without_login(provider.proxy));
    out_ << YAML::EndMap;
  }

  void print_keys(const std::vector<providers::Key>& keys) {
    const bool none = std::ranges::all_of(keys, [](const providers::Key& key) { return key.value.empty(); });
    if (none) return put("api_key", "none");
    out_ << YAML::Key << "keys" << YAML::Value << YAML::BeginSeq;
    for (const providers::Key& key : keys) {
      out_ << YAML::Flow << YAML::BeginMap;
      put("name", key.label);
      put("value", kHidden);
      put("account", key.account);
      out_ << YAML::EndMap;
    }
    out_ << YAML::EndSeq;
  }

  // Short names where they say it all; what has none, or whose name is taken, stands under `other`.
  void print_limits(const std::vector<quota::Limit>& limits) {
    section("limits", limits.empty());
    std::set<std::string_view> used;
    std::vector<const quota::Limit*> others;
    for (const quota::Limit& limit : limits) {
      const std::string_view name = short_name_of(limit);
      if (name.empty() || !used.insert(name).second) {
        others.push_back(&limit);
      } else {
        print_short(name, limit);
      }
    }
    if (!others.empty()) {
      out_ << YAML::Key << "other" << YAML::Value << YAML::BeginSeq;
      for (const quota::Limit* limit : others) print_other(*limit);
      out_ << YAML::EndSeq;
    }
    out_ << YAML::EndMap;
  }

  [[nodiscard]] static std::string_view short_name_of(const quota::Limit& limit) {
    if (limit.dimension == quota::Dimension::in_flight) return "concurrency";
    if (limit.window == quota::WindowKind::credit) return {};
    for (const quota::ShortName& known : quota::short_names())
      if (known.dimension == limit.dimension && known.period == limit.period) return known.name;
    return {};
  }

  void print_short(std::string_view name, const quota::Limit& limit) {
    const bool usual =
        limit.window == quota::WindowKind::sliding || limit.window == quota::WindowKind::concurrency;
    if (usual && limit.models.empty()) {
      put(name, limit.amount);
    } else {
      flow_section(name);
      put("limit", limit.amount);
      print_window(limit);
      out_ << YAML::EndMap;
    }
    print_source(limit);
  }

  void print_other(const quota::Limit& limit) {
    out_ << YAML::Flow << YAML::BeginMap;
    put(quota::name(limit.dimension), limit.amount);
    if (limit.window != quota::WindowKind::credit) put("per", period(limit.period));
    print_window(limit);
    out_ << YAML::EndMap;
    print_source(limit);
  }

  void print_window(const quota::Limit& limit) {
    if (limit.window != quota::WindowKind::concurrency) put("window", quota::name(limit.window));
    if (limit.window == quota::WindowKind::calendar) put("zone", limit.zone);
    if (limit.expires) put("expires", date(*limit.expires));
    if (!limit.models.empty()) put_list("models", limit.models);
  }

  void print_source(const quota::Limit& limit) {
    if (limit.source == quota::Source::preset)
      out_ << YAML::Comment("preset" + (limit.as_of.empty() ? std::string() : ", " + limit.as_of));
  }

  void print_charge(const quota::ChargeRule& charge) {
    flow_section("charge");
    put("tokens", word_of(charge.tokens));
    put("default_max_tokens", charge.default_max_tokens);
    put("settle", word_of(charge.settle));
    put("failures", charge.failures_count);
    put("cached", charge.cached_free ? "free" : "full");
    out_ << YAML::EndMap;
  }

  void print_model(const providers::Model& model) {
    section(model.name);
    put("id", model.id);
    put("context", model.context);
    put("max_output", model.max_output);
    if (model.capabilities_known) put_list("capabilities", words_of(model.capabilities));
    put("billing", word_of(model.billing));
    put("weight", number(model.weight));
    print_limits(model.limits);
    out_ << YAML::EndMap;
  }

  void print_timeouts(const providers::Timeouts& timeouts) {
    flow_section("timeouts");
    put("connect", timeouts.connect);
    put("tls", timeouts.tls);
    put("first_byte", timeouts.first_byte);
    put("idle", timeouts.idle);
    put("total", timeouts.total);
    out_ << YAML::EndMap;
  }

  void print_route(const ModelRoute& route) {
    section(route.name);
    put("strategy", routing::name(route.strategy));
    out_ << YAML::Key << "targets" << YAML::Value << YAML::BeginSeq;
    for (const ModelTarget& target : route.targets) {
      out_ << YAML::Flow << YAML::BeginMap;
      put("target", target.provider + "/" + target.model);
      if (target.weight) put("weight", number(*target.weight));
      put("tier", std::uint64_t{target.tier});
      out_ << YAML::EndMap;
    }
    out_ << YAML::EndSeq << YAML::EndMap;
  }

  void print_rest(const GatewayConfig& config) {
    section("routing");
    put("max_attempts", std::uint64_t{config.routing.max_attempts});
    put("deadline", config.routing.deadline);
    put("allow_paid", config.routing.allow_paid);
    put("tier_patience", config.routing.tier_patience);
    put("default_class", routing::name(config.routing.default_class));
    flow_section("queue");
    if (config.routing.queue_wait)
      put("max_wait", *config.routing.queue_wait);
    else
      put("max_wait", "deadline");
    put("max_length", std::uint64_t{config.routing.queue_length});
    out_ << YAML::EndMap;
    put("no_training", config.routing.no_training);
    put("fit_max_tokens", config.routing.fit_max_tokens);
    put("min_output", config.routing.min_output);
    flow_section("sticky");
    put("by", routing::name(config.routing.sticky));
    put("ttl", config.routing.sticky_ttl);
    out_ << YAML::EndMap;
    flow_section("breaker");
    put("failures", std::uint64_t{config.routing.breaker.failures});
    put("open_for", config.routing.breaker.open_for);
    out_ << YAML::EndMap;
    print_day(config.routing);
    out_ << YAML::EndMap;
    section("tokens");
    put("estimator", tokens::name(config.tokens.estimator));
    put("calibrate", config.tokens.calibrate);
    put("quantile", percent(config.tokens.quantile));
    put("overflow", tokens::name(config.tokens.overflow));
    out_ << YAML::EndMap;
    section("alerts");
    std::vector<std::string> shares;
    for (const double share : config.alerts.at) shares.push_back(percent(share));
    put_list("at", shares);
    put("webhook", webhook_shown(config.alerts));
    put("secret", config.alerts.secret.empty() ? std::string_view() : kHidden);
    out_ << YAML::EndMap;
    section("state");
    put("store", config.state_in_memory ? "memory" : "sqlite");
    put("path", config.state_file);
    out_ << YAML::EndMap;
    section("log");
    constexpr std::array<const char*, 5> kLevels{"debug", "info", "warn", "error", "off"};
    constexpr std::array<const char*, 3> kFormats{"auto", "text", "json"};
    put("level", kLevels.at(static_cast<std::size_t>(config.log.level)));
    put("format", kFormats.at(static_cast<std::size_t>(config.log.format)));
    put("access", config.access_log);
    put("file", config.log.file);
    out_ << YAML::EndMap;
  }

  void print_day(const routing::RoutingConfig& config) {
    using routing::Priority;
    constexpr std::array kClasses{Priority::interactive, Priority::normal, Priority::batch};
    const auto index = [](Priority priority) { return static_cast<std::size_t>(priority); };
    flow_section("spread");
    for (const Priority priority : kClasses)
      put(routing::name(priority), config.spread.at(index(priority)) ? "even" : "off");
    out_ << YAML::EndMap;
    flow_section("reserve");
    for (const Priority priority : {Priority::interactive, Priority::normal})
      put(routing::name(priority), percent(config.reserve.at(index(priority))));
    out_ << YAML::EndMap;
    flow_section("peak");
    put("hours", config.peak ? format_hours(*config.peak) : "");
    put("zone", config.peak ? std::string_view(config.peak->zone().name()) : "local");
    std::vector<std::string_view> deferred;
    for (const Priority priority : kClasses)
      if (config.deferred.at(index(priority))) deferred.push_back(routing::name(priority));
    put_list("defer", deferred);
    out_ << YAML::EndMap;
  }

  YAML::Emitter out_;
};

}  // namespace

std::string print_effective(const GatewayConfig& config) {
  return Printer().print(config);
}

}  // namespace weir::config
