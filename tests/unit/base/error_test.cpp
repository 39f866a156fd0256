#include "weir/base/error.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "weir/base/result.hpp"

namespace weir {
namespace {

constexpr int kKinds = static_cast<int>(ErrorKind::internal) + 1;

TEST(ErrorTable, HoldsTheContract) {
  struct Row {
    ErrorKind kind;
    int status;
    std::string_view type;
    std::string_view code;
  };
  for (const Row& row : {
           Row{ErrorKind::invalid_request, 400, "invalid_request_error", ""},
           Row{ErrorKind::unauthorized, 401, "invalid_request_error", "invalid_api_key"},
           Row{ErrorKind::model_not_allowed, 403, "invalid_request_error", "model_not_allowed"},
           Row{ErrorKind::model_not_found, 404, "invalid_request_error", "model_not_found"},
           Row{ErrorKind::unknown_url, 404, "invalid_request_error", "unknown_url"},
           Row{ErrorKind::context_length_exceeded, 400, "invalid_request_error", "context_length_exceeded"},
           Row{ErrorKind::request_too_large, 413, "invalid_request_error", "request_too_large"},
           Row{ErrorKind::rate_limited, 429, "rate_limit_error", "rate_limit_exceeded"},
           Row{ErrorKind::quota_exhausted, 429, "insufficient_quota", "insufficient_quota"},
           Row{ErrorKind::overloaded, 503, "server_error", "overloaded"},
           Row{ErrorKind::upstream_failed, 502, "server_error", "upstream_error"},
           Row{ErrorKind::deadline_spent, 504, "server_error", "upstream_timeout"},
       }) {
    EXPECT_EQ(traits(row.kind).http_status, row.status) << traits(row.kind).name;
    EXPECT_EQ(traits(row.kind).type, row.type) << traits(row.kind).name;
    EXPECT_EQ(traits(row.kind).code, row.code) << traits(row.kind).name;
  }
}

TEST(ErrorTable, NamesEveryKindOnce) {
  std::set<std::string_view> names;
  for (int i = 0; i < kKinds; ++i) {
    const ErrorTraits& row = traits(static_cast<ErrorKind>(i));
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.type.empty()) << row.name;
    EXPECT_TRUE(row.http_status >= 400 && row.http_status < 600) << row.name;
  }
  EXPECT_EQ(traits(ErrorKind::connect_failed).name, "connect_failed");
  EXPECT_EQ(traits(ErrorKind::internal).name, "internal");
}

TEST(Result, HoldsAValueOrAnError) {
  Result<std::unique_ptr<int>> good = std::make_unique<int>(7);
  ASSERT_TRUE(good);
  EXPECT_EQ(**good, 7);
  const std::unique_ptr<int> taken = *std::move(good);
  EXPECT_EQ(*taken, 7);

  const Result<std::string> bad = Error{ErrorKind::io, "no"};
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, ErrorKind::io);
  EXPECT_EQ(bad.error().message, "no");
}

TEST(Result, HoldsAnErrorOrNothing) {
  const Result<void> good;
  EXPECT_TRUE(good.has_value());
  Result<void> bad = Error{ErrorKind::config, "no"};
  ASSERT_FALSE(bad);
  EXPECT_EQ(std::move(bad).error().message, "no");
}

}  // namespace
}  // namespace weir
