#include "transport/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace weir::transport {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;

// One event, one packet. Nothing is lost where the kernel refuses.
void send_at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Socket accept_from(int listener, tcp::endpoint& from, error_code& ec) {
  auto size = static_cast<socklen_t>(from.capacity());
  Socket socket(::accept4(listener, from.data(), &size, kFlags));
  ec = socket.fd() < 0 ? last_error() : error_code();
  if (ec) return socket;
  from.resize(size);
  send_at_once(socket.fd());
  return socket;
}

Socket connect_to(const tcp::endpoint& to, error_code& ec) {
  Socket socket(::socket(to.protocol().family(), SOCK_STREAM | kFlags, IPPROTO_TCP));
  ec = socket.fd() < 0 ? last_error() : error_code();
  if (ec) return socket;
  send_at_once(socket.fd());
  const bool is_under_way = ::connect(socket.fd(), to.data(), static_cast<socklen_t>(to.size())) == 0 ||
                            errno == EINPROGRESS || errno == EINTR;
  if (!is_under_way) ec = last_error();
  return socket;
}

error_code outcome_of_connect(int fd) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return last_error();
  return {error, boost::system::system_category()};
}

}  // namespace weir::transport
