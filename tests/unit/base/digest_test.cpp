#include "weir/base/digest.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace weir {
namespace {

std::string hex(const Sha256& digest) {
  std::string out;
  for (const std::uint8_t byte : digest) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(byte));
    out += digits;
  }
  return out;
}

// The vectors of FIPS 180-4.
TEST(Digest, IsSha256) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, ComparesEveryByte) {
  const Sha256 digest = sha256("key");
  EXPECT_TRUE(same_digest(digest, sha256("key")));
  for (std::size_t i = 0; i < digest.size(); ++i) {
    Sha256 other = digest;
    other[i] ^= 1U;
    EXPECT_FALSE(same_digest(digest, other)) << i;
  }
}

}  // namespace
}  // namespace weir
