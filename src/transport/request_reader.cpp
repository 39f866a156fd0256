#include "transport/request_reader.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <memory>
#include <string>
#include <utility>

namespace weir::transport {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kRead = 64 * 1024;        // what one read may bring: most requests come whole
constexpr std::size_t kFirstChunks = 8 * 1024;  // of a body whose size nobody has said
constexpr std::size_t kSmallBody = 64 * 1024;   // is read whatever becomes of its request
constexpr std::size_t kKeptBody = 64 * 1024;    // a larger body's memory isn't kept for the next request
constexpr std::string_view kEmptyLine = "\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Error too_slow() {
  return {ErrorKind::request_timeout, "the request did not arrive in time"};
}

Error cut_short() {
  return {ErrorKind::invalid_request, "the request ended before it was whole"};
}

Error too_large(std::uint64_t limit) {
  return {ErrorKind::request_too_large,
          "the body is larger than the " + std::to_string(limit) + " bytes that server.max_body allows"};
}

// Where reads go whose size nobody knows: a connection takes memory for what has come, and none while it
// idles.
std::span<char> landing() {
  thread_local const auto bytes = std::make_unique_for_overwrite<std::array<char, kRead>>();
  return *bytes;
}

}  // namespace

RequestReader::RequestReader(Stream& stream, net::Loop& loop, const ServerConfig& config,
                             const http::HostGuard& guard, BootTime accepted)
    : stream_(stream),
      loop_(loop),
      config_(config),
      parser_(guard),
      clock_(loop.timers(), [this] { stream_.cancel(); }),  // not close(): the client is still to be told
      first_head_by_(accepted + config.head_timeout) {}

net::Awaitable<Result<bool>> RequestReader::read_head() {
  parser_.reset();
  bool skipped = false;
  BootTime by = first_head_by_;
  if (!first_) by = loop_.now().boot + config_.keep_alive_timeout;
  bool idled = !first_;
  while (true) {
    // One empty line before a request is forgiven (RFC 9112 section 2.2): old clients end a body with it, so
    // that it begins nothing.
    if (!skipped && input_.text().starts_with(kEmptyLine)) {
      skipped = true;
      input_.consume(kEmptyLine.size());
      if (input_.size() == 0) input_.release();
    }
    const bool started = input_.size() > 0;
    auto size = parser_.parse(input_.text());
    if (!size) co_return std::move(size).error();
    if (*size > 0) {
      in_use_ = *size;
      break;
    }
    if (started && std::exchange(idled, false)) by = loop_.now().boot + config_.head_timeout;
    idle_ = !started;
    const Got got = co_await read(landing(), input_, by);
    idle_ = false;
    if (got != Got::bytes && !started) co_return false;
    if (got != Got::bytes) co_return ended(got);
  }
  first_ = false;
  arrived_ = loop_.now();
  co_return true;
}

bool RequestReader::has_input() const noexcept {
  return input_.size() > 0 && input_.text() != kEmptyLine;
}

bool RequestReader::has_much_to_come() const noexcept {
  const ParsedHead& parsed = parser_.parsed();
  if (parsed.framing.kind == http::Framing::Kind::chunked) return true;
  if (input_.size() - in_use_ >= parsed.framing.length) return false;
  return parsed.expects_continue || parsed.framing.length > kSmallBody;
}

net::Awaitable<Result<bool>> RequestReader::read_body() {
  const http::Framing framing = parser_.parsed().framing;
  if (framing.kind == http::Framing::Kind::chunked) co_return co_await read_chunked();
  if (framing.length > config_.max_body) co_return too_large(config_.max_body);
  const auto length = static_cast<std::size_t>(framing.length);
  if (input_.size() - in_use_ >= length) {
    // It came whole with its head, so it stays where it is.
    body_ = input_.bytes().subspan(in_use_, length);
    in_use_ += length;
    input_.pad();
    co_return true;
  }
  co_return co_await read_sized(length);
}

