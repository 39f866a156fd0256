// Bodies whose end two readers may see in different places: lengths, codings, chunks and trailers. What is
// asked of each stands in refusals_test.cpp.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "component/server/refused.hpp"
#include "component/server/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace std::string_view_literals;
using Named = std::vector<std::pair<std::string, std::string_view>>;

template <class Make>
std::vector<Refusal> all_of(const Named& cases, int status, Make bytes_of) {
  std::vector<Refusal> all;
  for (const auto& [name, text] : cases) all.push_back({name, status, bytes_of(text)});
  return all;
}

// What follows "Transfer-Encoding:", line end included.
const Named kCodings{
    {"CommaBehind", " chunked,\r\n"},
    {"CommaBefore", " , chunked\r\n"},
    {"TwoCommas", " chunked,,chunked\r\n"},
    {"SpaceInside", " chun ked\r\n"},
    {"SemicolonBehind", " chunked;\r\n"},
    {"SingleQuotes", " 'chunked'\r\n"},
    {"Backslash", " chunked\\\r\n"},
    {"Deflate", " deflate\r\n"},
    {"Compress", " compress, chunked\r\n"},
    {"GzipOnBothSides", " gzip, chunked, gzip\r\n"},
    {"Trailers", " chunked, trailers\r\n"},
    {"Star", " *\r\n"},
    {"Dash", " -chunked\r\n"},
    {"Zero", " 0\r\n"},
    {"NulBehind", " chunked\0\r\n"sv},
    {"NulInside", " chun\0ked\r\n"sv},
    {"FormFeed",
     " \x0c"
     "chunked\r\n"},
    {"VerticalTabBehind", " chunked\x0b\r\n"},
    {"Backspace", " chunked\x08\r\n"},
    {"HighByte", " chunked\xff\r\n"},
    {"NoBreakSpace",
     " \xc2\xa0"
     "chunked\r\n"},
    {"FullwidthLetter", " \xef\xbd\x83hunked\r\n"},
    {"BareLf", " chunked\n"},
    {"BareCr", " chunked\r \r\n"},
    {"CrInside", " chun\rked\r\n"},
    {"FoldedByTab", "\r\n\tchunked\r\n"},
    {"FoldedBehind", " chunked\r\n , identity\r\n"},
    {"GzipInASecondLine", " chunked\r\nTRANSFER-ENCODING: gzip\r\n"},
    {"EmptyInASecondLine", " chunked\r\ntransfer-encoding:\r\n"},
    {"LengthOfZero", " chunked\r\nContent-Length: 0\r\n"},
    {"NegativeLength", " chunked\r\nContent-Length: -1\r\n"},
    {"EmptyLength", " chunked\r\nContent-Length:\r\n"},
    {"TwoLengths", " chunked\r\nContent-Length: 5\r\nContent-Length: 5\r\n"},
    {"LengthThatConnectionNames", " chunked\r\nContent-Length: 5\r\nConnection: content-length\r\n"},
};
INSTANTIATE_TEST_SUITE_P(MoreTransferEncoding, Refused,
                         testing::ValuesIn(all_of(kCodings, 400,
                                                  [](std::string_view text) {
                                                    return with_framing("Transfer-Encoding:" +
                                                                        std::string(text));
                                                  })),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    OddTransferEncoding, Refused,
    testing::Values(
        Refusal{"In10WithKeepAlive", 400,
                with_framing("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.0")},
        Refusal{"In10WithLength", 400,
                with_framing("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.0")},
        Refusal{"OfAGet", 400, with_line("Transfer-Encoding: gzip")},
        Refusal{"OfAGetWithLength", 400, with_line("Transfer-Encoding: chunked\r\nContent-Length: 5")},
        Refusal{"TabBeforeColon", 400, with_framing("Transfer-Encoding\t: chunked\r\n")},
        Refusal{"CrBeforeColon", 400, with_framing("Transfer-Encoding\r: chunked\r\n")},
        Refusal{"NulInName", 400, with_framing("Transfer-Enco\0ding: chunked\r\n"sv)},
        Refusal{"SpaceBeforeName", 400, with_framing(" Transfer-Encoding: chunked\r\n")},
        Refusal{"NoColon", 400, with_framing("Transfer-Encoding chunked\r\n")},
        Refusal{"LfBeforeName", 400, with_framing("X: y\nTransfer-Encoding: chunked\r\n")},
        Refusal{"CrBeforeName", 400, with_framing("X: y\rTransfer-Encoding: chunked\r\n")}),
    case_name);

