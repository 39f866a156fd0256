#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "transport/socket.hpp"
#include "transport/tls.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/loop.hpp"

namespace weir::transport {

// A TCP connection, plain or under TLS: one set of calls for both, so that sessions and exchanges don't know
// which. TLS is OpenSSL on the socket itself (want-read and want-write become waits for readiness), which
// keeps an idle connection at a third of asio::ssl::stream's memory. One read and one write may be under way
// at once; the stream must outlive both, close() ends them. OpenSSL writes without MSG_NOSIGNAL: the process
// must ignore SIGPIPE. Loop's thread only.
class Stream {
  struct Impl;

 public:
  struct BeginInputWait {
    void operator()(net::Resumption<void(bool)> resumption) const;
    Impl* stream;
  };
  using InputWait = net::Deferred<void(bool), BeginInputWait>;

  // Takes over a socket, connected or being so; not open where the kernel has no room to follow it. The loop
  // outlives the stream.
  Stream(net::Loop& loop, Socket socket);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;

  // Until the connection stands, where it was being made without an error so far; before all else. Else ec
  // says why it doesn't.
  [[nodiscard]] net::Awaitable<void> connected(boost::system::error_code& ec);
  // At most into.size() bytes, as soon as there are any; not a byte is written before the call ends, so that
  // the connections of a thread may share `into`. At the peer's end of stream ec is asio::error::eof;
  // a TLS stream that was cut without close_notify gives connection_reset, a broken TLS record
  // protocol_error.
  [[nodiscard]] net::Awaitable<std::size_t> read_some(std::span<char> into, boost::system::error_code& ec);
  // The same in two, for who has memory for it only then: whether a try_read() is due, and until it may be.
  // Neither is one where read_some() is under way.
  [[nodiscard]] bool has_input() const noexcept;
  [[nodiscard]] InputWait wait_for_input();  // only where there is none; false: it was ended
  // What is there now; nothing where that was a false alarm.
  [[nodiscard]] std::size_t try_read(std::span<char> into, boost::system::error_code& ec);
  // All of it, in one system call where the kernel takes it; false with the reason where it doesn't take
  // all. The bytes and the list of them stay in place until it ends.
  [[nodiscard]] net::Awaitable<bool> write(std::span<const boost::asio::const_buffer> pieces,
                                           boost::system::error_code& ec);
  // Like write(), for what the peer may answer before it has all of it: while bytes are still left to write
  // and there is something to read, the end of stream included, calls `answered`, which reads; gives up and
  // returns false where it says so. `answered` stays in place until it ends, and must not destroy the stream.
  [[nodiscard]] net::Awaitable<bool> write_until_answered(std::span<const boost::asio::const_buffer> pieces,
                                                          const std::function<bool()>& answered,
                                                          boost::system::error_code& ec);

  // Puts TLS on the connection. On failure `reason` says why, in words: an
  // invalid certificate ("certificate has expired") or a broken handshake.
  [[nodiscard]] net::Awaitable<void> handshake_as_client(const TlsPeer& peer, boost::system::error_code& ec,
                                                         std::string& reason);
  // `context` outlives the stream.
  [[nodiscard]] net::Awaitable<void> handshake_as_server(ssl_ctx_st* context, boost::system::error_code& ec);

  // A pooled connection is usable if nothing has arrived on it and the peer hasn't closed. Costs no call
  // where the loop has looked in this turn, before what is being handled, and the kernel has told nothing.
  [[nodiscard]] bool is_quiet() noexcept;

  // Looks out for the peer's leaving while nobody reads: calls `on_gone` once, on the loop and never from
  // within this call, when a FIN, a reset or a TLS close_notify arrives. Bytes that arrive before are left
  // unread, and a FIN or reset behind them is noticed all the same. stop_watching() before the next read; a
  // write may be under way all the while. After stop_watching() or close() `on_gone` isn't called any more.
  void watch(std::function<void()> on_gone);
  void stop_watching() noexcept;

  // Tells the peer that nothing more comes (TLS: close_notify before the FIN). Reading goes on.
  void end_writing() noexcept;

  // Ends every operation under way with operation_aborted, and leaves the connection as it is.
  void cancel() noexcept;
  // cancel(), and the connection's end. A TLS peer is told by close_notify where that can
  // be sent at once; its answer isn't waited for.
  void close() noexcept;
  // close() with a reset and without close_notify, so that the peer can't take what it has for whole.
  void reset() noexcept;
  [[nodiscard]] bool is_open() const noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::transport
