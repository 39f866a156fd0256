#include "transport/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <new>
#include <string_view>
#include <utility>

#include "transport/outgoing.hpp"
#include "weir/net/poller.hpp"

namespace weir::transport {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Direction = net::Descriptor::Direction;

constexpr unsigned kReadsBeforeYield = 32;  // a peer that never pauses must not keep the loop to itself

// How one non-blocking step of I/O ended.
enum class Step { done, want_read, want_write, failed };
// What lies on the socket.
enum class Sight { quiet, bytes, gone };

}  // namespace

struct Stream::Impl {
  class LatePut;

  Impl(net::Loop& on, int fd) : loop(on), socket(on.poller(), fd) {}

  net::Awaitable<void> finish_connecting(error_code& ec);
  net::Awaitable<std::size_t> read(std::span<char> into, error_code& ec);
  net::Awaitable<bool> push(std::span<const asio::const_buffer> pieces, const std::function<bool()>* answered,
                            error_code& ec);
  net::Awaitable<void> shake_hands(error_code& ec);
  net::Descriptor::Wait wait_for(Step want);
  InputWait wait_for_input() { return net::deferred<void(bool)>(BeginInputWait{this}); }
  [[nodiscard]] bool has_input() const noexcept;
  [[nodiscard]] bool may_take() const noexcept;
  Step take(std::span<char> into, std::size_t& n, error_code& ec);
  Step put(Outgoing& out, std::string& joined, error_code& ec);
  Step ssl_outcome(int result, error_code& ec);
  Sight look() noexcept;
  void look_out();
  void stop_watching() noexcept;
  void close(bool tell_peer) noexcept;
  void send_close_notify() noexcept;

  net::Loop& loop;
  net::Descriptor socket;
  std::shared_ptr<SessionSlot> session;  // shared with the pool; OpenSSL's callback puts tickets there
  Ssl ssl;
  std::function<void()> on_gone;         // while it is watched
  LatePut* late = nullptr;               // the write that waits for the turn's end
  unsigned reads_in_a_row = 0;           // that didn't have to wait
  Direction reads_by = Direction::read;  // what a read waits for: TLS may have to write first
  bool starved = false;             // OpenSSL has asked for more: what it has read ahead is of no use without
  bool cancelled_in_yield = false;  // nothing waits there that cancel() could end
  bool ssl_writing = false;         // a record is half written
  bool ssl_broken = false;          // OpenSSL allows no further call
};

// A first put() at the turn's end.
class Stream::Impl::LatePut : public net::Late {
 public:
  LatePut(Impl& stream, Outgoing& out, std::string& joined, error_code& ec)
      : stream_(stream), out_(out), joined_(joined), ec_(ec) {
    stream.late = this;
  }
  ~LatePut() override { stream_.late = nullptr; }

  void make() noexcept override {
    if (cancelled_ || !stream_.socket.is_open()) return;
    try {
      step_ = stream_.put(out_, joined_, ec_);
    } catch (const std::bad_alloc&) {  // of a TLS record
      ec_ = asio::error::no_memory;
    }
  }
  void cancel() noexcept { cancelled_ = true; }

  // Others went on first: what has to wait for room is not begun once it was ended.
  [[nodiscard]] Step step() noexcept {
    if (step_ == Step::done) return step_;
    if (cancelled_ || !stream_.socket.is_open()) {
      ec_ = asio::error::operation_aborted;
      return Step::failed;
    }
    return step_;
  }

 private:
  Impl& stream_;
  Outgoing& out_;
  std::string& joined_;
  error_code& ec_;
  Step step_ = Step::failed;
  bool cancelled_ = false;
};

// Nothing throws once the descriptor has the socket: it is closed once.
Stream::Stream(net::Loop& loop, Socket socket) : impl_(std::make_unique<Impl>(loop, socket.fd())) {
  socket.release();
}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

net::Awaitable<void> Stream::connected(error_code& ec) {
  return impl_->finish_connecting(ec);
}

