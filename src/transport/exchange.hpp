#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "transport/answer_reader.hpp"
#include "transport/pool.hpp"
#include "transport/stream.hpp"
#include "transport/waiting.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::transport {

// Bytes that have arrived, some of them not looked at yet. All of a thread are read into one block, which
// stays warm; a few are moved out of it, many keep it. Grows as far as a head may be long. Views end with
// room().
class InBuffer {
 public:
  static constexpr std::size_t kUsual = 16 * 1024;  // a TLS record; more at once gains nothing

  InBuffer() = default;
  ~InBuffer() { release(); }
  InBuffer(const InBuffer&) = delete;
  InBuffer& operator=(const InBuffer&) = delete;

  [[nodiscard]] std::string_view unread() const noexcept { return {block_.get() + begin_, end_ - begin_}; }
  // The same bytes to work on in place.
  [[nodiscard]] char* unread_begin() noexcept { return block_.get() + begin_; }
  void consume(std::size_t n) noexcept { begin_ += n; }

  // Where the next bytes go, at least one, until filled() or the thread's next room(). The unread ones may
  // move.
  [[nodiscard]] std::span<char> room();
  void filled(std::size_t n);
  // Gives the memory back. Only where nothing is unread.
  void release() noexcept;

 private:
  std::unique_ptr<char[]> block_;
  std::size_t capacity_ = 0;  // 0: no block, what is read goes into the thread's
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// One request and its answer on one connection. Loop's thread only.
class Exchange final : public Answer {
 public:
  // `pool` is shared: an exchange may outlive its client when the daemon stops. `lane` is the pool's.
  Exchange(net::Loop& loop, std::shared_ptr<Pool> pool, Pool::Lane& lane, Stream stream, bool reused);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Writes the request and reads the answer's head. Once.
  // Errors: upstream_closed, upstream_protocol, upstream_timeout; cancelled.
  [[nodiscard]] net::Awaitable<Result<void>> converse(const UpstreamRequest& request,
                                                      net::Cancellation& cancellation);
  // Whether the provider can't have begun on the request that failed so: it had closed the pooled connection,
  // or closed it at this moment. Later it may have worked on the request, and counted it.
  [[nodiscard]] bool was_stale(const Error& failure) const;

  [[nodiscard]] const http::ResponseHead& head() const noexcept override { return reader_->head(); }
  void drop_fields() noexcept override { reader_->drop_fields(); }
  [[nodiscard]] net::Awaitable<Result<std::string_view>> next(BootTime by) override;
  [[nodiscard]] bool is_over() override;
  void ends_with(net::Cancellation& cancellation) noexcept override { cancellation_ = &cancellation; }
  [[nodiscard]] bool reused_connection() const noexcept override { return reused_; }

 private:
  [[nodiscard]] net::Awaitable<void> write_request(const UpstreamRequest& request, const WaitGuard& guard);
  // Reads what comes while the request is being written, and says whether that ends the writing.
  [[nodiscard]] bool is_answered(const WaitGuard& guard);
  // Whether there is something to read, or no more waiting for it. Where not, no memory is kept for it.
  [[nodiscard]] bool may_read(const WaitGuard& guard);
  // Goes on with the answer's head, by what is there now.
  [[nodiscard]] Result<void> read_head(const WaitGuard& guard);
  // What is there now into in_. An error where nothing can come any more; a clean end where the message ends
  // by it is none.
  [[nodiscard]] Result<void> read_more(const WaitGuard& guard);
  [[nodiscard]] std::string_view next_piece();
  [[nodiscard]] Result<std::string_view> outcome(std::string_view piece);
  [[nodiscard]] std::string_view take_body();
  void note(const Result<void>& step);
  void finish();
  [[nodiscard]] Error fail(Error error);

  net::Loop& loop_;
  const std::shared_ptr<Pool> pool_;
  Pool::Lane& lane_;
  Stream stream_;
  const bool reused_;

  net::Deadline clock_;                        // of what is waited for
  net::Cancellation* cancellation_ = nullptr;  // from converse() on
  std::optional<AnswerReader> reader_;         // from converse() on
  InBuffer in_;
  BootTime wrote_at_{};  // all, or what could be
  bool wrote_all_ = false;
  bool anything_arrived_ = false;
  bool finished_ = false;
  std::unique_ptr<const Error> failure_;  // all further calls give it again
};

}  // namespace weir::transport
