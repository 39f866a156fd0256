#include <benchmark/benchmark.h>

#include <chrono>
#include <utility>

#include "support/providers.hpp"
#include "weir/sim/simulation.hpp"

namespace weir::sim {
namespace {

quota::Limit requests_a_minute(quota::WindowKind window, std::uint64_t amount) {
  quota::Limit limit = test::requests_per_minute(amount);
  limit.window = window;
  return limit;
}

// A day at three times what three providers take: some 600,000 requests.
void SimulateADay(benchmark::State& state) {
  for (auto _ : state) {
    Scenario scenario;
    scenario.parts.providers = {
        test::make_provider("sliding", {test::make_model("m")},
                            {test::requests_per_minute(60), test::tokens_per_minute(60'000)}),
        test::make_provider("refill", {test::make_model("m")},
                            {requests_a_minute(quota::WindowKind::refill, 60)}),
        test::make_provider("fixed", {test::make_model("m")},
                            {requests_a_minute(quota::WindowKind::fixed, 30)})};
    scenario.model = "auto";
    scenario.time = std::chrono::hours(24);
    scenario.traffic.load = 3;
    const Result<Report> report = simulate(std::move(scenario));
    state.counters["requests"] = static_cast<double>(report->arrivals);
    state.counters["events"] = static_cast<double>(report->events);
  }
}
BENCHMARK(SimulateADay)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace weir::sim
