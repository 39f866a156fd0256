#include "transport/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "weir/base/ip_literal.hpp"
#include "weir/transport/certificate.hpp"

namespace weir::transport {
namespace {

constexpr unsigned char kAlpn[] = "\x08http/1.1";
constexpr unsigned kAlpnSize = sizeof(kAlpn) - 1;

// The first error of the queue: those behind it only say who was told.
std::string first_reason() {
  const unsigned long code = ERR_peek_error();
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Without buffers while idle, and free to write part of a gathered write or to go on from another place.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One system call a record in place of two.
  SSL_CTX_set_read_ahead(context, 1);
}

bool is_ip_literal(std::string_view host) {
  return parse_ipv4(host) || parse_ipv6(host);
}

// --- client
// --------------------------------------------------------------------------------------------------------

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* slot = static_cast<SessionSlot*>(SSL_get_app_data(ssl));
  if (slot == nullptr) return 0;
  slot->put(TlsSession(session), SSL_get_SSL_CTX(ssl));
  return 1;  // the reference is ours now
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

// In place of all other checks.
int is_pinned(X509_STORE_CTX* store, void* fingerprint) {
  const X509* const shown = X509_STORE_CTX_get0_cert(store);
  const bool same =
      shown != nullptr && fingerprint_of(shown) == *static_cast<const std::string*>(fingerprint);
  X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return same ? 1 : 0;
}

// Where the common distributions keep their certificates in one file.
constexpr std::array kBundles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/ssl/cert.pem",                                  // BSDs, macOS
};

Result<void> trust_system(SSL_CTX* context) {
  const char* file = std::getenv("SSL_CERT_FILE");
  const char* folder = std::getenv("SSL_CERT_DIR");
  if (file != nullptr || folder != nullptr) {
    if (SSL_CTX_load_verify_locations(context, file, folder) == 1) return {};
    return Error{ErrorKind::config,
                 "cannot read the certificates of SSL_CERT_FILE or SSL_CERT_DIR: " + first_reason()};
  }
  for (const char* bundle : kBundles) {
    if (::access(bundle, R_OK) == 0 && SSL_CTX_load_verify_file(context, bundle) == 1) return {};
  }
  if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
  return Error{ErrorKind::config,
               "found no trusted certificates (package ca-certificates, or set SSL_CERT_FILE)"};
}

// --- server
// --------------------------------------------------------------------------------------------------------

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kAlpn, kAlpnSize, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// A key under a passphrase must fail: by default OpenSSL asks on the terminal and blocks.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

}  // namespace

void TlsFree::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}
void TlsFree::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}
void TlsFree::operator()(ssl_session_st* session) const noexcept {
  SSL_SESSION_free(session);
}

void SessionSlot::put(TlsSession session, const ssl_ctx_st* context) noexcept {
  if (context_.lock().get() == context) session_ = std::move(session);
}

TlsSession SessionSlot::take(const std::shared_ptr<ssl_ctx_st>& context) noexcept {
  if (context_.lock() != context) session_.reset();
  context_ = context;
  if (!session_ || SSL_SESSION_is_resumable(session_.get()) == 0) return nullptr;
  if (SSL_SESSION_get_protocol_version(session_.get()) >= TLS1_3_VERSION) return std::move(session_);
  SSL_SESSION_up_ref(session_.get());
  return TlsSession(session_.get());
}

Result<TlsContext> make_server_context(const std::string& cert_file, const std::string& key_file) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Error{ErrorKind::config, "cannot start TLS: " + first_reason()};
  set_common_options(context.get());
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1) {
    return Error{ErrorKind::config, "cannot read the certificate " + cert_file + ": " + first_reason()};
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{ErrorKind::config, "cannot read the key " + key_file + ": " + first_reason()};
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return Error{ErrorKind::config,
                 "the key " + key_file + " does not belong to the certificate " + cert_file};
  }
  return context;
}

Result<void> check_certificate(const std::string& cert_file, const std::string& key_file) {
  auto context = make_server_context(cert_file, key_file);
  if (!context) return std::move(context).error();
  return {};
}

Result<std::string> certificate_fingerprint(const std::string& cert_file) {
  ERR_clear_error();
  const TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1)
    return Error{ErrorKind::config, "cannot read the certificate " + cert_file + ": " + first_reason()};
  return fingerprint_of(SSL_CTX_get0_certificate(context.get()));
}

Result<TlsContext> make_client_context(const std::string& ca_file) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return Error{ErrorKind::config, "cannot start TLS: " + first_reason()};
  set_common_options(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kAlpn, kAlpnSize);
  // Sessions are ours to keep, per endpoint; OpenSSL's own cache is for servers.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  if (ca_file.empty()) {
    if (const Result<void> trusted = trust_system(context.get()); !trusted) return trusted.error();
  } else if (SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1) {
    return Error{ErrorKind::config,
                 "cannot read the trusted certificates " + ca_file + ": " + first_reason()};
  }
  return context;
}

Result<TlsContext> make_pinned_context(const std::string& fingerprint) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return Error{ErrorKind::config, "cannot start TLS: " + first_reason()};
  set_common_options(context.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), is_pinned, const_cast<std::string*>(&fingerprint));
  return context;
}

Ssl make_client_ssl(const TlsPeer& peer, int socket) {
  ERR_clear_error();
  Ssl ssl(SSL_new(peer.context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
  SSL_set_connect_state(ssl.get());
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // No check may be left out by an allocation that failed.
  if (is_ip_literal(peer.host)) {
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, peer.host.c_str()) != 1) return nullptr;
  } else {
    if (SSL_set_tlsext_host_name(ssl.get(), peer.host.c_str()) != 1) return nullptr;
    if (SSL_set1_host(ssl.get(), peer.host.c_str()) != 1) return nullptr;
  }
  SSL_set_app_data(ssl.get(), peer.session.get());
  if (peer.session) {
    if (const TlsSession session = peer.session->take(peer.context))
      SSL_set_session(ssl.get(), session.get());
  }
  return ssl;
}

Ssl make_server_ssl(ssl_ctx_st* context, int socket) {
  ERR_clear_error();
  Ssl ssl(SSL_new(context));
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

std::string handshake_failure(ssl_st* ssl) {
  if (ssl == nullptr) return "out of memory";
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return "certificate is for another name";
  }
  if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
  const unsigned long code = ERR_peek_error();
  if (code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return "connection closed during the handshake";
  return first_reason();
}

}  // namespace weir::transport
