#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace weir::net {

// Someone's wish that the work in progress should end: the client has gone, the daemon is stopping. What is
// being awaited registers how it can be ended (close this socket, set that event); the coroutine then finds
// its operation failed and looks at requested(). Loop's thread only.
class Cancellation {
 public:
  enum class Reason : std::uint8_t {
    client_gone,  // nobody waits for what comes of it
    stopping      // somebody does, and is to be told so
  };

  // The registration of one canceller; its end takes it back. At most one at a time: a request awaits one
  // thing.
  class Registration {
   public:
    Registration(Cancellation& owner, std::function<void()> cancel);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    Cancellation& owner_;
    std::function<void()> outer_;  // what was registered before, restored at the end
  };

  // Calls the canceller that is registered now, or the next one as soon as it registers.
  // That the client leaves outweighs any other reason, before or after it.
  void request(Reason reason = Reason::client_gone);
  [[nodiscard]] bool requested() const noexcept { return requested_; }
  [[nodiscard]] bool client_gone() const noexcept { return client_gone_; }

 private:
  std::function<void()> cancel_;
  bool requested_ = false;
  bool client_gone_ = false;
};

}  // namespace weir::net
