#include "transport/answer_reader.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "weir/base/text.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::transport {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;

constexpr std::string_view kVersion = "HTTP/1.";

Error broken(std::string_view what) {
  return {ErrorKind::upstream_protocol, "the answer breaks HTTP: " + std::string(what)};
}

// Beast's parser for the head alone; the body is framed by AnswerReader.
class HeadParser final : public beast::http::basic_parser<false> {
 public:
  explicit HeadParser(http::ResponseHead& head) : head_(head) {
    header_limit(kMaxAnswerHead);
    body_limit(boost::none);
    skip(true);
  }

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int, error_code&) override {
  }
  void on_response_impl(int code, beast::string_view, int version, error_code&) override {
    head_.status = code;
    head_.minor_version = version % 10;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    head_.fields.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  http::ResponseHead& head_;
};

// Digits only: no sign, no space, no list.
std::optional<std::uint64_t> parse_length(std::string_view text) {
  std::uint64_t length = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

// Calls visit(value) for each field of that name; stops where it returns false.
template <class Visit>
bool all_of_name(const http::Fields& fields, std::string_view name, Visit visit) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto field = fields[i];
    if (field.name == name && !visit(field.value)) return false;
  }
  return true;
}

}  // namespace

Result<std::size_t> AnswerReader::read_head(std::string_view input) {
  std::size_t consumed = 0;
  while (!has_head_) {
    const std::string_view rest = input.substr(consumed);
    const Result<std::size_t> size = find_head(rest);
    if (!size) return size.error();
    if (*size == 0) break;
    if (Result<void> parsed = parse_head(rest.substr(0, *size)); !parsed) return parsed.error();
    consumed += *size;
    line_start_ = searched_ = lines_ = 0;
    if (head_.status >= 200) {
      if (Result<void> framed = take_framing(); !framed) return framed.error();
      has_head_ = true;
      break;
    }
    // RFC 9110, 15.2: interim heads are skipped. We never ask for another protocol.
    if (head_.status == 101) return broken("it switches protocols");
    if (++interim_ > kMaxInterim) return broken("too many interim heads");
    skipped_ += *size;
  }
  return consumed;
}

// The size of the head at the start of `input`, 0 where it isn't complete. Looks at lines before any parser
// does: a parser would unfold a folded line and wait for 64 KiB of what isn't HTTP at all.
Result<std::size_t> AnswerReader::find_head(std::string_view input) {
  if (input.substr(0, kVersion.size()) != kVersion.substr(0, input.size()))
    return broken("no HTTP/1 status line");
  while (searched_ < input.size()) {
    const void* found = std::memchr(input.data() + searched_, '\n', input.size() - searched_);
    if (found == nullptr) break;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
    if (at == line_start_ || input[at - 1] != '\r') return broken("a line of its head doesn't end in CR LF");
    const std::string_view line = input.substr(line_start_, at - 1 - line_start_);
    line_start_ = searched_ = at + 1;
    if (skipped_ + searched_ > kMaxAnswerHead) return broken("its head is larger than 64 KiB");
    if (line.empty()) return searched_;
    if (Result<void> checked = check_line(line); !checked) return checked.error();
  }
  searched_ = input.size();
  if (skipped_ + searched_ >= kMaxAnswerHead) return broken("its head is larger than 64 KiB");
  return std::size_t{0};
}

Result<void> AnswerReader::check_line(std::string_view line) {
  if (++lines_ > kMaxAnswerFields + 1) return broken("its head has more than 200 fields");
  if (line.front() == ' ' || line.front() == '\t') return broken("a folded line in its head");
  return {};
}

Result<void> AnswerReader::parse_head(std::string_view text) {
  head_.fields.clear();
  HeadParser parser(head_);
  error_code ec;
  parser.put(boost::asio::const_buffer(text.data(), text.size()), ec);
  if (ec || !parser.is_header_done()) return broken(ec ? ec.message() : "its head is malformed");
  if (head_.status < 100 || head_.status > 599) return broken("a status that doesn't exist");
  return {};
}

