#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>

// Ways to be refused before the handler is asked, as bytes on the wire. What is asked of each stands in
// refusals_test.cpp.
namespace weir::test {

struct Refusal {
  std::string name;
  int status = 0;
  std::string bytes;
};

inline std::ostream& operator<<(std::ostream& out, const Refusal& c) {
  return out << c.name;
}

class Refused : public testing::TestWithParam<Refusal> {};

inline std::string with_line(std::string_view line) {
  return "GET / HTTP/1.1\r\nHost: localhost\r\n" + std::string(line) + "\r\n\r\n";
}
inline std::string with_request_line(std::string_view line) {
  return std::string(line) + "\r\nHost: localhost\r\n\r\n";
}
inline std::string with_host_lines(std::string_view lines) {
  return "GET / HTTP/1.1\r\n" + std::string(lines) + "\r\n";
}
// A JSON POST with these framing lines, and five bytes that a lenient server might take for its body.
inline std::string with_framing(std::string_view lines, std::string_view version = "HTTP/1.1") {
  return "POST / " + std::string(version) + "\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         std::string(lines) + "\r\n0\r\n\r\n";
}
inline std::string with_chunks(std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
         "chunked\r\n\r\n" +
         std::string(body);
}

inline std::string case_name(const testing::TestParamInfo<Refusal>& test) {
  return test.param.name;
}

}  // namespace weir::test
