#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "weir/telemetry/telemetry.hpp"

namespace weir::test {

inline telemetry::AttemptRecord make_attempt(
    std::uint32_t series, std::string target, telemetry::AttemptClass what = telemetry::AttemptClass::ok,
    std::chrono::milliseconds took = std::chrono::milliseconds(100)) {
  return {.target = std::move(target),
          .key = "main",
          .outcome = std::string(name(what)),
          .took = took,
          .what = what,
          .series = series,
          .after = {}};
}

// A chat request that was served in 300 ms.
inline telemetry::RequestRecord make_record(std::string id) {
  telemetry::RequestRecord record;
  record.route = telemetry::Route::chat;
  record.request_id = std::move(id);
  record.status = 200;
  record.took = std::chrono::milliseconds(300);
  record.first_byte = std::chrono::milliseconds(120);
  return record;
}

}  // namespace weir::test
