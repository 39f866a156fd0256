#include "transport/byte_buffer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::transport {
namespace {

// Otherwise a client that sends requests in a row, each cut by a read, takes all memory.
TEST(ByteBuffer, WhatIsTakenFromTheFrontIsRoomAgain) {
  const std::string piece(1448, 'x');
  ByteBuffer buffer;
  std::size_t fed = 0;
  std::size_t taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    buffer.append(piece);
    fed += piece.size();
    constexpr std::size_t kRequest = 32'749;
    while (buffer.size() > kRequest) {
      buffer.consume(kRequest);
      taken += kRequest;
    }
  }
  EXPECT_EQ(buffer.size(), fed - taken);
  EXPECT_LE(buffer.capacity(), 256U * 1024U);
}

TEST(ByteBuffer, BytesKeepTheirOrderWhenTheyAreMoved) {
  ByteBuffer buffer;
  std::string all;
  std::string taken;
  for (int i = 0; i < 2'000; ++i) {
    const std::string piece = std::to_string(i) + " ";
    buffer.append(piece);
    all += piece;
    if (buffer.size() > 20) {
      taken += buffer.text().substr(0, 15);
      buffer.consume(15);
    }
  }
  EXPECT_EQ(taken + std::string(buffer.text()), all);
}

TEST(ByteBuffer, BytesWrittenIntoItsSpaceAreAppendedWhereTheyLie) {
  ByteBuffer buffer;
  buffer.reserve(8);
  buffer.space()[0] = 'a';
  buffer.append({buffer.space().data(), 1});
  buffer.append("bc");
  EXPECT_EQ(buffer.text(), "abc");
}

}  // namespace
}  // namespace weir::transport
