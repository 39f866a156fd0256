#include "transport/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "weir/net/event.hpp"

namespace weir::transport {
namespace {

namespace asio = boost::asio;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kRecord = 16 * 1024;       // what one TLS record carries
constexpr std::size_t kWorthJoining = 4 * 1024;  // a copy of less is cheaper than a record of its own
constexpr std::size_t kMaxPieces = 16;           // of one sendmsg
constexpr unsigned kReadsBeforeYield = 32;  // a TLS peer that never pauses must not keep the loop to itself

// How one non-blocking step of I/O ended.
enum class Step { done, want_read, want_write, failed };
// What lies on the socket.
enum class Sight { quiet, bytes, gone };
enum class OnInput { ignore, stop };

error_code last_error() {
  return {errno, boost::system::system_category()};
}

net::Awaitable<std::size_t> read_end(error_code& ec) {
  ec = asio::error::eof;
  co_return 0;
}

// What is left of a gathered write.
class Outgoing {
 public:
  explicit Outgoing(std::span<const asio::const_buffer> pieces) : pieces_(pieces) { skip_written(); }

  [[nodiscard]] bool empty() const { return pieces_.empty(); }

  void advance(std::size_t n) {
    offset_ += n;
    skip_written();
  }

  // The next pieces as sendmsg wants them.
  [[nodiscard]] std::size_t gather(std::array<iovec, kMaxPieces>& into) const {
    const std::size_t count = std::min(pieces_.size(), into.size());
    for (std::size_t i = 0; i < count; ++i) {
      const asio::const_buffer piece = i == 0 ? pieces_[0] + offset_ : pieces_[i];
      into[i] = {const_cast<void*>(piece.data()), piece.size()};  // sendmsg only reads
    }
    return count;
  }

  // The next bytes for one record: a large piece from where it is, small ones joined in `joined`. The same
  // again until advance().
  [[nodiscard]] std::string_view record(std::string& joined) const {
    const asio::const_buffer first = pieces_[0] + offset_;
    if (pieces_.size() == 1 || first.size() >= kWorthJoining) {
      return {static_cast<const char*>(first.data()), std::min(first.size(), kRecord)};
    }
    joined.clear();
    for (std::size_t i = 0; i < pieces_.size() && joined.size() < kRecord; ++i) {
      const asio::const_buffer piece = i == 0 ? first : pieces_[i];
      joined.append(static_cast<const char*>(piece.data()), std::min(piece.size(), kRecord - joined.size()));
    }
    return joined;
  }

 private:
  void skip_written() {
    while (!pieces_.empty() && offset_ >= pieces_[0].size()) {
      offset_ -= pieces_[0].size();
      pieces_ = pieces_.subspan(1);
    }
  }

  std::span<const asio::const_buffer> pieces_;
  std::size_t offset_ = 0;  // into the first piece
};

}  // namespace

struct Stream::Impl {
  explicit Impl(tcp::socket s) : socket(std::move(s)) {}
  ~Impl() { stop_watching(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  net::Awaitable<std::size_t> read_tls(std::span<char> into, error_code& ec);
  net::Awaitable<bool> push(std::span<const asio::const_buffer> pieces, OnInput on_input, error_code& ec);
  net::Awaitable<void> shake_hands(error_code& ec);
  net::Awaitable<void> wait_for(Step want, error_code& ec);
  net::Awaitable<void> wait_for_either();
  Step put(Outgoing& out, std::string& joined, error_code& ec);
  Step ssl_outcome(int result, error_code& ec);
  Sight look() noexcept;
  void stop_watching() noexcept;
  void close(bool tell_peer) noexcept;
  void send_close_notify() noexcept;

  class Watch;

  tcp::socket socket;
  std::shared_ptr<SessionSlot> session;  // shared with the pool; OpenSSL's callback puts tickets there
  Ssl ssl;
  std::shared_ptr<Watch> watch;  // shared with its pending waits, which outlive a cancellation
  unsigned reads_in_a_row = 0;   // that didn't have to wait
  bool has_ended = false;    // a peek saw the peer's end of stream: Asio waits in vain for it from then on
  bool ssl_writing = false;  // a record is half written
  bool ssl_broken = false;   // OpenSSL allows no further call
};

// One watch() from its start to its end.
// Two stages: first the socket's readiness and a look at what came. Where unread bytes lie on it, readiness
// says nothing more, so a small epoll of its own that asks for EPOLLRDHUP alone takes over: the kernel then
// tells of a FIN or reset behind them, without polling and without reading.
class Stream::Impl::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Impl& owner, std::function<void()> on_gone) : owner_(&owner), on_gone_(std::move(on_gone)) {}

