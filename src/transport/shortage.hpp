#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

namespace weir::transport {

// What this machine or process hadn't enough of, as told by a system call.
[[nodiscard]] inline bool is_out_of_descriptors(const boost::system::error_code& ec) noexcept {
  return ec == boost::system::errc::too_many_files_open ||
         ec == boost::system::errc::too_many_files_open_in_system;
}

// Whether a connection failed for want of descriptors, memory, buffers, local ports or room in epoll: that
// shows nothing of whoever was to be reached. EADDRNOTAVAIL of IPv4 is that all ports to this address are in
// use; of IPv6 it may as well be that this machine has no IPv6, which no wait ends.
[[nodiscard]] inline bool is_own_shortage(const boost::system::error_code& ec,
                                          const boost::asio::ip::address& to) noexcept {
  return is_out_of_descriptors(ec) || ec == boost::system::errc::no_buffer_space ||
         ec == boost::system::errc::not_enough_memory || ec == boost::system::errc::no_space_on_device ||
         (ec == boost::system::errc::address_not_available && to.is_v4());
}

}  // namespace weir::transport
