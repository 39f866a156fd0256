#include "transport/resolver.hpp"

#include <gtest/gtest.h>

namespace weir::transport {
namespace {

std::vector<std::string> order(const std::vector<std::string>& literals) {
  std::vector<std::string> texts;
  const Result<Addresses> usable = usable_addresses("provider.test", literals);
  if (!usable) return {"error: " + usable.error().message};
  for (const auto& address : *usable) texts.push_back(address.to_string());
  return texts;
}

using Texts = std::vector<std::string>;

TEST(UsableAddresses, FamiliesTakeTurnsBeginningWithTheFirst) {
  EXPECT_EQ(order({"2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1"}),
            (Texts{"2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"}));
  EXPECT_EQ(order({"192.0.2.1", "192.0.2.2", "2001:db8::1"}),
            (Texts{"192.0.2.1", "2001:db8::1", "192.0.2.2"}));
}

TEST(UsableAddresses, LinkLocalOnesAreLeftOut) {
  EXPECT_EQ(order({"169.254.169.254", "192.0.2.1"}), (Texts{"192.0.2.1"}));
  EXPECT_EQ(order({"169.255.0.1", "169.253.0.1"}), (Texts{"169.255.0.1", "169.253.0.1"}));
}

TEST(UsableAddresses, ANameWithNothingElseIsRefusedInWords) {
  for (const char* literal :
       {"169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%1", "febf::1", "::ffff:169.254.169.254"}) {
    const Result<Addresses> usable = usable_addresses("metadata.test", {literal});
    ASSERT_FALSE(usable) << literal;
    EXPECT_EQ(usable.error().kind, ErrorKind::connect_failed) << literal;
    EXPECT_NE(usable.error().message.find("metadata.test"), std::string::npos);
    EXPECT_NE(usable.error().message.find("link-local"), std::string::npos);
  }
}

TEST(UsableAddresses, NoAddressAtAllIsAFailedLookUp) {
  const Result<Addresses> usable = usable_addresses("provider.test", {});
  ASSERT_FALSE(usable);
  EXPECT_EQ(usable.error().kind, ErrorKind::dns_failed);
}

}  // namespace
}  // namespace weir::transport