  void start() {
    // TLS may have read ahead: what OpenSSL holds doesn't make the socket ready.
    if (owner_->ssl && SSL_has_pending(owner_->ssl.get()) == 1) {
      asio::post(owner_->socket.get_executor(), [self = shared_from_this()] { self->advance(); });
    } else {
      await_input();
    }
  }

  void stop() noexcept {
    owner_ = nullptr;
    on_gone_ = nullptr;
    cancel_.emit(asio::cancellation_type::terminal);
    hangup_.reset();
  }

 private:
  void advance() {
    if (owner_ == nullptr) return;
    switch (owner_->look()) {
      case Sight::quiet:
        return await_input();
      case Sight::bytes:
        return await_hangup();
      case Sight::gone:
        return tell();
    }
  }

  // By its own slot: cancelling the socket would end a write under way as well. A peek costs no call where
  // the last read has taken all there was, while a wait for readiness always costs one (epoll_ctl).
  void await_input() {
    if (owner_->ssl) {
      owner_->socket.async_wait(
          tcp::socket::wait_read,
          asio::bind_cancellation_slot(cancel_.slot(), [self = shared_from_this()](error_code ec) {
            if (!ec) self->advance();
          }));
      return;
    }
    owner_->socket.async_receive(
        asio::buffer(&peeked_, 1), tcp::socket::message_peek,
        asio::bind_cancellation_slot(cancel_.slot(), [self = shared_from_this()](error_code ec, std::size_t) {
          if (ec == asio::error::operation_aborted) return;
          if (ec == asio::error::eof && self->owner_ != nullptr) self->owner_->has_ended = true;
          self->advance();
        }));
  }

  void await_hangup() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) return;  // out of descriptors: the next read or write will notice
    hangup_.emplace(owner_->socket.get_executor(), fd);
    epoll_event event{};
    event.events = EPOLLRDHUP;  // EPOLLERR and EPOLLHUP come unasked
    if (::epoll_ctl(fd, EPOLL_CTL_ADD, owner_->socket.native_handle(), &event) != 0) return;
    hangup_->async_wait(asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](error_code ec) {
                          if (!ec && self->owner_ != nullptr) self->tell();
                        });
  }

  void tell() {
    const auto self = shared_from_this();  // on_gone may end the watch and the stream
    const std::function<void()> on_gone = std::move(on_gone_);
    owner_->watch.reset();
    owner_ = nullptr;
    hangup_.reset();
    on_gone();
  }

  Impl* owner_;  // null once it is over
  std::function<void()> on_gone_;
  asio::cancellation_signal cancel_;
  std::optional<asio::posix::stream_descriptor> hangup_;
  char peeked_ = 0;
};

Stream::Stream(tcp::socket socket) : impl_(std::make_unique<Impl>(std::move(socket))) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

net::Awaitable<std::size_t> Stream::read_some(std::span<char> into, error_code& ec) {
  if (impl_->ssl) return impl_->read_tls(into, ec);
  if (impl_->has_ended) return read_end(ec);
  return impl_->socket.async_read_some(asio::buffer(into.data(), into.size()),
                                       asio::redirect_error(asio::use_awaitable, ec));
}

net::Awaitable<void> Stream::write(std::span<const asio::const_buffer> pieces, error_code& ec) {
  if (!impl_->ssl) {
    Impl& impl = *impl_;
    co_await asio::async_write(impl.socket, pieces, asio::redirect_error(asio::use_awaitable, ec));
    // A long write goes on until the kernel calls the descriptor bad.
    if (ec && !impl.socket.is_open()) ec = asio::error::operation_aborted;
    co_return;
  }
  co_await impl_->push(pieces, OnInput::ignore, ec);
}

net::Awaitable<bool> Stream::write_until_answered(std::span<const asio::const_buffer> pieces,
                                                  error_code& ec) {
  return impl_->push(pieces, OnInput::stop, ec);
}

net::Awaitable<void> Stream::handshake_as_client(const TlsPeer& peer, error_code& ec, std::string& reason) {
  impl_->session = peer.session;
  impl_->socket.native_non_blocking(true, ec);
  impl_->ssl = make_client_ssl(peer, impl_->socket.native_handle());
  co_await impl_->shake_hands(ec);
  if (ec) reason = handshake_failure(impl_->ssl.get());
}

net::Awaitable<void> Stream::handshake_as_server(ssl_ctx_st* context, error_code& ec) {
  impl_->socket.native_non_blocking(true, ec);
  impl_->ssl = make_server_ssl(context, impl_->socket.native_handle());
  return impl_->shake_hands(ec);
}

bool Stream::is_quiet() noexcept {
  return impl_->look() == Sight::quiet;
}

void Stream::watch(std::function<void()> on_gone) {
  impl_->stop_watching();
  impl_->watch = std::make_shared<Impl::Watch>(*impl_, std::move(on_gone));
  impl_->watch->start();
}