net::Awaitable<std::size_t> Stream::read_some(std::span<char> into, error_code& ec) {
  return impl_->read(into, ec);
}

bool Stream::has_input() const noexcept {
  return impl_->has_input();
}

Stream::InputWait Stream::wait_for_input() {
  return impl_->wait_for_input();
}

// Who has read often in a row only lets others go first: false where it was ended meanwhile, as nothing waits
// that cancel() could end.
void Stream::BeginInputWait::operator()(net::Resumption<void(bool)> resumption) const {
  if (stream->reads_in_a_row < kReadsBeforeYield)
    return stream->socket.resume_when_ready(stream->reads_by, std::move(resumption));
  stream->reads_in_a_row = 0;
  stream->cancelled_in_yield = false;
  asio::post(stream->loop.io(), [impl = stream, resume = std::move(resumption)]() mutable {
    resume(!std::exchange(impl->cancelled_in_yield, false));
  });
}

std::size_t Stream::try_read(std::span<char> into, error_code& ec) {
  std::size_t n = 0;
  (void)impl_->take(into, n, ec);
  return n;
}

net::Awaitable<bool> Stream::write(std::span<const asio::const_buffer> pieces, error_code& ec) {
  return impl_->push(pieces, nullptr, ec);
}

net::Awaitable<bool> Stream::write_until_answered(std::span<const asio::const_buffer> pieces,
                                                  const std::function<bool()>& answered, error_code& ec) {
  return impl_->push(pieces, &answered, ec);
}

net::Awaitable<void> Stream::handshake_as_client(const TlsPeer& peer, error_code& ec, std::string& reason) {
  impl_->session = peer.session;
  impl_->ssl = make_client_ssl(peer, impl_->socket.fd());
  co_await impl_->shake_hands(ec);
  if (ec) reason = handshake_failure(impl_->ssl.get());
}

net::Awaitable<void> Stream::handshake_as_server(ssl_ctx_st* context, error_code& ec) {
  impl_->ssl = make_server_ssl(context, impl_->socket.fd());
  return impl_->shake_hands(ec);
}

bool Stream::is_quiet() noexcept {
  Impl& impl = *impl_;
  if (!impl.socket.is_open()) return false;
  const bool read_ahead = impl.ssl && SSL_has_pending(impl.ssl.get()) == 1;
  const bool is_silent = impl.socket.is_up_to_date() && !impl.socket.is_ready(Direction::read) && !read_ahead;
  return is_silent || impl.look() == Sight::quiet;
}

void Stream::watch(std::function<void()> on_gone) {
  Impl& impl = *impl_;
  impl.on_gone = std::move(on_gone);
  impl.socket.observe([&impl] { impl.look_out(); });
  // What came before isn't told again; nor does the kernel know what OpenSSL has read ahead.
  const bool is_told = impl.socket.has_hung_up() || (impl.ssl && impl.socket.is_ready(Direction::read));
  if (is_told || (impl.ssl && SSL_has_pending(impl.ssl.get()) == 1)) impl.socket.observe_soon();
}

void Stream::stop_watching() noexcept {
  impl_->stop_watching();
}

void Stream::end_writing() noexcept {
  impl_->send_close_notify();
  if (impl_->socket.is_open()) ::shutdown(impl_->socket.fd(), SHUT_WR);
}

void Stream::cancel() noexcept {
  if (impl_->late != nullptr) impl_->late->cancel();
  impl_->cancelled_in_yield = true;
  impl_->socket.cancel();
}

void Stream::close() noexcept {
  impl_->close(true);
}

void Stream::reset() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (impl_->socket.is_open())
    ::setsockopt(impl_->socket.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  impl_->close(false);
}

bool Stream::is_open() const noexcept {
  return impl_->socket.is_open();
}

net::Awaitable<void> Stream::Impl::finish_connecting(error_code& ec) {
  bool goes_on = socket.is_open();
  if (goes_on && !socket.is_ready(Direction::write)) goes_on = co_await socket.wait(Direction::write);
  ec = asio::error::operation_aborted;
  if (goes_on && socket.is_open()) ec = outcome_of_connect(socket.fd());
}

