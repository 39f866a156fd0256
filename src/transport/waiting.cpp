#include "transport/waiting.hpp"

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

StreamGuard::StreamGuard(net::Loop& loop, Stream& stream, net::Cancellation& cancellation, BootTime by)
    : cancellation_(cancellation),
      deadline_(loop.timers(), [&stream] { stream.reset(); }),
      registration_(cancellation, [&stream] { stream.reset(); }) {
  deadline_.arm(by);
}

Error cancelled_error() {
  return {ErrorKind::cancelled, "the client has gone"};
}

}  // namespace weir::transport
