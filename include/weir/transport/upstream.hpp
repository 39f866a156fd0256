#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/http/head.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/loop.hpp"

namespace weir::transport {

inline constexpr std::size_t kMaxAnswerHead = 64 * 1024;
inline constexpr std::size_t kMaxAnswerFields = 200;

// An HTTP proxy for CONNECT. Empty host: none.
struct Proxy {
  std::string host;
  std::uint16_t port = 0;
  std::string authorization;  // value of Proxy-Authorization, or empty

  friend bool operator==(const Proxy&, const Proxy&) = default;
};

// Where a provider is: comes from the configuration only.
struct Endpoint {
  bool tls = true;
  std::string host;  // name or IP literal, without brackets
  std::uint16_t port = 443;
  Proxy proxy;

  [[nodiscard]] std::string authority() const;  // for Host: the port only where it isn't the scheme's own
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// One request to a provider. It and what it names must live until the answer's head is there.
struct UpstreamRequest {
  const Endpoint* endpoint = nullptr;
  std::string_view method = "POST";
  std::string_view path;    // "/openai/v1/chat/completions"
  std::string_view fields;  // whole header lines, each ended by CRLF; Host and length are added
  std::span<const std::string_view> body;              // written one after the other, in one gathered write
  Duration connect_timeout = std::chrono::seconds(5);  // look-up and TCP
  Duration tls_timeout = std::chrono::seconds(10);
  BootTime head_by;  // the answer's head must be complete by then; bounds all before it
  // Called when the last byte has been handed to the kernel: from here on the provider may have counted it.
  // Called once more where a stale connection is replaced; not at all where the answer comes before the last
  // byte has left.
  std::function<void(Instant)> on_sent;
};

// An answer whose head has arrived. Destroying it before its end closes the connection: that is how an
// exchange is aborted. Loop's thread only.
class Answer {
 public:
  virtual ~Answer() = default;
  [[nodiscard]] virtual const http::ResponseHead& head() const noexcept = 0;
  // Nobody reads its head's fields any more: gives their memory back.
  virtual void drop_fields() noexcept = 0;
  // The next piece of the body, framing taken off; empty at the end, and then the connection is pooled again
  // if it may be. What has arrived is given out at once, pieces of it joined. The view ends with the next
  // call. Errors: upstream_closed (cut short), upstream_protocol, upstream_timeout (nothing came by `by`),
  // cancelled.
  [[nodiscard]] virtual net::Awaitable<Result<std::string_view>> next(BootTime by) = 0;
  // Whether its end is here already. Drops what has arrived before it.
  [[nodiscard]] virtual bool is_over() = 0;
  // From now on that one ends it, which outlives it, and no longer its request's.
  virtual void ends_with(net::Cancellation& cancellation) noexcept = 0;
  // For the log.
  [[nodiscard]] virtual bool reused_connection() const noexcept = 0;
};

// Sends requests to providers over pooled connections. One a loop; loop's thread only.
class UpstreamClient {
 public:
  virtual ~UpstreamClient() = default;
  // Connects (or takes the connection used last, checked), writes, reads the head. A pooled connection that
  // closes before any byte of an answer, and before the provider has had the whole request for a second, is
  // replaced by a fresh one, once. Redirects are an answer like any
  // other. Errors: dns_failed, connect_failed, tls_failed, and overloaded where it is this machine that has
  // no descriptor, port or memory left for a connection (nothing was sent); upstream_closed,
  // upstream_protocol, upstream_timeout; cancelled. `cancellation` also ends the answer's body and outlives
  // the answer.
  [[nodiscard]] virtual net::Awaitable<Result<std::unique_ptr<Answer>>> exchange(
      const UpstreamRequest& request, net::Cancellation& cancellation) = 0;
  // Closes idle connections.
  virtual void close_idle() = 0;
};

struct UpstreamConfig {
  Duration idle_timeout =
      std::chrono::seconds(55);  // of a pooled connection; providers close after 60 and more
  std::size_t idle_max = 64;     // pooled connections an endpoint
  Duration dns_ttl = std::chrono::seconds(60);
  Duration dns_timeout = std::chrono::seconds(2);
};

// Turns a name into IP literals. Blocks; runs on a thread of the resolver's.
using LookUp = std::function<Result<std::vector<std::string>>(const std::string& host)>;

struct UpstreamSharedConfig {
  std::string ca_file;  // PEM, trusted in place of SSL_CERT_FILE, SSL_CERT_DIR and the system's certificates
  // The one certificate that is accepted, whatever its name and whoever signed it: its fingerprint. Empty:
  // any that is trusted and has the endpoint's name.
  std::string certificate;
  LookUp look_up;  // in place of the system's resolver
};

// What the loops' clients share: the resolver's threads and the trust store. Outlives every client; the loops
// outlive it, because look-ups under way post to them.
class UpstreamShared {
 public:
  // The trust store (SSL_CERT_FILE and SSL_CERT_DIR are honoured, else the system's) is read on a thread of
  // its own once the first handshake wants it, which waits for it.
  UpstreamShared();
  explicit UpstreamShared(UpstreamSharedConfig config);
  ~UpstreamShared();  // waits for look-ups under way

  [[nodiscard]] std::unique_ptr<UpstreamClient> make_client(net::Loop& loop, UpstreamConfig config);
  // Begins to read the trust store before a handshake wants it. Any thread.
  void want_trust();
  // Begins to read the trust store again, if it was wanted. New connections go by it once it is read; where
  // it can't be, the old one stays. One thread.
  void reload_trust();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::transport
