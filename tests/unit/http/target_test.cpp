#include "weir/http/target.hpp"

#include <gtest/gtest.h>

#include "weir/http/credentials.hpp"

namespace weir::http {
namespace {

TEST(Target, EscapesAreTakenBack) {
  EXPECT_EQ(unescape("openai%2Fgpt-oss%2f120b"), "openai/gpt-oss/120b");
  EXPECT_EQ(unescape("a+b"), "a+b");
}

TEST(Target, WhatIsNoEscapeStaysAsItIs) {
  for (const std::string_view text : {"%", "%2", "%zz", "100%", "%%", "a%2"}) EXPECT_EQ(unescape(text), text);
}

TEST(Target, EscapingComesBackWhole) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(unescape(escape(all)), all);
  EXPECT_EQ(escape("a/b c:free*"), "a%2Fb%20c%3Afree%2A");
}

TEST(Target, QueryValuesAreFoundByTheirName) {
  EXPECT_EQ(query_value("/p?model=a%2Fb&x=1", "model"), "a/b");
  EXPECT_EQ(query_value("/p?x=1&model=a", "model"), "a");
  EXPECT_EQ(query_value("/p?model", "model"), "");
  EXPECT_EQ(query_value("/p?models=a", "model"), std::nullopt);
  EXPECT_EQ(query_value("/p", "model"), std::nullopt);
  EXPECT_EQ(query_value("/model=a", "model"), std::nullopt);
}

TEST(Credential, IsTheBearerTokenOrElseTheApiKey) {
  Fields fields;
  EXPECT_EQ(credential(fields), "");
  fields.add("x-api-key", "one");
  EXPECT_EQ(credential(fields), "one");
  fields.add("authorization", "bearer  two ");
  EXPECT_EQ(credential(fields), "two");
}

TEST(Credential, AnotherSchemeIsNone) {
  Fields fields;
  fields.add("authorization", "Basic b25l");
  EXPECT_EQ(credential(fields), "");
}

}  // namespace
}  // namespace weir::http
