#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "support/fake_clock.hpp"
#include "support/providers.hpp"
#include "weir/admin/admin_api.hpp"
#include "weir/routing/memory.hpp"

namespace weir::admin {

inline constexpr std::string_view kHere = "127.0.0.1";
inline constexpr std::string_view kElsewhere = "192.0.2.7";

inline quota::Limit requests_per_day(std::uint64_t amount) {
  return {.dimension = quota::Dimension::requests, .amount = amount, .period = quota::kDayPeriod};
}

// Provider "p" with two keys of one account and two models; "q" with keys of two accounts.
inline routing::Catalogue::Parts parts() {
  routing::Catalogue::Parts out;
  providers::Provider p =
      test::make_provider("p", {test::make_model("vendor/m"), test::make_model("n")}, {requests_per_day(50)});
  p.keys.push_back({.label = "second", .value = Secret(), .account = "main"});
  p.models[0].limits = {test::requests_per_minute(10), test::tokens_per_minute(1000)};
  providers::Provider q = test::make_provider("q", {test::make_model("m")}, {requests_per_day(5)});
  q.keys.push_back({.label = "second", .value = Secret(), .account = "other"});
  out.providers = {p, q};
  return out;
}

class Admin : public ::testing::Test {
 protected:
  explicit Admin(routing::Catalogue::Parts of = parts()) : catalogue_(std::move(of), ledger_, &memory_) {}

  gateway::AdminAnswer ask(std::string method, std::string target, std::string body = "",
                           std::string_view peer = kHere) {
    head_.method = std::move(method);
    head_.target = std::move(target);
    body_ = std::move(body);
    const transport::Request request{.head = &head_, .body = body_, .arrived = clock_.now(), .peer = peer};
    return api_.answer(request, context(), clock_.now());
  }
  gateway::AdminContext context() {
    return {.catalogue = catalogue_,
            .routing = routing_,
            .telemetry = telemetry_,
            .history = history_,
            .room = room_,
            .started = clock_.now().wall,
            .clients = clients_,
            .quantile = quantile_};
  }
  nlohmann::json get(std::string target) {
    auto answer = ask("GET", std::move(target));
    EXPECT_TRUE(answer.json) << (answer.json ? "" : answer.json.error().message);
    return answer.json ? nlohmann::json::parse(*answer.json) : nlohmann::json();
  }
  nlohmann::json report() {
    auto answer = ask("GET", "/admin/v1/quota");
    EXPECT_TRUE(answer.json);
    return answer.json ? nlohmann::json::parse(*answer.json) : nlohmann::json();
  }
  static ErrorKind kind_of(const gateway::AdminAnswer& answer) {
    EXPECT_FALSE(answer.json);
    return answer.json ? ErrorKind::internal : answer.json.error().kind;
  }
  const quota::Pool& pool(std::size_t target) { return catalogue_.targets()[target].pool; }
  bool has_room(std::size_t target) { return !pool(target).refusal({}, clock_.now()); }

  test::FakeClock clock_;
  quota::Ledger ledger_;
  routing::Memory memory_;
  routing::Catalogue catalogue_;
  std::vector<gateway::ClientWindows> clients_;
  routing::RoutingConfig routing_;
  double quantile_ = 0.9;
  telemetry::Telemetry telemetry_{1};
  telemetry::History history_{telemetry_, clock_.now()};
  struct : quota::RoomListener {
    void room_changed(const quota::Account* /*account*/, Instant /*now*/) override { ++told; }
    int told = 0;
  } room_;
  store::Store store_{{.directory = {}, .in_memory = true}, clock_, ledger_};
  AdminApi api_{store_};
  http::RequestHead head_;
  std::string body_;
};

}  // namespace weir::admin
