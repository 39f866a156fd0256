#include "weir/http/guard.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <optional>
#include <utility>

#include "http/authority.hpp"
#include "http/charset.hpp"
#include "weir/base/text.hpp"

namespace weir::http {
namespace {

constexpr const char* kFolded = "a folded header line is not accepted";
constexpr std::size_t kMaxLengthDigits = 19;  // always fits 64 bits

// What we answer. CONNECT and TRACE are left out on purpose: a gateway has no use for them.
constexpr std::array<std::string_view, 7> kMethods{"GET",   "HEAD",   "POST",   "PUT",
                                                   "PATCH", "DELETE", "OPTIONS"};

Error malformed(const char* message) {
  return {ErrorKind::invalid_request, message};
}

Result<void> check_version(std::string_view version) {
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                           version[6] == '.' && is_digit(version[7]);
  if (!well_formed) return malformed("the request line must end with an HTTP version");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Error{ErrorKind::version_not_supported, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  }
  return {};
}

Result<void> check_request_line(std::string_view line) {
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end + 1) {
    return malformed("the request line must be a method, a target and a version");
  }
  if (!is_token(line.substr(0, method_end)))
    return malformed("the method has a character that no method may have");
  if (!is_target(line.substr(method_end + 1, target_end - method_end - 1))) {
    return malformed("the target has a character that must be percent-encoded, or a fragment");
  }
  return check_version(line.substr(target_end + 1));
}

bool is_folded(std::string_view line) {
  return line.front() == ' ' || line.front() == '\t';
}

Result<void> check_field_line(std::string_view line) {
  if (is_folded(line)) return malformed(kFolded);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header line has no colon");
  if (!is_token(line.substr(0, colon))) {
    return malformed("a header's name must be a token, with the colon right behind it");
  }
  if (!is_field_value(line.substr(colon + 1))) return malformed("a header's value has a control character");
  return {};
}

Error too_long(bool request_line) {
  if (request_line) return {ErrorKind::uri_too_long, "the request line is longer than 8 KiB"};
  return {ErrorKind::head_too_large, "a header is longer than 8 KiB"};
}

Error head_too_large() {
  return {ErrorKind::head_too_large, "the head is larger than 32 KiB"};
}

// The beginning of a line whose end hasn't arrived: what can be said of it already. Without this a client
// that speaks TLS, or ends its lines with CR alone, would be kept waiting for the head's clock.
Result<void> check_unfinished(std::string_view line, bool request_line) {
  if (line.empty()) return {};
  if (line.size() >= kMaxRequestLine) return too_long(request_line);
  const std::size_t cr = line.find('\r');
  if (cr != std::string_view::npos && cr + 1 != line.size()) {
    return malformed("a line of the head has a carriage return inside");
  }
  if (request_line && !is_token_char(line.front()) && line != "\r") {
    return malformed("this is not an HTTP request");
  }
  if (!request_line && is_folded(line)) return malformed(kFolded);
  return {};
}

}  // namespace

Result<std::size_t> HeadScanner::scan(std::string_view bytes) {
  while (true) {
    const bool request_line = lines_ == 0;
    const std::string_view rest = bytes.substr(line_);
    const std::size_t lf = rest.find('\n');
    if (lf == std::string_view::npos) {
      if (bytes.size() >= kMaxRequestHead) return head_too_large();
      auto unfinished = check_unfinished(rest, request_line);
      if (!unfinished) return std::move(unfinished).error();
      return std::size_t{0};
    }
    if (line_ + lf + 1 > kMaxRequestHead) return head_too_large();
    if (lf + 1 > kMaxRequestLine) return too_long(request_line);
    if (lf == 0 || rest[lf - 1] != '\r') return malformed("a line of the head must end with CR LF");
    const std::string_view line = rest.substr(0, lf - 1);
    line_ += lf + 1;
    if (line.empty() && !request_line) return line_;
    if (lines_++ > kMaxRequestFields) {
      return Error{ErrorKind::head_too_large, "the request has more than 100 headers"};
    }
    auto checked = request_line ? check_request_line(line) : check_field_line(line);
    if (!checked) return std::move(checked).error();
  }
}

Result<void> check_raw_head(std::string_view head) {
  HeadScanner scanner;
  auto size = scanner.scan(head);
  if (!size) return std::move(size).error();
  if (*size == 0 || *size != head.size()) return malformed("the head has no end");
  return {};
}

