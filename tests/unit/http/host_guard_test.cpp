#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/http/guard.hpp"

namespace weir::http {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

RequestHead request(const std::string& method, const std::string& target, const FieldList& fields) {
  RequestHead head;
  head.method = method;
  head.target = target;
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

// What the guard says, as a status: 200 where the request passes.
int judge(const HostGuard& guard, const RequestHead& head) {
  const auto checked = guard.check(head);
  return checked ? 200 : traits(checked.error().kind).http_status;
}

int judge_host(const HostGuard& guard, const std::string& host) {
  return judge(guard, request("GET", "/livez", {{"Host", host}}));
}

const HostGuard& plain() {
  static const HostGuard guard({"127.0.0.1"}, {"Weir.lan"}, {"https://App.example/"});
  return guard;
}

TEST(HostGuard, LoopbackListenAddressAndConfiguredNamesPass) {
  for (const char* host : {"localhost", "LOCALHOST:8484", "127.0.0.1:8484", "weir.lan", "WEIR.lan:443"}) {
    EXPECT_EQ(judge_host(plain(), host), 200) << host;
  }
}

TEST(HostGuard, AnyIpLiteralPassesWithAnyPort) {
  for (const char* host : {"127.0.0.1", "192.168.1.20:1", "[::1]", "[fe80::1]:65535", "0.0.0.0:8484"}) {
    EXPECT_EQ(judge_host(plain(), host), 200) << host;
  }
}

TEST(HostGuard, OtherNamesAreARebindingAttack) {
  for (const char* host :
       {"evil.example", "localhost.evil.example", "evil.localhost", "127.0.0.1.evil.example", "2130706433",
        "0x7f.1", "127.1", "xweir.lan", "weir.lan.", "localhostx"}) {
    EXPECT_EQ(judge_host(plain(), host), 403) << host;
  }
}

TEST(HostGuard, AbsoluteTargetMustNameUsToo) {
  const auto status = [](const char* target) {
    return judge(plain(), request("GET", target, {{"Host", "localhost"}}));
  };
  EXPECT_EQ(status("http://localhost:8484/livez"), 200);
  EXPECT_EQ(status("http://weir.lan/livez"), 200);
  EXPECT_EQ(status("http://evil.example/livez"), 400);
  EXPECT_EQ(judge(plain(), request("GET", "http://localhost/", {{"Host", "evil.example"}})), 403);
}

TEST(HostGuard, AForeignOriginIsRefusedOnEveryMethod) {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "DELETE"}) {
    for (const char* origin :
         {"http://evil.example", "null", "http://localhost:3000", "https://app.example.evil.example",
          "http://app.example", "https://app.example:444", "", "file://"}) {
      EXPECT_EQ(judge(plain(), request(method, "/livez", {{"Host", "localhost:8484"}, {"Origin", origin}})),
                403)
          << method << ' ' << origin;
    }
  }
}

TEST(HostGuard, ConfiguredAndOwnOriginsPass) {
  const auto status = [](const char* origin) {
    return judge(plain(), request("GET", "/", {{"Host", "localhost:8484"}, {"Origin", origin}}));
  };
  EXPECT_EQ(status("https://app.example"), 200);
  EXPECT_EQ(status("http://localhost:8484"), 200);
  EXPECT_TRUE(plain().origin_allowed("https://app.example"));
  EXPECT_FALSE(plain().origin_allowed("https://other.example"));
}

TEST(HostGuard, OwnOriginMustEqualTheHostExactly) {
  const auto status = [](const char* origin) {
    return judge(plain(), request("GET", "/", {{"Host", "localhost:8484"}, {"Origin", origin}}));
  };
  EXPECT_EQ(status("http://localhost"), 403);
  EXPECT_EQ(status("http://localhost:8484/"), 403);
  EXPECT_EQ(status("http://127.0.0.1:8484"), 403);
  EXPECT_EQ(status("chrome-extension://localhost:8484"), 403);
}

