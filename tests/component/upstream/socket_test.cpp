// What both kinds of socket have from their first moment.
#include "transport/socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>

#include "support/closed_port.hpp"

namespace weir::test {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using transport::Socket;

const tcp::endpoint kAnyPort(boost::asio::ip::address_v4::loopback(), 0);

void expect_as_promised(const Socket& socket) {
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  ASSERT_EQ(::getsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
  EXPECT_NE(::fcntl(socket.fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(SocketTest, SendsAtOnceBlocksNobodyAndIsClosedInWhatIsExecuted) {
  boost::asio::io_context io;
  tcp::acceptor acceptor(io, kAnyPort);
  acceptor.non_blocking(true);
  error_code ec;
  const Socket near = transport::connect_to(acceptor.local_endpoint(), ec);
  ASSERT_FALSE(ec) << ec.message();
  acceptor.wait(tcp::acceptor::wait_read);
  tcp::endpoint from;
  const Socket far = transport::accept_from(acceptor.native_handle(), from, ec);
  ASSERT_FALSE(ec) << ec.message();
  expect_as_promised(near);
  expect_as_promised(far);
  EXPECT_EQ(from.address(), kAnyPort.address());
  EXPECT_EQ(transport::accept_from(acceptor.native_handle(), from, ec).fd(), -1);
  EXPECT_EQ(ec, boost::asio::error::would_block);
}

TEST(SocketTest, ARefusedConnectionSaysSo) {
  const ClosedPort nobody;
  error_code ec;
  const Socket socket = transport::connect_to({kAnyPort.address(), nobody.port()}, ec);
  if (!ec) {
    pollfd ended{.fd = socket.fd(), .events = POLLOUT, .revents = 0};
    ASSERT_EQ(::poll(&ended, 1, 10'000), 1);
    ec = transport::outcome_of_connect(socket.fd());
  }
  EXPECT_EQ(ec, boost::asio::error::connection_refused);
}

}  // namespace
}  // namespace weir::test
