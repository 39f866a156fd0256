#pragma once

#include <memory>
#include <string>

#include "weir/base/result.hpp"

struct ssl_ctx_st;      // OpenSSL's SSL_CTX
struct ssl_st;          // SSL
struct ssl_session_st;  // SSL_SESSION

namespace weir::transport {

struct TlsFree {
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_st* ssl) const noexcept;
  void operator()(ssl_session_st* session) const noexcept;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsFree>;
using Ssl = std::unique_ptr<ssl_st, TlsFree>;
using TlsSession = std::unique_ptr<ssl_session_st, TlsFree>;

// The newest session ticket of one endpoint, so that its next connection needs half a handshake: the half
// without the certificate, so a ticket is only of use to the context that has checked it.
// Loop's thread only. It lives as long as any connection to its endpoint: tickets come after the handshake.
class SessionSlot {
 public:
  // `context` is what the session's connection was made with; of an older one than the last take()'s it is
  // dropped.
  void put(TlsSession session, const ssl_ctx_st* context) noexcept;
  // What to offer, or nothing. A TLS 1.3 ticket is for one use (RFC 8446, C.4) and is gone then.
  [[nodiscard]] TlsSession take(const std::shared_ptr<ssl_ctx_st>& context) noexcept;

 private:
  TlsSession session_;
  std::weak_ptr<ssl_ctx_st> context_;  // whose session_ is; an address alone may be another's by now
};

// Who must be on the other side of a client's handshake.
struct TlsPeer {
  std::shared_ptr<ssl_ctx_st> context;   // from make_client_context(); shared with who reads it anew
  std::string host;                      // name or IP literal: for SNI and for the certificate's check
  std::shared_ptr<SessionSlot> session;  // shared with the connections that are still open; may be null
};

// For a listener: TLS 1.2 and above, a PEM chain (leaf first) and its key. Fails with kind config.
[[nodiscard]] Result<TlsContext> make_server_context(const std::string& cert_file,
                                                     const std::string& key_file);

// For providers: TLS 1.2 and above, verification always on. Trusts `ca_file`; where that is empty the
// certificates of SSL_CERT_FILE and SSL_CERT_DIR, and without those the system's. Reads files: not on a
// loop's thread. Fails with kind config where there is nothing to trust.
[[nodiscard]] Result<TlsContext> make_client_context(const std::string& ca_file);

// For the one server that has the certificate of that fingerprint, which must outlive the context: neither
// its name nor who signed it is looked at. Fails with kind config.
[[nodiscard]] Result<TlsContext> make_pinned_context(const std::string& fingerprint);

// One connection's SSL object, on a socket that doesn't block. Null when memory is out.
[[nodiscard]] Ssl make_client_ssl(const TlsPeer& peer, int socket);
[[nodiscard]] Ssl make_server_ssl(ssl_ctx_st* context, int socket);

// Why the handshake of `ssl` failed, in words, from the certificate's check or OpenSSL's error queue.
[[nodiscard]] std::string handshake_failure(ssl_st* ssl);

}  // namespace weir::transport
