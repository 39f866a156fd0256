#include <gmock/gmock.h>

#include "unit/admin/admin_fixture.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class ModelsTest : public Admin {
 protected:
  json model(const std::string& id) {
    const json all = get("/admin/v1/models");
    for (const json& one : all["models"])
      if (one["id"] == id) return one;
    ADD_FAILURE() << "no model " << id;
    return {};
  }
};

TEST_F(ModelsTest, OneThatCanBeCalledHasNoReason) {
  const json one = model("p/vendor/m");
  EXPECT_EQ(one["callable"], true);
  EXPECT_EQ(one["state"], "ready");
  EXPECT_EQ(one["owner"], "p");
  EXPECT_TRUE(one["why"].is_null());
  EXPECT_TRUE(one["until"].is_null());
  EXPECT_EQ(one["targets"].size(), 2U);  // through each key
  EXPECT_EQ(one["targets"][1]["key"], "second");
}

TEST_F(ModelsTest, WhatNobodySaysItCanIsUnknownAndNotNothing) {
  EXPECT_TRUE(model("p/vendor/m").contains("capabilities"));
  EXPECT_TRUE(model("p/vendor/m")["capabilities"].is_null());
}

TEST_F(ModelsTest, OneThatWillBeBackSaysWhen) {
  for (const std::size_t target : {4U, 5U})
    pool(target).cool_down_model({quota::CooldownCause::capacity, clock_.now().boot + seconds(20 * target)},
                                 clock_.now());
  const json one = model("q/m");
  EXPECT_EQ(one["callable"], false);
  EXPECT_EQ(one["state"], "limited");
  EXPECT_EQ(one["why"], "capacity");
  EXPECT_EQ(one["until"], "2026-11-24T00:01:20Z");  // of the first
  EXPECT_EQ(one["until_in_s"], 80.0);
  EXPECT_EQ(one["targets"][1]["until_in_s"], 100.0);
}

TEST_F(ModelsTest, OneThatNeedsAPersonSaysWhatToDo) {
  for (const std::size_t target : {4U, 5U})
    pool(target).cool_down_model({quota::CooldownCause::not_on_plan, BootTime::max()}, clock_.now());
  const json one = model("q/m");
  EXPECT_EQ(one["state"], "unavailable");
  EXPECT_EQ(one["why"], "not_on_plan");
  EXPECT_TRUE(one["until"].is_null());
  EXPECT_FALSE(one["remedy"].is_null());
}

}  // namespace
}  // namespace weir::admin
