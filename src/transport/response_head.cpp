#include "transport/response_head.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "weir/base/text.hpp"

namespace weir::transport {
namespace {

constexpr std::array<std::string_view, 10> kOurs{"connection",
                                                 "content-length",
                                                 "date",
                                                 "keep-alive",
                                                 "proxy-connection",
                                                 "te",
                                                 "trailer",
                                                 "transfer-encoding",
                                                 "upgrade",
                                                 "x-content-type-options"};
// Whatever we answer is what its type says, and one client's own, unless who answers knows better.
constexpr std::string_view kAlways = "\r\nx-content-type-options: nosniff";
constexpr std::string_view kCaching = "cache-control";
constexpr std::string_view kUncached = "\r\ncache-control: no-store";

struct Reason {
  int status;
  std::string_view text;
};

constexpr std::array kReasons{
    Reason{100, "Continue"},
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{402, "Payment Required"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{411, "Length Required"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{415, "Unsupported Media Type"},
    Reason{417, "Expectation Failed"},
    Reason{422, "Unprocessable Content"},
    Reason{424, "Failed Dependency"},
    Reason{429, "Too Many Requests"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{502, "Bad Gateway"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
    Reason{505, "HTTP Version Not Supported"},
};

// Empty where we have none: allowed (RFC 9112 section 4), and nobody reads it.
std::string_view reason(int status) {
  const auto found = std::ranges::find(kReasons, status, &Reason::status);
  return found == kReasons.end() ? std::string_view() : found->text;
}

constexpr std::array<bool, 256> in_names() {
  std::array<bool, 256> in{};
  for (unsigned char c = '!'; c < 0x7f; ++c) in[c] = c != ':';
  return in;
}
constexpr std::array<bool, 256> kInNames = in_names();

bool fits_a_line(const http::Fields::Field& field) {
  const auto in_value = [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
  };
  // Names are short and nearly always good: looking at each to its end is faster than stopping early.
  bool good = !field.name.empty();
  for (const char c : field.name) good &= kInNames[static_cast<unsigned char>(c)];
  if (!good) return false;
  std::size_t at = plain_run(field.value);
  while (at < field.value.size() && in_value(field.value[at]))
    at += 1 + plain_run(field.value.substr(at + 1));
  return at == field.value.size();
}

void append_number(std::string& out, unsigned number, int digits) {
  for (unsigned unit = digits == 4 ? 1000 : 10; unit > 0; unit /= 10) {
    out += static_cast<char>('0' + number / unit % 10);
  }
}

// "Tue, 24 Nov 2026 08:00:00 GMT". strftime would ask the locale.
void append_date(std::string& out, std::chrono::sys_seconds at) {
  constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  out.append(kDays[std::chrono::weekday(day).c_encoding()]).append(", ");
  append_number(out, static_cast<unsigned>(date.day()), 2);
  out.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_number(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += ' ';
  append_number(out, static_cast<unsigned>(time.hours().count()), 2);
  out += ':';
  append_number(out, static_cast<unsigned>(time.minutes().count()), 2);
  out += ':';
  append_number(out, static_cast<unsigned>(time.seconds().count()), 2);
  out += " GMT";
}

// Made once a second.
const std::string& date_text(WallTime at) {
  thread_local std::chrono::sys_seconds second = std::chrono::sys_seconds::min();
  thread_local std::string text;
  const auto now = std::chrono::floor<std::chrono::seconds>(at);
  if (now != second) {
    text.clear();
    append_date(text, now);
    second = now;
  }
  return text;
}

}  // namespace

void append_answer_head(std::string& out, const http::ResponseHead& head, const AnswerFraming& framing,
                        WallTime date) {
  using Connection = AnswerFraming::Connection;
  out.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ").append(reason(head.status));
  out.append("\r\ndate: ").append(date_text(date)).append(kAlways);
  bool says_caching = false;
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const http::Fields::Field field = head.fields[i];
    if (std::ranges::find(kOurs, field.name) != kOurs.end() || !fits_a_line(field)) continue;
    says_caching = says_caching || field.name == kCaching;
    out.append("\r\n").append(field.name).append(": ").append(field.value);
  }
  if (!says_caching) out.append(kUncached);
  if (framing.length) out.append("\r\ncontent-length: ").append(std::to_string(*framing.length));
  if (framing.chunked) out.append("\r\ntransfer-encoding: chunked");
  if (framing.connection == Connection::close) out.append("\r\nconnection: close");
  if (framing.connection == Connection::keep_alive) out.append("\r\nconnection: keep-alive");
  out.append("\r\n\r\n");
}

http::ResponseHead refusal_head(const Error& error, const http::Fields& fields) {
  http::ResponseHead head;
  head.status = traits(error.kind).http_status;
  head.fields.add("content-type", "application/json");
  if (error.kind == ErrorKind::overloaded) head.fields.add("retry-after", "1");
  for (std::size_t i = 0; i < fields.size(); ++i) head.fields.add(fields[i].name, fields[i].value);
  return head;
}

bool never_has_body(int status) noexcept {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace weir::transport
