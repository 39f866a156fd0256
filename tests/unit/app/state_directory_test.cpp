#include "app/state_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "app/private_files.hpp"
#include "support/temp_folder.hpp"

namespace weir::app {
namespace {

using testing::HasSubstr;

class StateDirectoryTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path at(const char* name) const { return folder.path() / name; }

  const weir::test::TempFolder folder;
};

TEST_F(StateDirectoryTest, IsHeldByOne) {
  const auto first = StateDirectory::claim(at("state"), "weir.db");
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->announce({.url = "http://127.0.0.1:1", .pid = ::getpid(), .certificate = {}}));
  const auto second = StateDirectory::claim(at("state"), "weir.db");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("pid " + std::to_string(::getpid())));
}

// A reload announces once more: where that fails what stands there is still ours.
TEST_F(StateDirectoryTest, AnAnnouncementThatFailsTakesAwayOnlyWhatIsAnothers) {
  const auto state = StateDirectory::claim(at("state"), "weir.db");
  ASSERT_TRUE(state);
  std::filesystem::create_directory(at("state/daemon.json.new"));  // nothing can be written there
  for (const bool ours : {true, false}) {
    std::ofstream(at("state/daemon.json"))
        << R"({"url":"http://127.0.0.1:1","pid":)" << (ours ? ::getpid() : ::getpid() + 1) << "}";
    EXPECT_FALSE(state->announce({.url = "http://127.0.0.1:1", .pid = ::getpid(), .certificate = {}}));
    EXPECT_EQ(read_daemon_file(at("state")).has_value(), ours);
  }
}

TEST_F(StateDirectoryTest, TellsHowTheDaemonIsFoundAndKnown) {
  const auto state = StateDirectory::claim(at("state"), "weir.db");
  ASSERT_TRUE(state);
  ASSERT_TRUE(state->announce({.url = "https://127.0.0.1:1", .pid = 7, .certificate = "ab12"}));
  const auto file = read_daemon_file(at("state"));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->url, "https://127.0.0.1:1");
  EXPECT_EQ(file->pid, 7);
  EXPECT_EQ(file->certificate, "ab12");
}

TEST_F(StateDirectoryTest, ADatabaseElsewhereIsHeldByOneToo) {
  const std::string database = at("shared.db").string();
  std::optional<Result<StateDirectory>> first = StateDirectory::claim(at("one"), database);
  ASSERT_TRUE(*first);
  for (const std::string& same : {database, at("one/../shared.db").string()}) {
    const auto second = StateDirectory::claim(at("two"), same);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message,
                HasSubstr("in use by the weir with pid " + std::to_string(::getpid())));
  }
  EXPECT_TRUE(StateDirectory::claim(at("two"), at("other.db").string()));
  first.reset();
  EXPECT_TRUE(StateDirectory::claim(at("two"), database));
}

TEST_F(StateDirectoryTest, ADatabaseInAnothersDirectoryIsHeldByOneToo) {
  const std::string database = at("one/weir.db").string();
  {
    const auto owner = StateDirectory::claim(at("one"), "weir.db");
    ASSERT_TRUE(owner);
    EXPECT_FALSE(StateDirectory::claim(at("two"), database));
  }
  const auto other = StateDirectory::claim(at("two"), database);
  ASSERT_TRUE(other);
  EXPECT_FALSE(StateDirectory::claim(at("one"), "weir.db"));
}

TEST_F(StateDirectoryTest, ADatabaseThatIsNotUsedIsNotHeldAndMadePrivateAllTheSame) {
  std::filesystem::create_directory(at("one"));
  ::chmod(at("one").c_str(), 0775);
  std::ofstream(at("one/weir.db")) << "of an earlier run";
  ::chmod(at("one/weir.db").c_str(), 0644);
  const auto first = StateDirectory::claim(at("one"), "weir.db", StateDirectory::Database::none);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(std::filesystem::status(at("one/weir.db")).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_TRUE(StateDirectory::claim(at("two"), at("one/weir.db").string()));
}

TEST_F(StateDirectoryTest, ADatabaseThatCantBeLockedIsTheStoresMatter) {
  EXPECT_TRUE(StateDirectory::claim(at("state"), at("nowhere/weir.db").string()));
}

TEST_F(StateDirectoryTest, WhatCantBeMadePrivateIsToldWithoutAChange) {
  std::filesystem::create_directory(at("state"));
  ::chmod(at("state").c_str(), 0777);
  EXPECT_TRUE(check_directory(at("state"), "weir.db"));
  std::ofstream(at("state/somebodys.txt")) << "x";
  const auto checked = check_directory(at("state"), "weir.db");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, StateDirectory::claim(at("state"), "weir.db").error().message);
  struct stat found {};
  ASSERT_EQ(::stat(at("state").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0777U);
}

TEST_F(StateDirectoryTest, ADaemonThatHasEndedIsKnownToHave) {
  EXPECT_TRUE(is_alive({.url = "", .pid = ::getpid(), .certificate = {}}));
  EXPECT_FALSE(is_alive({.url = "", .pid = 0, .certificate = {}}));
  EXPECT_FALSE(is_alive({.url = "", .pid = 0x7fffffff, .certificate = {}}));
}

}  // namespace
}  // namespace weir::app
