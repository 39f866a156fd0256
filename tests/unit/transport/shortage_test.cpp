#include "transport/shortage.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <cerrno>

namespace weir::transport {
namespace {

bool is_ours(int number, const boost::asio::ip::address& to) {
  return is_own_shortage({number, boost::system::system_category()}, to);
}

TEST(OwnShortage, IsWhatThisMachineLacks) {
  const boost::asio::ip::address v4 = boost::asio::ip::address_v4::loopback();
  for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EADDRNOTAVAIL})
    EXPECT_TRUE(is_ours(number, v4)) << number;
  for (const int number : {ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT})
    EXPECT_FALSE(is_ours(number, v4)) << number;
}

TEST(OwnShortage, IsNotThatThereIsNoIpv6) {
  const boost::asio::ip::address v6 = boost::asio::ip::address_v6::loopback();
  EXPECT_FALSE(is_ours(EADDRNOTAVAIL, v6));
  EXPECT_TRUE(is_ours(EMFILE, v6));
}

}  // namespace
}  // namespace weir::transport
