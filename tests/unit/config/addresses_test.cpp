#include "config/addresses.hpp"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

TEST(ListenAddress, TakesIpLiteralsAndLocalhost) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"127.0.0.1:8484", "127.0.0.1:8484"}, {"0.0.0.0:80", "0.0.0.0:80"},
      {"[::1]:8484", "[::1]:8484"},         {"[::]:0", "[::]:0"},
      {"localhost:1", "127.0.0.1:1"},       {"LocalHost:65535", "127.0.0.1:65535"},
  };
  for (const auto& [text, expected] : cases) {
    const auto parsed = parse_listen(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(format_address(parsed->host, parsed->port), expected) << text;
  }
}

TEST(ListenAddress, RefusesTheRest) {
  for (const std::string_view text :
       {"", "8484", ":8484", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80x",
        "::1:8484", "[::1]", "[127.0.0.1]:1", "example.com:80", "http://127.0.0.1:80", "127.0.0.1:80/v1",
        "127.1:80", "[::1:80"})
    EXPECT_FALSE(parse_listen(text)) << text;
  using namespace std::string_view_literals;
  EXPECT_FALSE(parse_listen("[::1\0.example.com]:8484"sv));
  EXPECT_FALSE(parse_base_url("https://[::1\0.example.com]/v1"sv));
}

struct UrlCase {
  std::string_view text;
  bool tls;
  std::string_view host;
  std::uint16_t port;
  std::string_view path;
};

TEST(BaseUrl, IsTakenApart) {
  const UrlCase cases[] = {
      {"https://api.groq.com/openai/v1", true, "api.groq.com", 443, "/openai/v1"},
      {"http://127.0.0.1:9101/v1/", false, "127.0.0.1", 9101, "/v1"},
      {"HTTPS://API.Example.COM", true, "api.example.com", 443, ""},
      {"http://[::1]:80/a/b//", false, "::1", 80, "/a/b"},
      {"https://host_name:443/", true, "host_name", 443, ""},
      {"https://h/v1/models/x", true, "h", 443, "/v1/models/x"},
  };
  for (const UrlCase& one : cases) {
    const auto url = parse_base_url(one.text);
    ASSERT_TRUE(url) << one.text << ": " << url.error().message;
    EXPECT_EQ(url->tls, one.tls) << one.text;
    EXPECT_EQ(url->host, one.host) << one.text;
    EXPECT_EQ(url->port, one.port) << one.text;
    EXPECT_EQ(url->path, one.path) << one.text;
    const auto again = parse_base_url(format_base_url(*url));
    ASSERT_TRUE(again) << one.text;
    EXPECT_EQ(format_base_url(*again), format_base_url(*url));
  }
}

TEST(BaseUrl, SaysWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"api.groq.com/v1", "expected a URL that starts with https:// or http://, got \"api.groq.com/v1\""},
      {"ftp://x/", "expected a URL that starts with https:// or http://, got \"ftp://x/\""},
      {"https://u:p@h/v1", "no user or password can stand in a base_url"},
      {"https://h/v1?key=x", "no \"?\" or \"#\" can stand in a base_url"},
      {"https://h#x", "no \"?\" or \"#\" can stand in a base_url"},
      {"https:///v1", "expected a host name or an IP address, got \"\""},
      {"https://a b/v1", "expected a host name or an IP address, got \"a b\""},
      {"https://::1/v1", "expected a host name or an IP address, got \"::1\""},
      {"https://h:0/v1", "expected a port from 1 to 65535, got \"0\""},
      {"https://h:70000/v1", "expected a port from 1 to 65535, got \"70000\""},
      {"https://h/v 1", "the path may hold no spaces and only ASCII"},
      {"https://h/v1\r\nX: y", "the path may hold no spaces and only ASCII"},
      {"https://h/v1/chat/completions", "leave \"/chat/completions\" off: weir adds it"},
      {"https://h/v1/models/", "leave \"/models\" off: weir adds it"},
  };
  for (const auto& [text, message] : cases) {
    const auto url = parse_base_url(text);
    if (url) {
      ADD_FAILURE() << text << " was taken";
      continue;
    }
    EXPECT_EQ(url.error().message, message) << text;
  }
}

