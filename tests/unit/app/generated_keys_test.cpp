#include "app/generated_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temp_folder.hpp"

namespace weir::app {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class GeneratedKeysTest : public testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(directory / kKeysFile) << text; }

  const weir::test::TempFolder folder;
  const std::filesystem::path directory = folder.path();
};

TEST_F(GeneratedKeysTest, AreDifferentEachTimeAndHardToGuess) {
  const auto first = GeneratedKeys::find(directory);
  const auto second = GeneratedKeys::find(directory);
  ASSERT_TRUE(first && second);
  EXPECT_THAT(first->keys().client, MatchesRegex("weir-client-[0-9a-f]{32}"));
  EXPECT_THAT(first->keys().admin, MatchesRegex("weir-admin-[0-9a-f]{32}"));
  EXPECT_NE(first->keys().client, second->keys().client);
  EXPECT_NE(first->keys().admin, second->keys().admin);
  EXPECT_NE(first->keys().client.substr(12), first->keys().admin.substr(11));
}

TEST_F(GeneratedKeysTest, StandNowhereUntilTheyAreKept) {
  const auto found = GeneratedKeys::find(directory);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->are_kept());
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  EXPECT_FALSE(kept_keys(directory));
}

TEST_F(GeneratedKeysTest, AreFoundAgainByTheNextStart) {
  auto made = GeneratedKeys::find(directory);
  ASSERT_TRUE(made);
  const mode_t before = ::umask(0);
  const auto kept = made->keep();
  ::umask(before);
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_TRUE(made->are_kept());
  struct stat found {};
  ASSERT_EQ(::stat(made->file().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0600U);

  const auto later = GeneratedKeys::find(directory);
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->are_kept());
  EXPECT_EQ(later->keys().client, made->keys().client);
  EXPECT_EQ(later->keys().admin, made->keys().admin);
  ASSERT_TRUE(kept_keys(directory));
  EXPECT_EQ(kept_keys(directory)->admin, made->keys().admin);
}

// Nobody's keys are replaced in silence.
TEST_F(GeneratedKeysTest, AFileThatHoldsSomethingElseIsAnErrorWithARemedy) {
  for (const char* const text :
       {"", "WEIR_CLIENT_KEY=weir-client-0123456789\n", "WEIR_CLIENT_KEY=\nWEIR_ADMIN_KEY=\n",
        "WEIR_CLIENT_KEY=short\nWEIR_ADMIN_KEY=weir-admin-0123456789\n"}) {
    write(text);
    const auto found = GeneratedKeys::find(directory);
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(found.error().kind, ErrorKind::io);
    EXPECT_THAT(found.error().message, HasSubstr("remove the file to have new keys made"));
    EXPECT_FALSE(kept_keys(directory));
  }
}

TEST_F(GeneratedKeysTest, ThoseOfAnotherStartMeanwhileAreLeftAlone) {
  auto late = GeneratedKeys::find(directory);
  auto early = GeneratedKeys::find(directory);
  ASSERT_TRUE(late && early);
  ASSERT_TRUE(early->keep());
  const auto kept = late->keep();
  ASSERT_FALSE(kept);
  EXPECT_THAT(kept.error().message, HasSubstr("start again"));
  EXPECT_EQ(kept_keys(directory)->client, early->keys().client);
}

// A crash while they were written leaves a draft behind, which is nobody's keys.
TEST_F(GeneratedKeysTest, ADraftOfAnEarlierStartIsNoHindrance) {
  std::ofstream(directory / "keys.env.new") << "WEIR_CLIENT_KEY=we";
  auto made = GeneratedKeys::find(directory);
  ASSERT_TRUE(made);
  ASSERT_TRUE(made->keep());
  EXPECT_FALSE(std::filesystem::exists(directory / "keys.env.new"));
  EXPECT_TRUE(kept_keys(directory));
}

TEST_F(GeneratedKeysTest, ADirectoryThatIsNotThereIsAnErrorOfKeeping) {
  auto made = GeneratedKeys::find(directory / "gone");
  ASSERT_TRUE(made);
  const auto kept = made->keep();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().kind, ErrorKind::io);
}

}  // namespace
}  // namespace weir::app