TEST(HostGuard, TwoOriginsAreRefusedEvenIfBothPass) {
  EXPECT_EQ(judge(plain(), request("GET", "/",
                                   {{"Host", "localhost"},
                                    {"Origin", "https://app.example"},
                                    {"Origin", "https://app.example"}})),
            403);
}

TEST(HostGuard, CrossSiteRequestsNeedAConfiguredOrigin) {
  const auto status = [](const FieldList& more) {
    FieldList fields{{"Host", "localhost:8484"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return judge(plain(), request("GET", "/", fields));
  };
  EXPECT_EQ(status({{"Sec-Fetch-Site", "cross-site"}}), 403);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "Cross-Site"}}), 403);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://app.example"}}), 200);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://localhost:8484"}}), 403);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "same-origin"}}), 200);
  EXPECT_EQ(status({{"Sec-Fetch-Site", "none"}}), 200);
}

TEST(HostGuard, ALinkOnAnotherSiteMayBeFollowed) {
  const auto status = [](std::string_view method, std::string_view mode, std::string_view destination) {
    return judge(plain(), request(std::string(method), "/",
                                  {{"Host", "localhost:8484"},
                                   {"Content-Type", "application/json"},
                                   {"Sec-Fetch-Site", "cross-site"},
                                   {"Sec-Fetch-Mode", std::string(mode)},
                                   {"Sec-Fetch-Dest", std::string(destination)}}));
  };
  EXPECT_EQ(status("GET", "navigate", "document"), 200);
  EXPECT_EQ(status("HEAD", "navigate", "document"), 200);
  EXPECT_EQ(status("POST", "navigate", "document"), 403);  // a form
  EXPECT_EQ(status("GET", "navigate", "iframe"), 403);
  EXPECT_EQ(status("GET", "cors", "empty"), 403);
  EXPECT_EQ(status("GET", "no-cors", "image"), 403);
}

TEST(HostGuard, AStarAllowsEveryOrigin) {
  const HostGuard open({}, {}, {"*"});
  EXPECT_TRUE(open.origin_allowed("https://anything.example"));
  EXPECT_EQ(judge(open, request("GET", "/",
                                {{"Host", "localhost"},
                                 {"Origin", "https://anything.example"},
                                 {"Sec-Fetch-Site", "cross-site"}})),
            200);
  EXPECT_EQ(judge_host(open, "evil.example"), 403);
}

// A browser sends text/plain, forms and multipart across sites without asking; JSON it must ask for.
TEST(HostGuard, WhatCarriesABodyMustCarryJson) {
  const auto status = [](const char* method, const FieldList& more) {
    FieldList fields{{"Host", "localhost"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return judge(plain(), request(method, "/v1/chat/completions", fields));
  };
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    EXPECT_EQ(status(method, {{"Content-Type", "application/json"}}), 200);
    EXPECT_EQ(status(method, {{"Content-Type", "Application/JSON ; charset=utf-8"}}), 200);
    EXPECT_EQ(status(method, {}), 415);
    EXPECT_EQ(status(method, {{"Content-Type", ""}}), 415);
    EXPECT_EQ(status(method, {{"Content-Type", "text/plain"}}), 415);
    EXPECT_EQ(status(method, {{"Content-Type", "text/plain; a=application/json"}}), 415);
    EXPECT_EQ(status(method, {{"Content-Type", "application/jsonx"}}), 415);
    EXPECT_EQ(status(method, {{"Content-Type", "application/x-www-form-urlencoded"}}), 415);
    EXPECT_EQ(status(method, {{"Content-Type", "application/json"}, {"Content-Type", "text/plain"}}), 415);
  }
  EXPECT_EQ(status("GET", {}), 200);
  EXPECT_EQ(status("DELETE", {}), 200);
}

}  // namespace
}  // namespace weir::http