void Stream::stop_watching() noexcept {
  impl_->stop_watching();
}

void Stream::end_writing() noexcept {
  impl_->send_close_notify();
  error_code ignored;
  impl_->socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::close() noexcept {
  impl_->close(true);
}

void Stream::reset() noexcept {
  error_code ignored;
  impl_->socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  impl_->close(false);
}

bool Stream::is_open() const noexcept {
  return impl_->socket.is_open();
}
tcp::socket& Stream::socket() noexcept {
  return impl_->socket;
}

net::Awaitable<std::size_t> Stream::Impl::read_tls(std::span<char> into, error_code& ec) {
  if (++reads_in_a_row >= kReadsBeforeYield) {
    reads_in_a_row = 0;
    co_await asio::post(socket.get_executor(), asio::use_awaitable);
  }
  for (;;) {
    // A closed socket's number may be another connection's by now.
    if (!socket.is_open()) {
      ec = asio::error::operation_aborted;
      co_return 0;
    }
    std::size_t n = 0;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_read_ex(ssl.get(), into.data(), into.size(), &n);
    const Step step = ssl_outcome(result, ec);
    if (step == Step::done) co_return n;
    if (step == Step::failed) co_return 0;
    reads_in_a_row = 0;
    co_await wait_for(step, ec);
    if (ec) co_return 0;
  }
}

net::Awaitable<bool> Stream::Impl::push(std::span<const asio::const_buffer> pieces, OnInput on_input,
                                        error_code& ec) {
  Outgoing out(pieces);
  std::string joined;
  ec = {};
  while (!out.empty()) {
    if (!socket.is_open()) {
      ec = asio::error::operation_aborted;
      co_return false;
    }
    const Step step = put(out, joined, ec);
    if (step == Step::failed) co_return false;
    if (step == Step::done) continue;
    if (on_input == OnInput::stop) {
      co_await wait_for_either();
      if (socket.is_open() && look() != Sight::quiet) co_return false;
    } else {
      co_await wait_for(step, ec);
      if (ec) co_return false;
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
    co_await wait_for(step, ec);
    if (ec) co_return;
  }
}

net::Awaitable<void> Stream::Impl::wait_for(Step want, error_code& ec) {
  return socket.async_wait(want == Step::want_write ? tcp::socket::wait_write : tcp::socket::wait_read,
                           asio::redirect_error(asio::use_awaitable, ec));
}

// Until the socket takes or has bytes, or is closed. The caller looks which.
net::Awaitable<void> Stream::Impl::wait_for_either() {
  struct Waits {
    explicit Waits(asio::io_context& io) : over(io) {}
    net::Event over;
    asio::cancellation_signal read;
    asio::cancellation_signal write;
  };
  auto& io = static_cast<asio::io_context&>(asio::query(socket.get_executor(), asio::execution::context));
  const auto waits = std::make_shared<Waits>(io);  // shared with the wait that loses, which ends later
  const auto wake = [waits](error_code) { waits->over.set(); };
  socket.async_wait(tcp::socket::wait_read, asio::bind_cancellation_slot(waits->read.slot(), wake));
  socket.async_wait(tcp::socket::wait_write, asio::bind_cancellation_slot(waits->write.slot(), wake));
  co_await waits->over.wait();
  waits->read.emit(asio::cancellation_type::terminal);
  waits->write.emit(asio::cancellation_type::terminal);
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
  std::array<iovec, kMaxPieces> pieces;
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = out.gather(pieces);
  const ssize_t n = ::sendmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0) {
    out.advance(static_cast<std::size_t>(n));
    return Step::done;
  }
  if (errno == EINTR) return Step::done;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return Step::want_write;
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
      return Step::want_read;
    case SSL_ERROR_WANT_WRITE:
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
        return Sight::bytes;
      case Step::want_read:
      case Step::want_write:
        return Sight::quiet;
      case Step::failed:
        return Sight::gone;
    }
  }
  const ssize_t n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) return Sight::bytes;
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? Sight::quiet : Sight::gone;
}

void Stream::Impl::stop_watching() noexcept {
  if (!watch) return;
  watch->stop();
  watch.reset();
}

void Stream::Impl::close(bool tell_peer) noexcept {
  stop_watching();
  if (!socket.is_open()) return;
  if (tell_peer) send_close_notify();
  error_code ignored;
  socket.close(ignored);
}

// Best effort: the connection ends either way.
void Stream::Impl::send_close_notify() noexcept {
  if (!ssl || ssl_broken || ssl_writing || SSL_is_init_finished(ssl.get()) != 1) return;
  if ((SSL_get_shutdown(ssl.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl.get());
}

}  // namespace weir::transport
