#include "weir/base/fingerprint.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

TEST(Fingerprint, IsTheSameForTheSameParts) {
  const std::string text = "a long text";
  EXPECT_EQ(fingerprint({"a", text}), fingerprint({"a", "a long text"}));
}

TEST(Fingerprint, KnowsWhereAPartEnds) {
  EXPECT_NE(fingerprint({"ab", "c"}), fingerprint({"a", "bc"}));
  EXPECT_NE(fingerprint({"a", "b"}), fingerprint({"b", "a"}));
  EXPECT_NE(fingerprint({"a", ""}), fingerprint({"a"}));
  EXPECT_NE(fingerprint({}), fingerprint({""}));
}

}  // namespace
}  // namespace weir
