#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/attempt.hpp"
#include "weir/net/loop.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/transport/server.hpp"

namespace weir::gateway {

// A stream that is the answer, from its commit event to its end: whole events go on as they come. All
// arguments outlive it. Session's thread only.
class StreamRelay {
 public:
  StreamRelay(net::Loop& loop, transport::Responder& responder, telemetry::RequestRecord& record,
              Attempt& attempt);

  // The head and what was held of the stream. False where the client has gone.
  [[nodiscard]] net::Awaitable<bool> begin(const http::ResponseHead& head);
  // The rest. True where the client has all of it, to its proper end.
  [[nodiscard]] net::Awaitable<bool> run();

 private:
  // One more piece, or why there is none. False where it is over; else `out_` is what goes on.
  [[nodiscard]] bool take(const Result<std::string_view>& piece);
  // Of several answers at once only [DONE] proves it.
  [[nodiscard]] bool has_said_all() const;
  // How long the next piece is waited for.
  [[nodiscard]] Duration patience() const;
  [[nodiscard]] BootTime total_by() const;
  // What the client is told of it.
  [[nodiscard]] Error why(const Error& error) const;
  [[nodiscard]] net::Awaitable<void> end();
  // Decides how it has ended. The events that tell the client so.
  [[nodiscard]] std::string ending();
  void break_by(Error why) { broken_ = std::make_unique<Error>(std::move(why)); }
  void let_end();

  net::Loop& loop_;
  transport::Responder& responder_;
  telemetry::RequestRecord& record_;
  Attempt& attempt_;
  std::string out_;
  std::unique_ptr<Error> broken_;  // why it won't come to its end
};

}  // namespace weir::gateway