void RequestReader::drop() noexcept {
  parser_.drop_fields();
  body_ = {};
  own_body_.clear();
  own_body_.release();
  if (input_.size() > in_use_) return;  // the next request's first bytes stand behind it
  input_.clear();
  input_.release();
  in_use_ = 0;
}

void RequestReader::finish() {
  body_ = {};
  input_.consume(in_use_);
  in_use_ = 0;
  own_body_.clear();
  if (own_body_.capacity() > kKeptBody) own_body_.release();
  if (input_.size() == 0) input_.release();
}

net::Awaitable<void> RequestReader::discard(Duration idle, Duration at_most) {
  input_.clear();
  const BootTime end = loop_.now().boot + at_most;
  while (!clock_.expired()) {
    error_code ec;
    clock_.arm(std::min(loop_.now().boot + idle, end));
    (void)co_await stream_.read_some(landing(), ec);
    if (ec) break;
  }
  clock_.disarm();
}

Result<bool> RequestReader::ended(Got got) {
  if (got == Got::nothing_in_time) return too_slow();
  if (got == Got::end_of_stream) return cut_short();
  return false;
}

net::Awaitable<RequestReader::Got> RequestReader::read(std::span<char> space, ByteBuffer& onto, BootTime by) {
  error_code ec;
  clock_.arm(by);
  const std::size_t n = co_await stream_.read_some(space, ec);
  clock_.disarm();
  if (clock_.expired()) co_return Got::nothing_in_time;
  if (ec == asio::error::eof) co_return Got::end_of_stream;
  if (ec) co_return Got::broken;
  onto.append({space.data(), n});
  co_return Got::bytes;
}

net::Awaitable<Result<bool>> RequestReader::read_sized(std::size_t length) {
  own_body_.reserve(length);
  own_body_.append(input_.text().substr(in_use_));
  input_.clear();
  input_.release();
  in_use_ = 0;
  const bool invited = co_await invite();
  if (!invited) co_return false;
  while (own_body_.size() < length) {
    const std::span<char> missing = own_body_.space().first(length - own_body_.size());
    const Got got = co_await read(missing, own_body_, body_clock());
    if (got != Got::bytes) co_return ended(got);
  }
  body_ = own_body_.bytes();
  own_body_.pad();
  co_return true;
}

net::Awaitable<Result<bool>> RequestReader::read_chunked() {
  input_.consume(in_use_);
  in_use_ = 0;
  own_body_.reserve(kFirstChunks);
  http::ChunkedDecoder decoder;
  const bool invited = co_await invite();
  if (!invited) co_return false;
  while (true) {
    auto taken = take_chunks(decoder);
    if (!taken) co_return std::move(taken).error();
    if (decoder.done()) break;
    const Got got = co_await read(landing(), input_, body_clock());
    if (got != Got::bytes) co_return ended(got);
  }
  body_ = own_body_.bytes();
  own_body_.pad();
  co_return true;
}

Result<void> RequestReader::take_chunks(http::ChunkedDecoder& decoder) {
  while (input_.size() > 0 && !decoder.done()) {
    auto step = decoder.decode(input_.text());
    if (!step) return std::move(step).error();
    if (own_body_.size() + step->body.size() > config_.max_body) return too_large(config_.max_body);
    own_body_.append(step->body);
    input_.consume(step->consumed);
    // Nobody is made to send what won't be taken.
    if (decoder.left() > config_.max_body - own_body_.size()) return too_large(config_.max_body);
  }
  return {};
}

// "100 Continue", where the client waits for it and hasn't begun all the same. False where it can't be
// written.
net::Awaitable<bool> RequestReader::invite() {
  if (!parser_.parsed().expects_continue || input_.size() > 0 || own_body_.size() > 0) co_return true;
  const std::array<asio::const_buffer, 1> pieces{asio::buffer(kContinue)};
  error_code ec;
  clock_.arm_after(config_.write_timeout);
  const bool written = co_await stream_.write(pieces, ec);
  clock_.disarm();
  co_return written;
}

BootTime RequestReader::body_clock() const {
  return std::min(arrived_.boot + config_.body_timeout, loop_.now().boot + config_.body_idle_timeout);
}

}  // namespace weir::transport
