#include "weir/http/field_lines.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace weir::http {
namespace {

TEST(FieldLines, AreWhatIsSent) {
  FieldLines lines;
  lines.add("x-weir-key: ", "main");
  lines.add("x-weir-queue-ms: ", 0);
  lines.add("x-ratelimit-limit-tokens: ", std::numeric_limits<std::uint64_t>::max());
  FieldLines all;
  all.add("x-request-id: ", "req_1");
  all.append(lines);
  EXPECT_EQ(all.text(),
            "x-request-id: req_1\r\n"
            "x-weir-key: main\r\n"
            "x-weir-queue-ms: 0\r\n"
            "x-ratelimit-limit-tokens: 18446744073709551615\r\n");
  all.give_back();
  EXPECT_EQ(all.text(), "");
}

// Names of models, keys and clients end up in them.
TEST(FieldLines, LeaveOutWhatWouldBreakOutOfItsLine) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool breaks_out = (byte < 0x20 && c != '\t') || byte == 0x7F;
    for (std::size_t before = 0; before < 18; ++before) {
      const std::string value = std::string(before, 'v') + c + "set-cookie: x";
      FieldLines lines;
      lines.add("x-weir-served-by: ", value);
      EXPECT_EQ(lines.text(), breaks_out ? "" : "x-weir-served-by: " + value + "\r\n")
          << byte << " at " << before;
    }
  }
}

}  // namespace
}  // namespace weir::http
