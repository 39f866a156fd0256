#include "weir/net/event.hpp"

#include <boost/asio/redirect_error.hpp>

namespace weir::net {

Event::Event(boost::asio::io_context& io) : parked_(io, boost::asio::steady_timer::time_point::max()) {}

void Event::set() noexcept {
  set_ = true;
  parked_.cancel();
}

Awaitable<void> Event::wait() {
  if (set_) co_return;
  boost::system::error_code ec;  // always operation_aborted: the timer itself never ends
  co_await parked_.async_wait(boost::asio::redirect_error(kUseAwaitable, ec));
}

}  // namespace weir::net