// What follows "Content-Length:", line end included.
const Named kLengths{
    {"Decimal", " 5.0\r\n"},
    {"Exponent", " 5e0\r\n"},
    {"Underscore", " 1_0\r\n"},
    {"Apostrophe", " 1'0\r\n"},
    {"LetterBehind", " 5x\r\n"},
    {"LetterBefore", " x5\r\n"},
    {"Quoted", " \"5\"\r\n"},
    {"Semicolon", " 5;\r\n"},
    {"SpaceInside", " 5 5\r\n"},
    {"TabInside", " 5\t5\r\n"},
    {"MinusZero", " -0\r\n"},
    {"PlusZero", " +0\r\n"},
    {"HexZero", " 0x0\r\n"},
    {"HexDigits", " 5a\r\n"},
    {"OctalPrefix", " 0o5\r\n"},
    {"ListThatDiffers", " 5, 0\r\n"},
    {"ListOfThree", " 5,5,5\r\n"},
    {"CommaBefore", " ,5\r\n"},
    {"CommaBehind", " 5,\r\n"},
    {"NulBehind", " 5\0\r\n"sv},
    {"VerticalTab",
     " \x0b"
     "5\r\n"},
    {"NoBreakSpace",
     " \xa0"
     "5\r\n"},
    {"ArabicDigit", " \xd9\xa5\r\n"},
    {"FullwidthDigit", " \xef\xbc\x95\r\n"},
    {"Infinity", " inf\r\n"},
    {"Null", " null\r\n"},
    {"OnlySpaces", "   \r\n"},
    {"AllOfSixtyFourBits", " 18446744073709551615\r\n"},
    {"WrapsToFive", " 18446744073709551621\r\n"},
    {"ManyZeros", " 000000000000000000000005\r\n"},
    {"BareLf", " 5\n"},
    {"BareCr", " 5\r \r\n"},
    {"Folded", "\r\n 5\r\n"},
    {"FoldedBehind", " 5\r\n 0\r\n"},
    {"TwoCases", " 5\r\ncontent-length: 6\r\n"},
    {"EmptyFirst", "\r\nContent-Length: 5\r\n"},
    {"EmptySecond", " 5\r\nContent-Length:\r\n"},
    {"LineBetween", " 5\r\nX: y\r\nContent-Length: 0\r\n"},
};
INSTANTIATE_TEST_SUITE_P(MoreContentLength, Refused,
                         testing::ValuesIn(all_of(kLengths, 400,
                                                  [](std::string_view text) {
                                                    return with_framing("Content-Length:" +
                                                                        std::string(text));
                                                  })),
                         case_name);

INSTANTIATE_TEST_SUITE_P(
    OddContentLength, Refused,
    testing::Values(
        Refusal{"SpaceBeforeColon", 400, with_framing("Content-Length : 5\r\n")},
        Refusal{"OfAGet", 400, with_line("Content-Length: 5\r\nContent-Length: 0")},
        Refusal{"OfAGetNegative", 400, with_line("Content-Length: -5")},
        Refusal{"In10Twice", 400, with_framing("Content-Length: 5\r\nContent-Length: 0\r\n", "HTTP/1.0")},
        Refusal{"AllOfSixtyThreeBits", 413, with_framing("Content-Length: 9223372036854775807\r\n")}),
    case_name);

