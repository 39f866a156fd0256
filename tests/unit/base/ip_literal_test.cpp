#include "weir/base/ip_literal.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir {
namespace {

using namespace std::string_view_literals;

TEST(IpLiteral, TakesWholeAddresses) {
  ASSERT_TRUE(parse_ipv4("127.0.0.1"));
  EXPECT_EQ(ntohl(parse_ipv4("127.0.0.1")->s_addr), 0x7F000001U);
  const auto six = parse_ipv6("::1");
  ASSERT_TRUE(six);
  EXPECT_TRUE(IN6_IS_ADDR_LOOPBACK(&*six));
  EXPECT_TRUE(parse_ipv6("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"));  // the longest there is
}

TEST(IpLiteral, RefusesWhatIsNoAddressOrMoreThanOne) {
  for (const std::string_view text :
       {""sv, "localhost"sv, "127.1"sv, "0x7f.0.0.1"sv, "127.0.0.1 "sv, "127.0.0.1:80"sv, "127.0.0.1\0"sv,
        "127.0.0.1\0.example.com"sv, "::1"sv})
    EXPECT_FALSE(parse_ipv4(text)) << text;
  for (const std::string_view text :
       {""sv, "[::1]"sv, "::1%lo"sv, "::1\0"sv, "::1\0.example.com"sv, "127.0.0.1"sv})
    EXPECT_FALSE(parse_ipv6(text)) << text;
  EXPECT_FALSE(parse_ipv6(std::string(100'000, ':')));
}

}  // namespace
}  // namespace weir
