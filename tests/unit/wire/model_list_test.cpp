#include "weir/wire/model_list.hpp"

#include <gtest/gtest.h>

namespace weir::wire {
namespace {

using Ids = std::vector<std::string>;

TEST(ModelList, ReadsTheShapesThatProvidersHave) {
  EXPECT_EQ(read_model_ids(R"({"object":"list","data":[{"id":"a/b:free","context":1},{"id":"c"}]})"),
            (Ids{"a/b:free", "c"}));
  EXPECT_EQ(read_model_ids(R"([{"id":"a"},{"object":"model","id":"b"}])"), (Ids{"a", "b"}));
  EXPECT_EQ(read_model_ids(R"({"data":[{"id":"models/gemini-3.5-flash"}]})"), Ids{"gemini-3.5-flash"});
  EXPECT_EQ(read_model_ids(R"({"data":[1,{},{"id":null},{"id":"x"}]})"), Ids{"x"});
  EXPECT_EQ(read_model_ids(R"({"data":[]})"), Ids{});
}

TEST(ModelList, TakesNothingElseForAnEmptyList) {
  for (const char* body : {"", "<html>", "{}", R"({"error":"x"})", R"({"data":{}})", R"({"data":[)", "3"})
    EXPECT_FALSE(read_model_ids(body)) << body;
}

}  // namespace
}  // namespace weir::wire
