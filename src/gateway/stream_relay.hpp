#pragma once

#include <optional>
#include <string>

#include "gateway/attempt.hpp"
#include "weir/net/loop.hpp"
#include "weir/telemetry/request_record.hpp"
#include "weir/transport/server.hpp"

namespace weir::gateway {

// A stream that is the answer, from its commit event to its end: whole events go on as they come. All
// arguments outlive it. Session's thread only.
class StreamRelay {
 public:
  StreamRelay(const net::Loop& loop, transport::Responder& responder, telemetry::RequestRecord& record,
              Attempt& attempt);

  // The head and what was held of the stream. False where the client has gone.
  [[nodiscard]] net::Awaitable<bool> begin(const http::ResponseHead& head);
  // The rest. True where the client has all of it, to its proper end.
  [[nodiscard]] net::Awaitable<bool> run();

 private:
  [[nodiscard]] net::Awaitable<void> end(std::optional<Error> broken);
  [[nodiscard]] net::Awaitable<void> read_to_framings_end();

  const net::Loop& loop_;
  transport::Responder& responder_;
  telemetry::RequestRecord& record_;
  Attempt& attempt_;
  std::string out_;
};

}  // namespace weir::gateway