net::Awaitable<std::size_t> Stream::Impl::read(std::span<char> into, error_code& ec) {
  for (;;) {
    if (has_input()) {
      std::size_t n = 0;
      const Step step = take(into, n, ec);
      if (step == Step::done || step == Step::failed) co_return n;
    }
    const bool goes_on = co_await wait_for_input();
    if (!goes_on) {
      ec = asio::error::operation_aborted;
      co_return 0;
    }
  }
}

// A closed one has the news that it is.
bool Stream::Impl::has_input() const noexcept {
  if (!socket.is_open()) return true;
  return reads_in_a_row < kReadsBeforeYield && may_take();
}

bool Stream::Impl::may_take() const noexcept {
  return socket.is_ready(reads_by) || (ssl && !starved && SSL_has_pending(ssl.get()) == 1);
}

net::Awaitable<bool> Stream::Impl::push(std::span<const asio::const_buffer> pieces,
                                        const std::function<bool()>* answered, error_code& ec) {
  Outgoing out(pieces);
  std::string joined;
  ec = {};
  net::Poller& poller = loop.poller();
  bool is_late = poller.has_more_in_turn();
  while (!out.empty()) {
    if (!socket.is_open()) {
      ec = asio::error::operation_aborted;
      co_return false;
    }
    Step step = Step::failed;
    if (std::exchange(is_late, false)) {
      LatePut call(*this, out, joined, ec);
      co_await poller.make_late(call);
      step = call.step();
    } else {
      step = put(out, joined, ec);
    }
    if (step == Step::failed) co_return false;
    if (step == Step::done) continue;
    bool goes_on = false;
    if (answered != nullptr) {
      bool is_answered = false;
      while (!is_answered && may_take()) is_answered = (*answered)();
      if (is_answered) co_return false;
      goes_on = co_await socket.wait_for_either();
    } else {
      goes_on = co_await wait_for(step);
    }
    if (!goes_on) {
      ec = asio::error::operation_aborted;
      co_return false;
    }
  }
  co_return true;
}

net::Awaitable<void> Stream::Impl::shake_hands(error_code& ec) {
  for (;;) {
    if (!socket.is_open()) {
      ec = asio::error::operation_aborted;
      co_return;
    }
    if (!ssl) {
      ec = asio::error::no_memory;
      co_return;
    }
    ERR_clear_error();
    errno = 0;
    const int result = SSL_do_handshake(ssl.get());
    const Step step = ssl_outcome(result, ec);
    if (step == Step::done || step == Step::failed) co_return;
    const bool goes_on = co_await wait_for(step);
    if (!goes_on) {
      ec = asio::error::operation_aborted;
      co_return;
    }
  }
}

// A step has found nothing there.
net::Descriptor::Wait Stream::Impl::wait_for(Step want) {
  const Direction direction = want == Step::want_write ? Direction::write : Direction::read;
  return socket.wait(direction);
}

// Reads what is there now.
Step Stream::Impl::take(std::span<char> into, std::size_t& n, error_code& ec) {
  ec = {};
  if (!socket.is_open()) {  // its number may be another connection's by now
    ec = asio::error::operation_aborted;
    return Step::failed;
  }
  ++reads_in_a_row;
  if (ssl) {
    ERR_clear_error();
    errno = 0;
    const Step step = ssl_outcome(SSL_read_ex(ssl.get(), into.data(), into.size(), &n), ec);
    reads_by = step == Step::want_write ? Direction::write : Direction::read;
    starved = step == Step::want_read || step == Step::want_write;
    if (starved) reads_in_a_row = 0;
    return step;
  }
  for (;;) {
    const ssize_t got = ::recv(socket.fd(), into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) {
      n = static_cast<std::size_t>(got);
      if (n < into.size()) reads_in_a_row = 0;
      // Less than there was room for is all there was, unless the end has been told already.
      if (n < into.size() && !socket.has_hung_up()) socket.exhaust(Direction::read);
      return Step::done;
    }
    if (got == 0) {
      ec = asio::error::eof;
      return Step::failed;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      socket.exhaust(Direction::read);
      reads_in_a_row = 0;
      return Step::want_read;
    }
    ec = last_error();
    return Step::failed;
  }
}

