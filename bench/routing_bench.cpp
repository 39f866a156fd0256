#include <benchmark/benchmark.h>

#include <chrono>
#include <string>
#include <variant>

#include "support/fake_clock.hpp"
#include "support/fake_random.hpp"
#include "support/providers.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/planner.hpp"

namespace weir::routing {
namespace {

// Choosing a target and giving its quota back, among so many targets with two windows each. Fresh: nothing
// has been sent; used: there are a hundred costs in every window.
void choose_among(benchmark::State& state, int used) {
  Catalogue::Parts parts;
  RouteSpec spec{.name = "r", .targets = {}};
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    const std::string name = "p" + std::to_string(i);
    parts.providers.push_back(
        test::make_provider(name, {test::make_model("m")},
                            {test::requests_per_minute(1'000'000), test::tokens_per_minute(1'000'000'000)}));
    spec.targets.push_back({.provider = name, .model = "m"});
  }
  parts.routes.push_back(std::move(spec));
  quota::Ledger ledger;
  const Catalogue catalogue(std::move(parts), ledger);
  const Route& route = *catalogue.find("r");
  test::FakeClock clock;
  test::FakeRandom random({0.1, 0.5, 0.9});
  const Ask ask{.prompt_tokens = 200, .output_tokens = 512, .max_tokens = {}};
  for (int i = 0; i < used; ++i) {
    for (const Candidate& candidate : route.candidates) {
      auto taken = candidate.target->pool.reserve(fit(*candidate.target, ask, clock.now()).cost, clock.now());
      std::get<quota::Reservation>(taken).keep(clock.now());
    }
    clock.advance(std::chrono::milliseconds(100));
  }
  for (auto _ : state) {
    auto chosen = choose(route, ask, {}, clock.now(), random);
    std::get<Choice>(chosen).reservation.refund(clock.now());
  }
}
BENCHMARK_CAPTURE(choose_among, fresh, 0)->Arg(1)->Arg(5)->Arg(50)->Arg(200);
BENCHMARK_CAPTURE(choose_among, used, 100)->Arg(1)->Arg(5)->Arg(50)->Arg(200);

}  // namespace
}  // namespace weir::routing
