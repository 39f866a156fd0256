#include "weir/transport/proxy.hpp"

#include <gtest/gtest.h>

namespace weir::transport {
namespace {

Endpoint https(std::string host, std::uint16_t port = 443) {
  Endpoint endpoint;
  endpoint.host = std::move(host);
  endpoint.port = port;
  return endpoint;
}

std::string host_for(const Endpoint& endpoint, std::string_view configured, std::string_view https_proxy,
                     std::string_view no_proxy) {
  const Result<Proxy> proxy = proxy_for(endpoint, configured, https_proxy, no_proxy);
  return proxy ? proxy->host : "error: " + proxy.error().message;
}

TEST(Proxy, ReadsHostAndPort) {
  struct Row {
    const char* text;
    const char* host;
    int port;
  };
  for (const Row& row :
       {Row{"http://proxy.corp:3128", "proxy.corp", 3128}, Row{"proxy.corp:3128", "proxy.corp", 3128},
        Row{"http://proxy.corp", "proxy.corp", 80}, Row{"http://proxy.corp:8080/", "proxy.corp", 8080},
        Row{"http://[::1]:3128", "::1", 3128}, Row{"  http://10.0.0.1:1 ", "10.0.0.1", 1}}) {
    const Result<Proxy> proxy = parse_proxy(row.text);
    ASSERT_TRUE(proxy) << row.text << ": " << proxy.error().message;
    EXPECT_EQ(proxy->host, row.host) << row.text;
    EXPECT_EQ(proxy->port, row.port) << row.text;
    EXPECT_EQ(proxy->authorization, "") << row.text;
  }
}

TEST(Proxy, TurnsUserAndPasswordIntoBasicCredentials) {
  const Result<Proxy> proxy = parse_proxy("http://Aladdin:open%20sesame@proxy.corp:3128");
  ASSERT_TRUE(proxy);
  EXPECT_EQ(proxy->authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(Proxy, WhatItCannotReadIsAnErrorAndNeverRepeatsThePassword) {
  for (const char* text :
       {"https://u:hunter22@proxy:3128", "socks5://u:hunter22@proxy:1080", "http://u:hunter22@",
        "http://u:hunter22@proxy:99999", "http://u:hunter22@proxy:0", "http://u:hunter22@proxy:x",
        "http://u:hunter22@proxy:1/path", "http://u:hunter22@proxy:1?q", "http://u:hunter22@pro xy"}) {
    const Result<Proxy> proxy = parse_proxy(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().kind, ErrorKind::config) << text;
    EXPECT_EQ(proxy.error().message.find("hunter22"), std::string::npos) << proxy.error().message;
  }
}

TEST(Proxy, NoProxyNamesEndpoints) {
  struct Row {
    const char* list;
    const char* host;
    int port;
    bool bypasses;
  };
  for (const Row& row : {
           Row{"", "api.groq.com", 443, false},
           Row{"*", "api.groq.com", 443, true},
           Row{"api.groq.com", "api.groq.com", 443, true},
           Row{"API.Groq.COM", "api.groq.com", 443, true},
           Row{"groq.com", "api.groq.com", 443, true},
           Row{".groq.com", "api.groq.com", 443, true},
           Row{"*.groq.com", "api.groq.com", 443, true},
           Row{".groq.com", "groq.com", 443, true},
           Row{"groq.com", "notgroq.com", 443, false},
           Row{"q.com", "api.groq.com", 443, false},
           Row{"api.groq.com", "groq.com", 443, false},
           Row{"localhost, ,groq.com", "api.groq.com", 443, true},
           Row{"localhost groq.com", "api.groq.com", 443, true},
           Row{"groq.com:8443", "api.groq.com", 443, false},
           Row{"groq.com:8443", "api.groq.com", 8443, true},
           Row{"groq.com:443", "api.groq.com", 443, true},
           Row{"10.1.2.3", "10.1.2.3", 443, true},
           Row{"10.1.2.3:443", "10.1.2.3", 443, true},
           Row{"10.1.2.3:8443", "10.1.2.3", 443, false},
           Row{"10.1.2", "10.1.2.3", 443, false},
           Row{"2.3", "10.1.2.3", 443, false},
           Row{"10.0.0.0/8", "10.1.2.3", 443, false},
           Row{"[2001:db8::1]:443", "2001:db8::1", 443, true},
           Row{"2001:db8:0::1", "2001:db8::1", 443, true},
           Row{"2001:db8::2", "2001:db8::1", 443, false},
           Row{"[", "2001:db8::1", 443, false},
           Row{".", "api.groq.com", 443, false},
           Row{",,,", "api.groq.com", 443, false},
       }) {
    EXPECT_EQ(bypasses_proxy(https(row.host, static_cast<std::uint16_t>(row.port)), row.list), row.bypasses)
        << row.list << " and " << row.host << ":" << row.port;
  }
}

TEST(Proxy, EnvironmentCountsForHttpsOnly) {
  EXPECT_EQ(host_for(https("api.groq.com"), "", "http://proxy:3128", ""), "proxy");
  Endpoint plain = https("llm.corp", 80);
  plain.tls = false;
  EXPECT_EQ(host_for(plain, "", "http://proxy:3128", ""), "");
}

TEST(Proxy, EnvironmentNeverCountsForLoopback) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"}) {
    EXPECT_EQ(host_for(https(host), "", "http://proxy:3128", ""), "") << host;
  }
}

TEST(Proxy, ConfiguredOneWinsOverEverything) {
  EXPECT_EQ(host_for(https("api.groq.com"), "http://mine:1", "http://proxy:3128", "*"), "mine");
  EXPECT_EQ(host_for(https("localhost"), "http://mine:1", "", ""), "mine");
  Endpoint plain = https("llm.corp", 80);
  plain.tls = false;
  EXPECT_EQ(host_for(plain, "http://mine:1", "", ""), "mine");
}

TEST(Proxy, NoProxyKeepsTheEnvironmentsProxyAway) {
  EXPECT_EQ(host_for(https("api.groq.com"), "", "http://proxy:3128", "groq.com"), "");
}

TEST(Proxy, OneThatCannotBeReadIsNotGonePast) {
  EXPECT_FALSE(proxy_for(https("api.groq.com"), "", "socks5://proxy:1080", ""));
  EXPECT_FALSE(proxy_for(https("api.groq.com"), "nonsense://x", "http://proxy:3128", ""));
  // Where it doesn't apply it doesn't matter.
  EXPECT_TRUE(proxy_for(https("127.0.0.1"), "", "socks5://proxy:1080", ""));
}

}  // namespace
}  // namespace weir::transport