// Writes what the socket takes now.
Step Stream::Impl::put(Outgoing& out, std::string& joined, error_code& ec) {
  if (ssl) {
    const std::string_view record = out.record(joined);
    std::size_t n = 0;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write_ex(ssl.get(), record.data(), record.size(), &n);
    const Step step = ssl_outcome(result, ec);
    ssl_writing = step != Step::done;
    if (step == Step::done) out.advance(n);
    return step;
  }
  std::array<iovec, Outgoing::kMaxPieces> pieces;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = out.gather(pieces);
  const ssize_t n = ::sendmsg(socket.fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0) {
    out.advance(static_cast<std::size_t>(n));
    return Step::done;
  }
  if (errno == EINTR) return Step::done;
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    socket.exhaust(Direction::write);
    return Step::want_write;
  }
  ec = last_error();
  return Step::failed;
}

Step Stream::Impl::ssl_outcome(int result, error_code& ec) {
  const int os_error = errno;
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_NONE:
      ec = {};
      return Step::done;
    case SSL_ERROR_WANT_READ:
      socket.exhaust(Direction::read);
      return Step::want_read;
    case SSL_ERROR_WANT_WRITE:
      socket.exhaust(Direction::write);
      return Step::want_write;
    case SSL_ERROR_ZERO_RETURN:
      ec = asio::error::eof;
      return Step::failed;
    case SSL_ERROR_SYSCALL:
      ssl_broken = true;
      ec = os_error == 0 ? error_code(asio::error::connection_reset)
                         : error_code(os_error, boost::system::system_category());
      return Step::failed;
    default:
      ssl_broken = true;
      if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ec = asio::error::connection_reset;
      } else {
        ec = make_error_code(boost::system::errc::protocol_error);
      }
      return Step::failed;
  }
}

Sight Stream::Impl::look() noexcept {
  if (!socket.is_open()) return Sight::gone;
  char byte = 0;
  if (ssl) {
    // OpenSSL takes in what isn't for us (tickets, key updates) and knows close_notify from bytes.
    std::size_t n = 0;
    error_code ignored;
    ERR_clear_error();
    errno = 0;
    switch (ssl_outcome(SSL_peek_ex(ssl.get(), &byte, 1, &n), ignored)) {
      case Step::done:
        starved = false;
        return Sight::bytes;
      case Step::want_read:
      case Step::want_write:
        return Sight::quiet;
      case Step::failed:
        return Sight::gone;
    }
  }
  const ssize_t n = ::recv(socket.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) return Sight::bytes;
  if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return Sight::gone;
  if (errno != EINTR) socket.exhaust(Direction::read);
  return Sight::quiet;
}

// Only TLS says it in bytes.
void Stream::Impl::look_out() {
  if (!on_gone) return;
  if (!socket.has_hung_up() && (!ssl || look() != Sight::gone)) return;
  const std::function<void()> told = std::move(on_gone);
  stop_watching();
  told();
}

void Stream::Impl::stop_watching() noexcept {
  socket.observe(nullptr);
  on_gone = nullptr;
}

void Stream::Impl::close(bool tell_peer) noexcept {
  stop_watching();
  if (!socket.is_open()) return;
  if (tell_peer) send_close_notify();
  socket.close();
}

// Best effort: the connection ends either way.
void Stream::Impl::send_close_notify() noexcept {
  if (!ssl || ssl_broken || ssl_writing || SSL_is_init_finished(ssl.get()) != 1) return;
  if ((SSL_get_shutdown(ssl.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl.get());
}

}  // namespace weir::transport