const Named kChunks{
    {"SizeIsNoDigit", "g\r\nhello\r\n0\r\n\r\n"},
    {"SizeIsHexPrefixOnly", "0x\r\n\r\n"},
    {"SizeWithH", "5h\r\nhello\r\n0\r\n\r\n"},
    {"SizeWithUnderscore", "0_5\r\nhello\r\n0\r\n\r\n"},
    {"SizeWithPoint", "5.0\r\nhello\r\n0\r\n\r\n"},
    {"SizeWithComma", "5,5\r\nhello\r\n0\r\n\r\n"},
    {"SizeWithHash", "#5\r\nhello\r\n0\r\n\r\n"},
    {"SizeQuoted", "\"5\"\r\nhello\r\n0\r\n\r\n"},
    {"SizeIsFullwidth", "\xef\xbc\x95\r\nhello\r\n0\r\n\r\n"},
    {"SpaceBeforeSize", " 5\r\nhello\r\n0\r\n\r\n"},
    {"TabBeforeSize", "\t5\r\nhello\r\n0\r\n\r\n"},
    {"TabBehindSize", "5\t\r\nhello\r\n0\r\n\r\n"},
    {"SpaceInsideSize", "0 5\r\nhello\r\n0\r\n\r\n"},
    {"NulBehindSize", "5\0\r\nhello\r\n0\r\n\r\n"sv},
    {"NulBeforeSize", "\0005\r\nhello\r\n0\r\n\r\n"sv},
    {"MinusZero", "-0\r\n\r\n"},
    {"PlusZero", "+0\r\n\r\n"},
    {"EmptyLineFirst", "\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"LfFirst", "\n5\r\nhello\r\n0\r\n\r\n"},
    {"TwoCrs", "5\r\r\nhello\r\n0\r\n\r\n"},
    {"CrOnly", "5\rhello\r0\r\r"},
    {"LfCr", "5\n\rhello\r\n0\r\n\r\n"},
    {"CrThenByte", "5\rX\nhello\r\n0\r\n\r\n"},
    {"WrapsToFive", "10000000000000005\r\nhello\r\n0\r\n\r\n"},
    {"SixtyFourBitsAndOne", "10000000000000000\r\nhello\r\n0\r\n\r\n"},
    {"ThirtyDigits", "000000000000fffffffffffffffffff\r\nhello\r\n0\r\n\r\n"},
    {"ExtensionEndsInLf", "5;a=b\nhello\r\n0\r\n\r\n"},
    {"ExtensionHasCr", "5;a\rb\r\nhello\r\n0\r\n\r\n"},
    {"ExtensionHasNul", "5;a=\0\r\nhello\r\n0\r\n\r\n"sv},
    {"ExtensionHasControl", "5;a=\x01\r\nhello\r\n0\r\n\r\n"},
    {"ExtensionHasDelete", "5;a=\x7f\r\nhello\r\n0\r\n\r\n"},
    {"ExtensionWithoutSemicolon", "5 a=b\r\nhello\r\n0\r\n\r\n"},
    {"CrLfInQuotedExtension", "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n"},
    {"EscapedLfInQuotedExtension", "5;a=\"\\\n\"\r\nhello\r\n0\r\n\r\n"},
    {"DataWithoutEnd", "5\r\nhello5\r\nhello\r\n0\r\n\r\n"},
    {"DataEndsInCr", "5\r\nhello\r0\r\n\r\n"},
    {"DataEndsInLf", "5\r\nhello\n0\r\n\r\n"},
    {"DataEndsInLfCr", "5\r\nhello\n\r0\r\n\r\n"},
    {"DataEndsInTwoCrs", "5\r\nhello\r\r\n0\r\n\r\n"},
    {"DataIsShort", "6\r\nhello\r\n0\r\n\r\n"},
    {"DataIsLong", "4\r\nhello\r\n0\r\n\r\n"},
    {"EndWithoutCr", "0\r\n\n"},
    {"EndByLfs", "0\n\n"},
    {"EndOfTwoCrs", "0\r\n\r\r\n"},
    {"TrailerWithoutColon", "0\r\ntrailer\r\n\r\n"},
    {"TrailerWithoutName", "0\r\n: x\r\n\r\n"},
    {"TrailerWithSpaceBeforeColon", "0\r\nx : y\r\n\r\n"},
    {"TrailerWithSpaceBeforeName", "0\r\n x: y\r\n\r\n"},
    {"TrailerEndsInLf", "0\r\nx: y\n\r\n"},
    {"TrailerHasCr", "0\r\nx: a\rb\r\n\r\n"},
    {"TrailerHasNul", "0\r\nx: \0\r\n\r\n"sv},
    {"TrailerHasControl", "0\r\nx: \x1f\r\n\r\n"},
    {"TrailerNameHasHighByte", "0\r\n\xe9: y\r\n\r\n"},
    {"TrailerFoldedByTab", "0\r\nx: a\r\n\tb\r\n\r\n"},
    {"ChunkBehindTheLast", "0\r\n5\r\nhello\r\n0\r\n\r\n"},
};
INSTANTIATE_TEST_SUITE_P(MoreChunks, Refused, testing::ValuesIn(all_of(kChunks, 400, with_chunks)),
                         case_name);

std::string many_trailers() {
  std::string lines = "0\r\n";
  for (int i = 0; i < 300; ++i)
    lines += "x-" + std::to_string(1000 + i) + ": " + std::string(20, 'y') + "\r\n";
  return lines + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    LargeChunks, Refused,
    testing::Values(
        Refusal{"SizeOfManyZeros", 400, with_chunks(std::string(5000, '0') + "5\r\nhello\r\n0\r\n\r\n")},
        Refusal{"SpacesBehindSize", 400,
                with_chunks("5" + std::string(5000, ' ') + ";a\r\nhello\r\n0\r\n\r\n")},
        Refusal{"ManyTrailers", 400, with_chunks(many_trailers())},
        Refusal{"TrailerNameOf9KiB", 400, with_chunks("0\r\n" + std::string(9000, 'n') + ": y\r\n\r\n")},
        Refusal{"OneMoreThanTheLimit", 413, with_chunks("2000001\r\nhello")},
        Refusal{"AllOfThirtyTwoBits", 413, with_chunks("ffffffff\r\nhello")},
        Refusal{"AllOfSixtyThreeBits", 413, with_chunks("7fffffffffffffff\r\nhello")},
        Refusal{"AllOfSixtyFourBits", 413, with_chunks("ffffffffffffffff\r\nhello")}),
    case_name);

// As much as may be is taken, and the next request is answered.
TEST(Framing, AtItsLimitsIsTaken) {
  TestServer server;
  RawClient client = server.connect();
  const std::string line = "5;" + std::string(4090, 'a') + "\r\nhello\r\n0\r\n\r\n";
  const std::string trailers = "0\r\nx: " + std::string(8000, 'y') + "\r\n\r\n";
  for (const std::string& body : {line, trailers, std::string("0000000000000005\r\nhello\r\n00\r\n\r\n"),
                                  std::string("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n"),
                                  std::string("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n")}) {
    EXPECT_EQ(client.exchange(with_chunks(body)).status, 200) << body.substr(0, 40);
  }
  EXPECT_EQ(client.exchange(get("/")).status, 200);
  EXPECT_EQ(server.handler().calls(), 6U);
}

}  // namespace
}  // namespace weir::test
