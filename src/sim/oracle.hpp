#pragma once

#include <map>
#include <string>

#include "weir/routing/route.hpp"
#include "weir/sim/report.hpp"
#include "weir/sim/scenario.hpp"

namespace weir::sim {

// What somebody would have been granted who stands at the providers' doors, sees their counts and knows what
// each request will take: the same requests with the same deadlines and strangers, no journey, no guards,
// first come first served. Fills `grantable` of each provider's counts.
void ask_oracle(const Scenario& scenario, const routing::Route& route, BootTime start,
                std::map<std::string, Counts>& counts);

}  // namespace weir::sim