// RFC 9112, 6.3, without its leniences.
Result<void> AnswerReader::take_framing() {
  const http::Fields& fields = head_.fields;
  const std::size_t codings = fields.count("transfer-encoding");
  std::optional<std::uint64_t> length;
  const bool lengths_agree = all_of_name(fields, "content-length", [&](std::string_view text) {
    const auto parsed = parse_length(text);
    const bool agrees = parsed && (!length || *length == *parsed);
    length = parsed;
    return agrees;
  });
  if (!lengths_agree) return broken("a content-length that makes no sense");
  if (codings > 0 && length) return broken("both a content-length and a transfer-encoding");
  keep_alive_ = says_keep_alive();
  if (!has_body()) {
    framing_ = {http::Framing::Kind::none, 0};
    return {};
  }
  const bool plain = all_of_name(fields, "content-encoding", [](std::string_view coding) {
    return coding.empty() || equals_ignoring_case(coding, "identity");
  });
  if (!plain) return take_coded();
  if (codings > 0) {
    const bool chunked = codings == 1 && equals_ignoring_case(fields.get("transfer-encoding"), "chunked");
    if (!chunked || head_.minor_version == 0) return broken("a transfer-encoding other than chunked");
    framing_ = {http::Framing::Kind::chunked, 0};
  } else if (length) {
    framing_ = {http::Framing::Kind::length, *length};
    left_ = *length;
  } else {
    framing_ = {http::Framing::Kind::until_close, 0};
    keep_alive_ = false;
  }
  return {};
}

// Of a refusal the head alone tells enough: its status, and when to come back.
Result<void> AnswerReader::take_coded() {
  if (head_.status < 300)
    return Error{ErrorKind::upstream_protocol, "the answer has a content coding that nobody asked for"};
  framing_ = {http::Framing::Kind::none, 0};
  keep_alive_ = false;
  return {};
}

bool AnswerReader::has_body() const noexcept {
  if (asked_ == Asked::head || head_.status == 204 || head_.status == 304) return false;
  return asked_ != Asked::connect || head_.status >= 300;
}

bool AnswerReader::says_keep_alive() const {
  bool close = false;
  bool keep = head_.minor_version >= 1;
  all_of_name(head_.fields, "connection", [&](std::string_view options) {
    while (!options.empty()) {
      const std::size_t comma = std::min(options.find(','), options.size());
      const std::string_view option = trim(options.substr(0, comma));
      close = close || equals_ignoring_case(option, "close");
      keep = keep || equals_ignoring_case(option, "keep-alive");
      options.remove_prefix(std::min(comma + 1, options.size()));
    }
    return true;
  });
  return keep && !close;
}

Result<http::ChunkedDecoder::Step> AnswerReader::read_body(std::string_view input) {
  switch (framing_.kind) {
    case http::Framing::Kind::none:
      break;
    case http::Framing::Kind::length: {
      const std::size_t size = std::min<std::uint64_t>(left_, input.size());
      left_ -= size;
      return http::ChunkedDecoder::Step{size, input.substr(0, size)};
    }
    case http::Framing::Kind::chunked: {
      auto step = chunks_.decode(input);
      if (!step) return broken(step.error().message);
      return step;
    }
    case http::Framing::Kind::until_close:
      return http::ChunkedDecoder::Step{input.size(), input};
  }
  return http::ChunkedDecoder::Step{};
}

bool AnswerReader::done() const noexcept {
  if (!has_head_) return false;
  switch (framing_.kind) {
    case http::Framing::Kind::none:
      return true;
    case http::Framing::Kind::length:
      return left_ == 0;
    case http::Framing::Kind::chunked:
      return chunks_.done();
    case http::Framing::Kind::until_close:
      return ended_;
  }
  return false;
}

Result<void> AnswerReader::end() {
  ended_ = true;
  if (done()) return {};
  return Error{ErrorKind::upstream_closed,
               has_head_ ? "the answer was cut short" : "the connection closed before an answer came"};
}

}  // namespace weir::transport
