// Any bytes as a request's head, through the very parser the sessions use. What passes must be what we
// promise to everything behind it, and must not depend on how the bytes arrived.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "transport/request_parser.hpp"

namespace {

using weir::http::Framing;
using weir::transport::ParsedHead;
using weir::transport::RequestParser;

void require(bool condition) {
  if (!condition) std::abort();
}

std::size_t blank_line(std::string_view bytes) {
  return bytes.find("\r\n\r\n");
}

void check_promises(const ParsedHead& parsed, std::string_view raw) {
  const auto& head = parsed.head;
  require(head.minor_version == 0 || head.minor_version == 1);
  require(head.target.starts_with('/') || (head.target == "*" && head.method == "OPTIONS"));
  for (const char c : head.target) require(c > ' ' && c < 0x7f && c != '#');
  require(head.fields.count("host") == 1);
  require(head.fields.size() <= weir::http::kMaxRequestFields);
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const auto field = head.fields[i];
    require(!field.name.empty());
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  const bool chunked = head.fields.count("transfer-encoding") > 0;
  const bool sized = head.fields.count("content-length") > 0;
  require(!(chunked && sized));
  require(chunked == (parsed.framing.kind == Framing::Kind::chunked));
  require(sized == (parsed.framing.kind == Framing::Kind::length));
  require(!chunked || head.minor_version == 1);
  require(raw.size() <= weir::http::kMaxRequestHead);
  require(raw.ends_with("\r\n\r\n") && blank_line(raw) == raw.size() - 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const weir::http::HostGuard guard({"127.0.0.1"}, {"weir.lan"}, {"https://app.example"});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  RequestParser at_once(guard);
  at_once.reset();
  const auto whole = at_once.parse(bytes);
  if (whole && *whole > 0) check_promises(at_once.parsed(), bytes.substr(0, *whole));

  // Byte by byte it ends the same way, only sooner. Long inputs are left out: that would be quadratic.
  if (size > 4096) return 0;
  RequestParser piecewise(guard);
  piecewise.reset();
  for (std::size_t n = 1; n <= size; ++n) {
    const auto part = piecewise.parse(bytes.substr(0, n));
    if (!part) {
      require(!whole);
      return 0;
    }
    if (*part == 0) continue;
    require(whole && *part == *whole && n == *whole);
    return 0;
  }
  require(whole && *whole == 0);
  return 0;
}
