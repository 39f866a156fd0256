#pragma once

#include <memory>
#include <utility>

#include "gateway/snapshot.hpp"
#include "weir/gateway/gateway.hpp"
#include "weir/http/field_lines.hpp"
#include "weir/telemetry/request_record.hpp"

namespace weir::gateway {

// One request, from its head to its access line.
struct Visit {
  Visit(Lane& on, Instant at, std::shared_ptr<const Snapshot> snapshot)
      : lane(on), began(at), current(std::move(snapshot)), access_log(current->access_log) {}

  Lane& lane;
  const Instant began;
  std::shared_ptr<const Snapshot> current;
  const bool access_log;
  telemetry::RequestRecord record;
  http::FieldLines common;  // of every answer to it
};

}  // namespace weir::gateway
