#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"

namespace weir::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> messages(std::string_view snippet) {
  std::vector<std::string> out;
  for (const Problem& problem : load_snippet(std::string(snippet) + std::string(kLocal)).problems)
    out.push_back(problem.message);
  return out;
}

struct Case {
  std::string_view defaults;  // the value that stands there by default, and other ways to write it
  std::string_view other;
  std::string_view path;
  std::string_view shown;
};

TEST(PendingKeys, AreAcceptedAtTheirDefaultAndNowhereElse) {
  const Case cases[] = {
      {"cache: {enabled: false}", "cache: {enabled: true}", "cache.enabled", "false"},
      {"cache: {max_size: 65536KiB}", "cache: {max_size: 1MiB}", "cache.max_size", "64MiB"},
      {"cache: {ttl: 60m}", "cache: {ttl: 2h}", "cache.ttl", "1h"},
      {"log: {bodies: false}", "log: {bodies: true}", "log.bodies", "false"},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(messages(one.defaults), IsEmpty()) << one.defaults;
    EXPECT_THAT(messages(one.other),
                ElementsAre(std::string(one.path) + " is not supported yet; remove it or leave it at " +
                            std::string(one.shown)))
        << one.other;
  }
}

TEST(PendingKeys, AreTypedLikeAllOthers) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"cache: {max_size: big}", "cache.max_size: expected a size like 32MiB, got \"big\""},
      {"cache: on", "cache: expected a map, got a text"},
  };
  for (const auto& [text, message] : cases) EXPECT_THAT(messages(text), ElementsAre(message)) << text;
}

TEST(PendingKeys, IncludeSingleValuesOfKeysThatWork) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"server: {listen: \"unix:/run/weir.sock\"}",
       "server.listen: a unix socket is not supported yet; remove it or leave it at 127.0.0.1:8484"},
      {"state: {store: redis}", "state.store: redis is not supported yet; remove it or leave it at sqlite"},
  };
  for (const auto& [text, message] : cases) EXPECT_THAT(messages(text), ElementsAre(message)) << text;
  EXPECT_THAT(messages("state: {store: memory, path: other.db}"), IsEmpty());
}

}  // namespace
}  // namespace weir::config
