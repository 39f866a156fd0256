#pragma once

#include <cstdint>
#include <functional>

#include "transport/stream.hpp"
#include "weir/base/error.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/event.hpp"
#include "weir/net/loop.hpp"
#include "weir/net/timers.hpp"

// How an exchange waits: never without an end in time, and never on after its cancellation. Loop's thread
// only.
namespace weir::transport {

enum class Waited : std::uint8_t { happened, too_late, cancelled };

// Until the event, the moment or the cancellation. The event outlives the wait.
[[nodiscard]] net::Awaitable<Waited> wait_for(net::Loop& loop, net::Event& event, BootTime by,
                                              net::Cancellation& cancellation);

// While it lives, ends what is being awaited when its moment has passed or the cancellation is requested:
// that then fails, and cancelled() and too_late() say why. Outlived by all it is given.
class WaitGuard {
 public:
  // `clock` ends it too, and is nobody else's meanwhile.
  WaitGuard(net::Deadline& clock, BootTime by, net::Cancellation& cancellation, std::function<void()> end);
  ~WaitGuard() { clock_.disarm(); }
  WaitGuard(const WaitGuard&) = delete;
  WaitGuard& operator=(const WaitGuard&) = delete;

  [[nodiscard]] bool cancelled() const noexcept { return cancellation_.requested(); }
  [[nodiscard]] bool too_late() const noexcept { return clock_.expired(); }
  [[nodiscard]] bool tripped() const noexcept { return cancelled() || too_late(); }

 private:
  net::Cancellation& cancellation_;
  net::Deadline& clock_;
  net::Cancellation::Registration registration_;
};

// One with a clock of its own, which resets the stream. A reset, because a server may take a FIN for half a
// close and go on working for nobody.
class StreamGuard {
 public:
  StreamGuard(net::Loop& loop, Stream& stream, net::Cancellation& cancellation, BootTime by);

  [[nodiscard]] bool cancelled() const noexcept { return guard_.cancelled(); }
  [[nodiscard]] bool too_late() const noexcept { return guard_.too_late(); }

 private:
  StreamGuard(net::Loop& loop, const std::function<void()>& end, net::Cancellation& cancellation,
              BootTime by);

  net::Deadline clock_;
  WaitGuard guard_;
};

[[nodiscard]] Error cancelled_error();

}  // namespace weir::transport
