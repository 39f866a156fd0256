#include "weir/http/chunked.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {
namespace {

struct Decoded {
  bool failed = false;
  bool done = false;
  std::string body;
  std::string rest;  // what the decoder did not touch

  bool operator==(const Decoded&) const = default;
};

// Feeds the pieces one after the other, as reads would bring them.
Decoded decode(const std::vector<std::string_view>& pieces) {
  ChunkedDecoder decoder;
  Decoded result;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && !decoder.done()) {
      const auto step = decoder.decode(piece);
      if (!step) {
        result.failed = true;
        return result;
      }
      EXPECT_GT(step->consumed, 0U) << "no progress on " << piece;
      result.body += step->body;
      piece.remove_prefix(step->consumed);
    }
    result.rest += piece;
  }
  result.done = decoder.done();
  return result;
}

struct Case {
  const char* name;
  std::string wire;
  std::optional<std::string> body;  // nothing: refused
  std::string rest = "";
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name;
}

class Chunked : public testing::TestWithParam<Case> {};

TEST_P(Chunked, IsDecodedOrRefusedHoweverTheBytesArrive) {
  const Case& c = GetParam();
  const Decoded whole = decode({c.wire});
  EXPECT_EQ(whole.failed, !c.body.has_value());
  if (c.body) {
    EXPECT_TRUE(whole.done);
    EXPECT_EQ(whole.body, *c.body);
    EXPECT_EQ(whole.rest, c.rest);
  }

  const std::string_view wire = c.wire;
  for (std::size_t at = 0; at <= wire.size(); ++at) {
    const Decoded halves = decode({wire.substr(0, at), wire.substr(at)});
    EXPECT_EQ(halves.failed, whole.failed) << "split at " << at;
    if (!whole.failed) {
      EXPECT_EQ(halves, whole) << "split at " << at;
    }
  }
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < wire.size(); ++at) bytes.push_back(wire.substr(at, 1));
  const Decoded single = decode(bytes);
  EXPECT_EQ(single.failed, whole.failed);
  if (!whole.failed) {
    EXPECT_EQ(single, whole);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Framing, Chunked,
    testing::Values(Case{"Empty", "0\r\n\r\n", ""}, Case{"OneChunk", "5\r\nhello\r\n0\r\n\r\n", "hello"},
                    Case{"TwoChunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
                    Case{"HexInBothCases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
                         "01234567890123456789"},
                    Case{"LeadingZeros", "0005\r\nhello\r\n000\r\n\r\n", "hello"},
                    Case{"BodyThatLooksLikeFraming", "7\r\n0\r\n\r\nab\r\n0\r\n\r\n", "0\r\n\r\nab"},
                    Case{"NextRequestIsLeftAlone", "0\r\n\r\nGET / HTTP/1.1\r\n", "", "GET / HTTP/1.1\r\n"},
                    Case{"Extension", "5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello"},
                    Case{"QuotedExtension", "5;a=\"x;\\\"y\"\r\nhello\r\n0\r\n\r\n", "hello"},
                    Case{"SpaceBeforeExtension", "5 \t;a\r\nhello\r\n0\r\n\r\n", "hello"},
                    Case{"TrailersAreDropped", "0\r\nAuthorization: x\r\nHost: y\r\n\r\n", ""},
                    Case{"EmptyTrailerValue", "0\r\nx:\r\n\r\n", ""},

                    Case{"NoSize", "\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"OnlyExtension", ";a=b\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"HexPrefix", "0x5\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"Plus", "+5\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"Minus", "-5\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"Underscore", "1_0\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"SpaceFirst", " 5\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"SpaceBehindSize", "5 \r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"SpaceInSize", "5 5\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"SizeOf17Digits", "10000000000000005\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"BareLfBehindSize", "5\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"BareCrBehindSize", "5\rhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"BareLfBehindData", "5\r\nhello\n0\r\n\r\n", std::nullopt},
                    Case{"DataLongerThanSize", "5\r\nhello!\r\n0\r\n\r\n", std::nullopt},
                    Case{"DataShorterThanSize", "5\r\nhell\r\n0\r\n\r\n", std::nullopt},
                    Case{"WrongByteBehindDataCr", "5\r\nhello\rX0\r\n\r\n", std::nullopt},
                    Case{"LfInExtension", "5;a\nb\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"LfInQuotedExtension", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"CrLfInQuotedExtension", "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"EscapedLfInExtension", "5;a=\"\\\n\"\r\nhello\r\n0\r\n\r\n", std::nullopt},
                    Case{"NulInExtension", std::string("5;\0\r\nhello\r\n0\r\n\r\n", 17), std::nullopt},
                    Case{"BareLfAtTheEnd", "0\r\n\n", std::nullopt},
                    Case{"BareCrAtTheEnd", "0\r\n\rX", std::nullopt},
                    Case{"RequestInPlaceOfTheEnd", "0\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", std::nullopt},
                    Case{"FoldedTrailer", "0\r\na: b\r\n c\r\n\r\n", std::nullopt},
                    Case{"TrailerWithoutName", "0\r\n: b\r\n\r\n", std::nullopt},
                    Case{"SpaceBeforeTrailerColon", "0\r\na : b\r\n\r\n", std::nullopt},
                    Case{"BareLfInTrailer", "0\r\na: b\n\r\n", std::nullopt},
                    Case{"BareCrInTrailer", "0\r\na: b\rc\r\n\r\n", std::nullopt},
                    Case{"NulInTrailer", std::string("0\r\na: \0\r\n\r\n", 11), std::nullopt}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ChunkedDecoder, AChunkLineMayHave4KiBAndNoMore) {
  const auto with_extension = [](std::size_t line) {
    return "0;" + std::string(line - 2 - 1, 'x') + "\r\n\r\n";  // the CR counts, the LF doesn't
  };
  EXPECT_TRUE(decode({with_extension(ChunkedDecoder::kMaxLine)}).done);
  EXPECT_TRUE(decode({with_extension(ChunkedDecoder::kMaxLine + 1)}).failed);
  EXPECT_TRUE(decode({"0;" + std::string(100 * 1024, 'x')}).failed);
  EXPECT_TRUE(decode({std::string(100 * 1024, '0')}).failed);
}

TEST(ChunkedDecoder, EachChunkHasALineOfItsOwn) {
  std::string wire;
  for (int i = 0; i < 10; ++i) wire += "1;" + std::string(ChunkedDecoder::kMaxLine / 2, 'x') + "\r\na\r\n";
  const Decoded decoded = decode({wire + "0\r\n\r\n"});
  EXPECT_TRUE(decoded.done);
  EXPECT_EQ(decoded.body, "aaaaaaaaaa");
}

TEST(ChunkedDecoder, TrailersHave8KiBInAllAndNoMore) {
  std::string trailers;
  while (trailers.size() + 64 < ChunkedDecoder::kMaxTrailers)
    trailers += "name: " + std::string(54, 'x') + "\r\n";
  EXPECT_TRUE(decode({"0\r\n" + trailers + "\r\n"}).done);
  EXPECT_TRUE(decode({"0\r\n" + trailers + trailers + "\r\n"}).failed);
  EXPECT_TRUE(decode({"0\r\nname: " + std::string(100 * 1024, 'x') + "\r\n\r\n"}).failed);
}

TEST(ChunkedDecoder, BodyIsAViewIntoTheInput) {
  const std::string wire = "5\r\nhello\r\n0\r\n\r\n";
  ChunkedDecoder decoder;
  const auto step = decoder.decode(wire);
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->body.data(), wire.data() + 3);
  EXPECT_EQ(step->consumed, 8U);
}

TEST(ChunkedDecoder, AfterTheEndItConsumesNothing) {
  ChunkedDecoder decoder;
  ASSERT_TRUE(decoder.decode("0\r\n\r\n").has_value());
  ASSERT_TRUE(decoder.done());
  const auto step = decoder.decode("5\r\nhello\r\n");
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->consumed, 0U);
  EXPECT_EQ(step->body, "");
}

}  // namespace
}  // namespace weir::http
