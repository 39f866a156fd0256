#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

namespace weir::transport {

// An open TCP socket on its way to who reads and writes it: non-blocking, without Nagle's algorithm, closed
// in what this process executes. Asio's own would be followed by its epoll for the moment until ours has it.
class Socket {
 public:
  explicit Socket(int fd) noexcept : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }  // -1: none
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Why the last call of the kernel failed.
[[nodiscard]] boost::system::error_code last_error() noexcept;

// The next connection of a listening non-blocking socket; would_block where there is none now.
[[nodiscard]] Socket accept_from(int listener, boost::asio::ip::tcp::endpoint& from,
                                 boost::system::error_code& ec);
// One whose connection is being made. An error that comes at once is told at once.
[[nodiscard]] Socket connect_to(const boost::asio::ip::tcp::endpoint& to, boost::system::error_code& ec);
// How that has come out, once the socket can be written to.
[[nodiscard]] boost::system::error_code outcome_of_connect(int fd) noexcept;

}  // namespace weir::transport
