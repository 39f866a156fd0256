#include "transport/response_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
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

bool is_name(std::string_view text) {
  // Names are short and nearly always good: looking at each to its end is faster than stopping early.
  bool good = !text.empty();
  for (const char c : text) good &= kInNames[static_cast<unsigned char>(c)];
  return good;
}

constexpr std::uint64_t sizes_of_ours() {
  std::uint64_t sizes = 0;
  for (const std::string_view name : kOurs) sizes |= std::uint64_t{1} << name.size();
  return sizes;
}

bool is_ours(std::string_view name) {
  constexpr std::uint64_t kSizes = sizes_of_ours();
  if (name.size() >= 64 || (kSizes >> name.size() & 1) == 0) return false;
  return std::ranges::find(kOurs, name) != kOurs.end();
}

// Appends to room that is there.
class Writer {
 public:
  explicit Writer(char* at) : at_(at) {}

  Writer& put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  Writer& put(std::uint64_t number) {
    at_ = std::to_chars(at_, at_ + kMostDigits, number).ptr;
    return *this;
  }
  [[nodiscard]] const char* end() const { return at_; }

  static constexpr std::ptrdiff_t kMostDigits = 20;

 private:
  char* at_;
};

constexpr std::size_t kAroundAField = 4;    // line end, colon, space
constexpr std::size_t kAroundFields = 256;  // status line, date, framing and what stands there always

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
  const http::Fields& fields = head.fields;
  const std::size_t before = out.size();
  out.resize(before + kAroundFields + fields.text().size() + kAroundAField * fields.size() +
             head.lines.text().size());
  Writer to(out.data() + before);
  to.put("HTTP/1.1 ").put(static_cast<std::uint64_t>(head.status)).put(" ").put(reason(head.status));
  to.put("\r\ndate: ").put(date_text(date)).put(kAlways);
  const bool all_plain = plain_run(fields.text()) == fields.text().size();
  bool says_caching = false;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields[i];
    if (is_ours(name) || !is_name(name) || (!all_plain && !http::is_field_value(value))) continue;
    says_caching = says_caching || name == kCaching;
    to.put("\r\n").put(name).put(": ").put(value);
  }
  if (!says_caching) to.put(kUncached);
  if (framing.length) to.put("\r\ncontent-length: ").put(*framing.length);
  if (framing.chunked) to.put("\r\ntransfer-encoding: chunked");
  if (framing.connection == Connection::close) to.put("\r\nconnection: close");
  if (framing.connection == Connection::keep_alive) to.put("\r\nconnection: keep-alive");
  to.put("\r\n").put(head.lines.text()).put("\r\n");
  out.resize(static_cast<std::size_t>(to.end() - out.data()));
}

http::ResponseHead refusal_head(const Error& error, const http::FieldLines& lines) {
  http::ResponseHead head;
  head.status = traits(error.kind).http_status;
  head.fields.add("content-type", "application/json");
  if (error.kind == ErrorKind::overloaded) head.fields.add("retry-after", "1");
  head.lines = lines;
  return head;
}

bool never_has_body(int status) noexcept {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace weir::transport
