#include "transport/waiting.hpp"

#include <utility>

namespace weir::transport {

net::Awaitable<Waited> wait_for(net::Loop& loop, net::Event& event, BootTime by,
                                net::Cancellation& cancellation) {
  net::Deadline deadline(loop.timers(), [&event] { event.set(); });
  deadline.arm(by);
  const net::Cancellation::Registration registration(cancellation, [&event] { event.set(); });
  co_await event.wait();
  if (cancellation.requested()) co_return Waited::cancelled;
  co_return deadline.expired() ? Waited::too_late : Waited::happened;
}

WaitGuard::WaitGuard(net::Deadline& clock, BootTime by, net::Cancellation& cancellation,
                     std::function<void()> end)
    : cancellation_(cancellation), clock_(clock), registration_(cancellation, std::move(end)) {
  clock_.arm(by);
}

StreamGuard::StreamGuard(net::Loop& loop, Stream& stream, net::Cancellation& cancellation, BootTime by)
    : StreamGuard(
          loop, [&stream] { stream.reset(); }, cancellation, by) {}

StreamGuard::StreamGuard(net::Loop& loop, const std::function<void()>& end, net::Cancellation& cancellation,
                         BootTime by)
    : clock_(loop.timers(), end), guard_(clock_, by, cancellation, end) {}

Error cancelled_error() {
  return {ErrorKind::cancelled, "the client has gone"};
}

}  // namespace weir::transport
