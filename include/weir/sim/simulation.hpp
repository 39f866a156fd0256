#pragma once

#include "weir/base/result.hpp"
#include "weir/sim/report.hpp"
#include "weir/sim/scenario.hpp"

// The real ledger and router against pretend providers, in virtual time: no threads, no sockets, no waiting.
namespace weir::sim {

// Runs all of it. Fails with kind model_not_found where the catalogue has no such model, and with
// invalid_request where there would be no end of requests, or none: a load is asked for where no limit is
// known, or every limit is zero.
[[nodiscard]] Result<Report> simulate(Scenario scenario);

}  // namespace weir::sim
