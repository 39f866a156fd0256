#include "gateway/client_deadline.hpp"

#include <gtest/gtest.h>

namespace weir::gateway {
namespace {

using namespace std::chrono_literals;

http::Fields with(std::string_view name, std::string_view value) {
  http::Fields fields;
  fields.add(name, value);
  return fields;
}

TEST(ClientDeadline, ReadsBothHeadersInTheirUnits) {
  EXPECT_EQ(client_deadline(with("x-weir-timeout-ms", "1500")).value(), Duration(1500ms));
  EXPECT_EQ(client_deadline(with("x-stainless-timeout", "600")).value(), Duration(600s));
}

TEST(ClientDeadline, OursWinsOverTheSdks) {
  http::Fields fields = with("x-stainless-timeout", "600");
  fields.add("x-weir-timeout-ms", "20");
  EXPECT_EQ(client_deadline(fields).value(), Duration(20ms));
}

TEST(ClientDeadline, OfWhatIsNoPositiveNumberOursIsAnErrorAndTheSdksSaysNothing) {
  for (const char* text : {"", "0", "-5", "soon", "1s", "nan", "inf", "1e300"}) {
    const auto ours = client_deadline(with("x-weir-timeout-ms", text));
    ASSERT_FALSE(ours) << text;
    EXPECT_EQ(ours.error().kind, ErrorKind::invalid_request);
    EXPECT_EQ(client_deadline(with("x-stainless-timeout", text)).value(), std::nullopt) << text;
  }
}

TEST(ClientDeadline, IsNoneWhereNobodySaysOne) {
  EXPECT_EQ(client_deadline({}).value(), std::nullopt);
}

}  // namespace
}  // namespace weir::gateway
