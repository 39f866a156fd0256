#include "transport/exchange.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <cstring>
#include <utility>
#include <vector>

namespace weir::transport {
namespace {

using boost::asio::const_buffer;
using boost::system::error_code;

// Blocks of the usual size that nobody uses now. A thread keeps as many as it had long answers at once, up to
// kMostSpare: given back to the allocator, each would be cut from its heap and joined to it once a request.
constexpr std::size_t kMostSpare = 64;
thread_local std::vector<std::unique_ptr<char[]>> spare_blocks;
thread_local std::unique_ptr<char[]> landing;  // where reads go whose size nobody knows

// An event of a stream, as a rule. Dozens of blocks of the usual size in one turn would push each other, and
// all else, out of the cache.
constexpr std::size_t kFew = 1024;

std::unique_ptr<char[]> take_block(std::size_t size) {
  if (size != InBuffer::kUsual || spare_blocks.empty()) return std::make_unique_for_overwrite<char[]>(size);
  auto block = std::move(spare_blocks.back());
  spare_blocks.pop_back();
  return block;
}

// What an idle connection's buffers take at once. A longer request may be refused before all of it has left.
constexpr std::size_t kAlwaysTaken = 16 * 1024;

// A close that crossed the request on its way is here by then.
constexpr Duration kCrossing = std::chrono::seconds(1);

std::size_t body_size(const UpstreamRequest& request) {
  std::size_t size = 0;
  for (const std::string_view piece : request.body) size += piece.size();
  return size;
}

std::string request_head(const UpstreamRequest& request, std::size_t size) {
  std::string head;
  head.reserve(request.path.size() + request.fields.size() + 256);
  head.append(request.method).append(" ").append(request.path).append(" HTTP/1.1\r\nHost: ");
  head.append(request.endpoint->authority()).append("\r\n");
  // A POST without a body still says so (RFC 9110, 8.6).
  if (size > 0 || (request.method != "GET" && request.method != "HEAD")) {
    head.append("Content-Length: ").append(std::to_string(size)).append("\r\n");
  }
  return head.append(request.fields).append("\r\n");
}

}  // namespace

void InBuffer::release() noexcept {
  if (capacity_ == kUsual && spare_blocks.size() < kMostSpare) spare_blocks.push_back(std::move(block_));
  block_.reset();
  capacity_ = begin_ = end_ = 0;
}

std::span<char> InBuffer::room() {
  if (begin_ == end_) {
    release();
    if (!landing) landing = take_block(kUsual);
    return {landing.get(), kUsual};
  }
  if (end_ == capacity_) {
    const std::size_t unread = end_ - begin_;
    if (begin_ > 0 && capacity_ >= kUsual) {
      std::memmove(block_.get(), block_.get() + begin_, unread);
    } else {
      const std::size_t larger = std::max(kUsual, capacity_ * 2);
      auto block = take_block(larger);
      std::memcpy(block.get(), block_.get() + begin_, unread);
      block_ = std::move(block);
      capacity_ = larger;
    }
    begin_ = 0;
    end_ = unread;
  }
  return {block_.get() + end_, capacity_ - end_};
}

void InBuffer::filled(std::size_t n) {
  if (capacity_ == 0 && n > kFew) {
    block_ = std::move(landing);
    capacity_ = kUsual;
  } else if (capacity_ == 0 && n > 0) {
    block_ = std::make_unique_for_overwrite<char[]>(n);
    std::memcpy(block_.get(), landing.get(), n);
    capacity_ = n;
  }
  end_ += n;
}

Exchange::Exchange(net::Loop& loop, std::shared_ptr<Pool> pool, Pool::Lane& lane, Stream stream, bool reused)
    : loop_(loop),
      pool_(std::move(pool)),
      lane_(lane),
      stream_(std::move(stream)),
      reused_(reused),
      clock_(loop.timers(), [this] { stream_.reset(); }) {}

Exchange::~Exchange() {
  if (!finished_) stream_.reset();
}

net::Awaitable<Result<void>> Exchange::converse(const UpstreamRequest& request,
                                                net::Cancellation& cancellation) {
  cancellation_ = &cancellation;
  reader_.emplace(request.method == "HEAD" ? AnswerReader::Asked::head : AnswerReader::Asked::with_body);
  const WaitGuard guard(clock_, request.head_by, cancellation, [this] { stream_.reset(); });
  co_await write_request(request, guard);
  // Also where the write failed: an answer may lie there that explains it.
  while (!failure_ && !reader_->has_head()) {
    while (!may_read(guard)) (void)co_await stream_.wait_for_input();
    note(read_head(guard));
  }
  if (failure_) co_return fail(*failure_);
  co_return Result<void>();
}

Result<void> Exchange::read_head(const WaitGuard& guard) {
  const Result<void> read = read_more(guard);
  if (!read) return read.error();
  const Result<std::size_t> consumed = reader_->read_head(in_.unread());
  if (!consumed) return consumed.error();
  in_.consume(*consumed);
  return {};
}

bool Exchange::is_answered(const WaitGuard& guard) {
  note(read_head(guard));
  return failure_ || reader_->has_head();
}

net::Awaitable<void> Exchange::write_request(const UpstreamRequest& request, const WaitGuard& guard) {
  const std::size_t size = body_size(request);
  const std::string head = request_head(request, size);
  std::vector<const_buffer> pieces;
  pieces.reserve(request.body.size() + 1);
  pieces.emplace_back(head.data(), head.size());
  for (const std::string_view piece : request.body) pieces.emplace_back(piece.data(), piece.size());

  error_code ec;
  if (head.size() + size <= kAlwaysTaken) {
    wrote_all_ = co_await stream_.write(pieces, ec);
  } else {
    const std::function<bool()> answered = [this, &guard] { return is_answered(guard); };
    wrote_all_ = co_await stream_.write_until_answered(pieces, answered, ec);
  }
  const Instant now = loop_.now();
  wrote_at_ = now.boot;
  // Also where the client has left meanwhile, or time has run out: the provider may count it all the same.
  if (wrote_all_ && request.on_sent) request.on_sent(now);
}

bool Exchange::was_stale(const Error& failure) const {
  if (!reused_ || anything_arrived_ || failure.kind != ErrorKind::upstream_closed) return false;
  return !wrote_all_ || loop_.now().boot - wrote_at_ < kCrossing;
}

// A stream is silent most of its time.
bool Exchange::may_read(const WaitGuard& guard) {
  if (guard.tripped() || stream_.has_input()) return true;
  if (in_.unread().empty()) in_.release();
  return false;
}

Result<void> Exchange::read_more(const WaitGuard& guard) {
  if (guard.cancelled()) return cancelled_error();
  if (guard.too_late()) return Error{ErrorKind::upstream_timeout, "the provider sent nothing in time"};
  error_code ec;
  const std::size_t n = stream_.try_read(in_.room(), ec);
  if (ec == boost::asio::error::eof) return reader_->end();
  if (ec == boost::system::errc::protocol_error)
    return Error{ErrorKind::upstream_protocol, "the provider broke TLS"};
  if (ec) return Error{ErrorKind::upstream_closed, "the provider broke the connection off: " + ec.message()};
  in_.filled(n);
  anything_arrived_ = anything_arrived_ || n > 0;
  return {};
}

net::Awaitable<Result<std::string_view>> Exchange::next(BootTime by) {
  while (true) {
    const std::string_view piece = next_piece();
    if (!piece.empty() || finished_ || failure_) co_return outcome(piece);
    const WaitGuard guard(clock_, by, *cancellation_, [this] { stream_.reset(); });
    while (!may_read(guard)) (void)co_await stream_.wait_for_input();
    note(read_more(guard));
  }
}

bool Exchange::is_over() {
  std::string_view piece = next_piece();
  while (!piece.empty()) piece = next_piece();
  return finished_;
}

// Of what has arrived; nothing where more must come first, or nothing will.
std::string_view Exchange::next_piece() {
  if (cancellation_->requested() && !finished_) note(cancelled_error());
  if (finished_ || failure_) return {};
  const std::string_view piece = take_body();
  if (reader_->done()) finish();
  return piece;
}

// A piece that came before a failure is good: the next call tells that.
Result<std::string_view> Exchange::outcome(std::string_view piece) {
  if (piece.empty() && !finished_) return fail(*failure_);
  return piece;
}

// The first failure is the one that is told.
void Exchange::note(const Result<void>& step) {
  if (!step && !failure_) failure_ = std::make_unique<const Error>(step.error());
}

// What has arrived of the body, its pieces moved together where chunk lines stood between them.
std::string_view Exchange::take_body() {
  char* begin = nullptr;
  std::size_t size = 0;
  while (!reader_->done() && !in_.unread().empty()) {
    const auto step = reader_->read_body(in_.unread());
    if (!step) {
      note(step.error());  // for the next call: what came before it is good
      break;
    }
    if (!step->body.empty()) {
      char* piece = in_.unread_begin() + (step->body.data() - in_.unread().data());
      if (size == 0) begin = piece;
      std::memmove(begin + size, piece, step->body.size());
      size += step->body.size();
    }
    in_.consume(step->consumed);
  }
  return {begin, size};
}

void Exchange::finish() {
  if (std::exchange(finished_, true)) return;
  const bool clean =
      wrote_all_ && reader_->keeps_alive() && in_.unread().empty() && !cancellation_->requested();
  if (clean) {
    pool_->put(lane_, std::move(stream_));
  } else {
    stream_.close();
  }
}

Error Exchange::fail(Error error) {
  stream_.reset();
  note(error);
  return error;
}

}  // namespace weir::transport
