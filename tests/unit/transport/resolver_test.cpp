#include "transport/resolver.hpp"

#include <gtest/gtest.h>

#include <array>

#include "weir/transport/metadata_address.hpp"

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
  for (const char* literal : {"169.254.169.253", "169.254.0.1", "fe80::1", "fe80::1%1", "febf::1",
                              "::ffff:169.254.1.1", "64:ff9b::a9fe:101"}) {
    const Result<Addresses> usable = usable_addresses("metadata.test", {literal});
    ASSERT_FALSE(usable) << literal;
    EXPECT_EQ(usable.error().kind, ErrorKind::connect_failed) << literal;
    EXPECT_NE(usable.error().message.find("metadata.test"), std::string::npos);
    EXPECT_NE(usable.error().message.find("link-local"), std::string::npos);
  }
}

constexpr std::array kMetadata{"169.254.169.254",    "169.254.170.2",          "fd00:ec2::254",
                               "fd20:ce::254",       "100.100.100.200",        "192.0.0.192",
                               "168.63.129.16",      "::ffff:169.254.169.254", "::ffff:6464:64c8",
                               "::ffff:192.0.0.192", "64:ff9b::a83f:8110"};

TEST(UsableAddresses, ACloudsMetadataServiceIsRefusedAndNamed) {
  for (const char* literal : kMetadata) {
    const Result<Addresses> usable = usable_addresses("metadata.test", {literal});
    ASSERT_FALSE(usable) << literal;
    EXPECT_EQ(usable.error().kind, ErrorKind::connect_failed) << literal;
    EXPECT_NE(usable.error().message.find("metadata.test leads to"), std::string::npos);
    EXPECT_NE(usable.error().message.find("metadata service"), std::string::npos);
    EXPECT_EQ(order({literal, "192.0.2.1"}), (Texts{"192.0.2.1"}));
    EXPECT_TRUE(is_metadata_address(literal));
  }
}

TEST(UsableAddresses, TheNeighboursOfMetadataServicesAreNone) {
  const Texts neighbours{"100.100.100.199", "192.0.0.193", "168.63.129.17", "::ffff:192.0.0.193"};
  for (const std::string& literal : neighbours) {
    EXPECT_EQ(order({literal}), Texts{literal});
    EXPECT_FALSE(is_metadata_address(literal));
  }
  EXPECT_EQ(order({"fd00:ec2::253"}), (Texts{"fd00:ec2::253"}));
  EXPECT_FALSE(is_metadata_address("metadata.test"));
}

TEST(UsableAddresses, NoAddressAtAllIsAFailedLookUp) {
  const Result<Addresses> usable = usable_addresses("provider.test", {});
  ASSERT_FALSE(usable);
  EXPECT_EQ(usable.error().kind, ErrorKind::dns_failed);
}

}  // namespace
}  // namespace weir::transport