namespace {

Result<void> check_method(const RequestHead& head) {
  if (std::ranges::find(kMethods, head.method) != kMethods.end()) return {};
  return Error{ErrorKind::not_implemented, "this method is not supported"};
}

Result<void> check_target(const RequestHead& head) {
  if (!is_target(head.target)) {
    return malformed("the target has a character that must be percent-encoded, or a fragment");
  }
  if (head.target.front() == '/') return {};
  if (head.target == "*") {
    if (head.method == "OPTIONS") return {};
    return malformed("\"*\" is a target for OPTIONS only");
  }
  const auto authority = absolute_authority(head.target);
  if (!authority || !parse_authority(*authority)) return malformed("the target must begin with \"/\"");
  return {};
}

Result<void> check_host(const RequestHead& head) {
  const std::size_t hosts = head.fields.count("host");
  if (hosts == 0) return malformed("the Host header is missing");
  if (hosts > 1) return malformed("there is more than one Host header");
  if (!parse_authority(head.fields.get("host"))) return malformed("the Host header is not a host and port");
  return {};
}

Result<std::uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > kMaxLengthDigits || !std::ranges::all_of(text, is_digit)) {
    return malformed("Content-Length must be a number of at most 19 digits");
  }
  std::uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

Result<Framing> check_framing(const RequestHead& head) {
  const std::size_t codings = head.fields.count("transfer-encoding");
  const std::size_t lengths = head.fields.count("content-length");
  if (codings == 0 && lengths == 0) return Framing{};
  if (codings > 0) {
    if (lengths > 0) return malformed("Transfer-Encoding and Content-Length exclude each other");
    if (head.minor_version == 0) return malformed("HTTP/1.0 has no Transfer-Encoding");
    if (codings > 1 || !equals_ignoring_case(head.fields.get("transfer-encoding"), "chunked")) {
      return malformed("the only Transfer-Encoding accepted is \"chunked\"");
    }
    return Framing{.kind = Framing::Kind::chunked, .length = 0};
  }
  if (lengths > 1) return malformed("there is more than one Content-Length");
  auto length = parse_length(head.fields.get("content-length"));
  if (!length) return std::move(length).error();
  return Framing{.kind = Framing::Kind::length, .length = *length};
}

Result<void> check_expectation(const RequestHead& head) {
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const Fields::Field field = head.fields[i];
    if (field.name == "expect" && !equals_ignoring_case(field.value, "100-continue")) {
      return Error{ErrorKind::expectation_failed, "the only expectation met here is \"100-continue\""};
    }
  }
  return {};
}

// We take no coding off: an inflater is a door for bombs, and a body that nobody reads must not go up.
Result<void> check_coding(const RequestHead& head) {
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const Fields::Field field = head.fields[i];
    if (field.name == "content-encoding" && !equals_ignoring_case(field.value, "identity")) {
      return Error{ErrorKind::unsupported_media_type, "send the body without a Content-Encoding"};
    }
  }
  return {};
}

}  // namespace

Result<Framing> check_request(const RequestHead& head) {
  for (const auto check : {check_method, check_target, check_host}) {
    auto checked = check(head);
    if (!checked) return std::move(checked).error();
  }
  auto framing = check_framing(head);
  if (!framing) return framing;
  for (const auto check : {check_expectation, check_coding}) {
    auto checked = check(head);
    if (!checked) return std::move(checked).error();
  }
  return framing;
}

void reduce_to_origin_form(RequestHead& head) {
  const auto authority = absolute_authority(head.target);
  if (!authority) return;
  const std::size_t path =
      static_cast<std::size_t>(authority->data() - head.target.data()) + authority->size();
  head.target.erase(0, path);
  if (head.target.empty() && head.method == "OPTIONS") {
    head.target = "*";  // RFC 9112 section 3.2.4
  } else if (head.target.empty() || head.target.front() != '/') {
    head.target.insert(0, 1, '/');
  }
}

bool wants_keep_alive(const RequestHead& head) {
  bool close = false;
  bool keep = false;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const Fields::Field field = head.fields[i];
    if (field.name != "connection") continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view option = trim(rest.substr(0, comma));
      close = close || equals_ignoring_case(option, "close");
      keep = keep || equals_ignoring_case(option, "keep-alive");
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return !close && (keep || head.minor_version > 0);
}

bool expects_continue(const RequestHead& head) {
  return head.minor_version > 0 && head.fields.count("expect") > 0;
}

}  // namespace weir::http
