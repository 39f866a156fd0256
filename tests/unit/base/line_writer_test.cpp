#include "base/line_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

namespace weir {
namespace {

// A file that takes no more than a pipe does until somebody reads it.
class LineWriting : public ::testing::Test {
 protected:
  LineWriting() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~LineWriting() override { ::close(ends_[0]); }

  std::string read_until(std::string_view end) {
    std::string text;
    std::array<char, 65536> piece{};
    while (!text.ends_with(end)) {
      const ssize_t n = ::read(ends_[0], piece.data(), piece.size());
      if (n <= 0) return text;
      text.append(piece.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

  std::array<int, 2> ends_{};
};

std::string lost(std::uint64_t lines) {
  return "lost " + std::to_string(lines) + "\n";
}

TEST_F(LineWriting, KeepsTheirOrderAndWritesTheLastOnesAtTheEnd) {
  std::string wanted;
  {
    LineWriter writer(ends_[1], true, lost);
    for (int i = 0; i < 1000; ++i) {
      const std::string line = std::to_string(i) + "\n";
      writer.write(line);
      wanted += line;
    }
  }
  EXPECT_EQ(read_until("999\n"), wanted);
}

// A pipe that doesn't wait refuses what has no room, as a full disk does.
TEST_F(LineWriting, WhatAFullDiskDoesntTakeIsCountedAndToldOnALineOfItsOwn) {
  ASSERT_EQ(::fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0);
  LineWriter writer(ends_[1], true, lost);
  const std::string line = std::string(100'000, 'x') + "\n";
  writer.write(line);
  writer.flush();  // as much of it as the pipe holds
  for (int i = 0; i < 3; ++i) {
    writer.write("none of it\n");
    writer.flush();
  }
  std::array<char, 65536> half{};
  ASSERT_EQ(::read(ends_[0], half.data(), half.size()), 65536);
  writer.write("room\n");
  EXPECT_EQ(read_until("lost 4\n"), "\nroom\nlost 4\n");
  writer.write("more\n");
  EXPECT_EQ(read_until("more\n"), "more\n");
}

TEST_F(LineWriting, WhatADiskThatStandsStillCantTakeIsCountedAndToldAndHoldsNobodyUp) {
  LineWriter writer(ends_[1], true, lost);
  const std::string line = std::string((1U << 20U) - 1, 'x') + "\n";
  constexpr int kLines = 64;  // four times as much as may be pending
  for (int i = 0; i < kLines; ++i) writer.write(line);
  // What is under way and what was pending comes first, then how many didn't.
  std::string seen = read_until("\n");
  while (seen.find("lost ") == std::string::npos) seen += read_until("\n");
  const std::size_t told = seen.find("lost ");
  const int missing = std::stoi(seen.substr(told + 5));
  const auto came =
      static_cast<int>(std::count(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(told), '\n'));
  EXPECT_EQ(came + missing, kLines);
  EXPECT_GT(missing, kLines / 2);
}

}  // namespace
}  // namespace weir