TEST(OwnListener, IsRecognisedUnderAllItsNames) {
  const auto leads_home = [](std::string_view url, std::string_view listen) {
    return points_at(*parse_base_url(url), *parse_listen(listen));
  };
  for (const std::string_view url :
       {"http://127.0.0.1:8484/v1", "http://localhost:8484/v1", "http://LOCALHOST.:8484",
        "http://127.0.0.2:8484", "http://127.1:8484", "http://2130706433:8484", "http://0x7f000001:8484",
        "http://[::1]:8484", "http://[::ffff:127.0.0.1]:8484", "http://0.0.0.0:8484", "http://[::]:8484",
        "https://weir.localhost:8484"}) {
    EXPECT_TRUE(leads_home(url, "127.0.0.1:8484")) << url;
    EXPECT_TRUE(leads_home(url, "0.0.0.0:8484")) << url;
    EXPECT_TRUE(leads_home(url, "[::]:8484")) << url;
    EXPECT_FALSE(leads_home(url, "127.0.0.1:8485")) << url;
    EXPECT_FALSE(leads_home(url, "127.0.0.1:0")) << url;
    EXPECT_FALSE(leads_home(url, "192.168.1.5:8484")) << url;
  }
  EXPECT_TRUE(leads_home("http://192.168.1.5:8484", "192.168.1.5:8484"));
  EXPECT_FALSE(leads_home("http://192.168.1.6:8484", "192.168.1.5:8484"));
  EXPECT_FALSE(leads_home("http://example.com:8484", "127.0.0.1:8484"));
}

TEST(Proxy, IsMadeWhole) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"http://proxy:3128", "http://proxy:3128"},
      {"proxy.corp:3128/", "http://proxy.corp:3128"},
      {"HTTP://Proxy", "http://proxy:80"},
      {"http://user:p%40ss@proxy:3128", "http://user:p%40ss@proxy:3128"},
      {"http://[::1]:3128", "http://[::1]:3128"},
  };
  for (const auto& [text, expected] : cases) {
    const auto proxy = parse_proxy(text);
    ASSERT_TRUE(proxy) << text;
    EXPECT_EQ(*proxy, expected);
  }
  EXPECT_EQ(without_login("http://user:pass@proxy:3128"), "http://***@proxy:3128");
}

TEST(Proxy, NeverRepeatsTheLoginInAMessage) {
  for (const std::string_view text : {"socks5://user:hunter2@proxy:1", "https://user:hunter2@proxy:1",
                                      "http://user:hunter2@pro xy:1", "http://user:hunter2@proxy:0"}) {
    const auto proxy = parse_proxy(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().message.find("hunter2"), std::string::npos) << proxy.error().message;
  }
}

TEST(Proxy, IsBypassedByNoProxy) {
  EXPECT_TRUE(bypasses_proxy("*", "api.groq.com", 443));
  EXPECT_TRUE(bypasses_proxy("groq.com", "api.groq.com", 443));
  EXPECT_TRUE(bypasses_proxy(".groq.com", "api.groq.com", 443));
  EXPECT_TRUE(bypasses_proxy("*.groq.com", "api.groq.com", 443));
  EXPECT_TRUE(bypasses_proxy("a.b, GROQ.com ,c", "api.groq.com", 443));
  EXPECT_TRUE(bypasses_proxy("api.groq.com:443", "api.groq.com", 443));
  EXPECT_TRUE(bypasses_proxy("10.0.0.1", "10.0.0.1", 443));
  EXPECT_FALSE(bypasses_proxy("api.groq.com:8443", "api.groq.com", 443));
  EXPECT_FALSE(bypasses_proxy("oq.com", "api.groq.com", 443));
  EXPECT_FALSE(bypasses_proxy("", "api.groq.com", 443));
  EXPECT_FALSE(bypasses_proxy("other.com", "api.groq.com", 443));
}

}  // namespace
}  // namespace weir::config
