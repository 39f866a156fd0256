#include "support/raw_provider.hpp"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace weir::test {
namespace {

constexpr std::string_view kBlankLine = "\r\n\r\n";

void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

}  // namespace

// --- requests
// -----------------------------------------------------------------------------------------------------

std::string_view RawRequest::line() const {
  return std::string_view(head).substr(0, head.find("\r\n"));
}

std::optional<std::string> RawRequest::field(std::string_view name) const {
  std::string_view rest(head);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view text = rest.substr(0, end);
    if (text.size() > name.size() && text[name.size()] == ':' &&
        ::strncasecmp(text.data(), name.data(), name.size()) == 0) {
      const std::size_t value = std::min(text.find_first_not_of(' ', name.size() + 1), text.size());
      return std::string(text.substr(value));
    }
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return std::nullopt;
}

// --- one connection
// -----------------------------------------------------------------------------------------------

RawConnection::RawConnection(RawProvider& owner, int fd, std::size_t number)
    : owner_(owner), fd_(fd), number_(number) {}

RawConnection::~RawConnection() {
  close();
  SSL_free(ssl_);
}

bool RawConnection::receive() {
  std::array<char, 16 * 1024> bytes;
  ssize_t n = 0;
  if (!open_) return false;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    n = SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  } else {
    n = ::recv(fd_, bytes.data(), bytes.size(), 0);
  }
  if (n <= 0) return false;
  unread_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

std::optional<RawRequest> RawConnection::read_head() {
  std::size_t end = 0;
  while ((end = unread_.find(kBlankLine)) == std::string::npos) {
    if (!receive()) return std::nullopt;
  }
  RawRequest request{.head = unread_.substr(0, end + kBlankLine.size()), .body = {}};
  unread_.erase(0, request.head.size());
  ++owner_.requests_;
  return request;
}

std::optional<RawRequest> RawConnection::read_request() {
  std::size_t end = 0;
  while ((end = unread_.find(kBlankLine)) == std::string::npos) {
    if (!receive()) return std::nullopt;
  }
  RawRequest request{.head = unread_.substr(0, end + kBlankLine.size()), .body = {}};
  const std::size_t size = std::strtoull(request.field("Content-Length").value_or("0").c_str(), nullptr, 10);
  while (unread_.size() < request.head.size() + size) {
    if (!receive()) return std::nullopt;
  }
  request.body = unread_.substr(request.head.size(), size);
  unread_.erase(0, request.head.size() + size);
  ++owner_.requests_;
  return request;
}

bool RawConnection::send(std::string_view bytes) {
  while (open_ && !bytes.empty()) {
    ssize_t n = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      n = SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
    } else {
      n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return bytes.empty();
}

bool RawConnection::wait_for_close() {
  std::array<char, 16 * 1024> bytes;
  while (::recv(fd_, bytes.data(), bytes.size(), 0) > 0) {
  }
  return !owner_.ending_;
}

void RawConnection::close() {
  if (open_ && ssl_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
  }
  cut();
}

void RawConnection::cut() {
  if (!std::exchange(open_, false)) return;
  ::shutdown(fd_, SHUT_WR);
}

void RawConnection::reset() {
  if (!std::exchange(open_, false)) return;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  // Disconnecting sends the reset now, while the number stays ours.
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  ::connect(fd_, &nobody, sizeof nobody);
}

bool RawConnection::start_tls(ssl_ctx_st* context) {
  ERR_clear_error();
  ssl_ = SSL_new(context);
  return ssl_ != nullptr && SSL_set_fd(ssl_, fd_) == 1 && SSL_accept(ssl_) == 1;
}

std::string RawConnection::server_name() const {
  const char* const name = ssl_ == nullptr ? nullptr : SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

bool RawConnection::resumed() const {
  return ssl_ != nullptr && SSL_session_reused(ssl_) == 1;
}

// --- the provider
// -------------------------------------------------------------------------------------------------

RawProvider::RawProvider(Script script) : script_(std::move(script)) {
  std::signal(SIGPIPE, SIG_IGN);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  check(listener_ >= 0, "socket");
  check(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  check(::listen(listener_, SOMAXCONN) == 0, "listen");
  check(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawProvider::RawProvider(Script script, const Tls& tls)
    : RawProvider([context = make_tls_context(tls), inner = std::move(script)](RawConnection& peer) {
        if (peer.start_tls(context.get())) inner(peer);
      }) {}

RawProvider::~RawProvider() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : fds_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& script : scripts_) script.join();
  ::close(listener_);
}

void RawProvider::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 && errno == EMFILE && !ending_) {  // of a test that takes all of them away for a while
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    if (fd < 0) return;
    {
      const std::lock_guard lock(mutex_);
      fds_.push_back(fd);
    }
    ++open_;
    const std::size_t number = connections_++;
    scripts_.emplace_back([this, fd, number] { run(fd, number); });
  }
}

void RawProvider::run(int fd, std::size_t number) {
  {
    RawConnection connection(*this, fd, number);
    script_(connection);
  }
  const std::lock_guard lock(mutex_);
  std::erase(fds_, fd);
  ::close(fd);
  --open_;
}

std::string RawProvider::answer(int status, std::string_view body, std::string_view fields) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Type: application/json\r\n";
  text.append(fields)
      .append("Content-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
  return text;
}

RawProvider::Script RawProvider::always(std::string text) {
  return [text = std::move(text)](RawConnection& peer) {
    while (peer.read_request()) peer.send(text);
  };
}

std::shared_ptr<ssl_ctx_st> make_tls_context(const RawProvider::Tls& tls) {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  check(context != nullptr, "SSL_CTX_new");
  check(SSL_CTX_use_certificate_chain_file(context.get(), tls.chain_file.c_str()) == 1, "certificate");
  check(SSL_CTX_use_PrivateKey_file(context.get(), tls.key_file.c_str(), SSL_FILETYPE_PEM) == 1, "key");
  if (tls.only_1_1) {
    SSL_CTX_set_security_level(context.get(), 0);  // its signatures are below any other
    check(SSL_CTX_set_min_proto_version(context.get(), TLS1_1_VERSION) == 1, "TLS 1.1");
    check(SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION) == 1, "TLS 1.1");
  }
  return context;
}

bool eventually(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace weir::test
