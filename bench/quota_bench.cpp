// The ledger's hot path: one attempt over six meters, with its three records in the intent log as in
// production, and what the router asks of it.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/fake_clock.hpp"
#include "weir/quota/intent_log.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::quota {
namespace {

using std::chrono::milliseconds;

Limit limit(Dimension dimension, std::uint64_t amount, Period period,
            WindowKind window = WindowKind::sliding) {
  Limit limit;
  limit.dimension = dimension;
  limit.amount = amount;
  limit.period = period;
  limit.window = window;
  return limit;
}

std::vector<Limit> six_limits(std::uint64_t scale) {
  return {limit(Dimension::requests, 30 * scale, kMinutePeriod),
          limit(Dimension::requests, 1000 * scale, kDayPeriod, WindowKind::calendar),
          limit(Dimension::tokens, 8000 * scale, kMinutePeriod),
          limit(Dimension::tokens, 200'000 * scale, kDayPeriod),
          limit(Dimension::output_tokens, 8000 * scale, kMinutePeriod, WindowKind::fixed),
          limit(Dimension::in_flight, 64, {}, WindowKind::concurrency)};
}

constexpr Cost kEstimate{.requests = 1, .tokens = 600, .input_tokens = 100, .output_tokens = 500};
constexpr Cost kUsed{.requests = 1, .tokens = 300, .input_tokens = 100, .output_tokens = 200};

// A ring like the store's: as large, in a shared mapping of a file whose blocks are allocated.
class MappedRing {
 public:
  MappedRing() {
    std::string name = (std::filesystem::temp_directory_path() / "weir_bench_XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file < 0 || ::unlink(name.c_str()) != 0 || ::posix_fallocate(file, 0, kBytes) != 0)
      throw std::bad_alloc();
    memory_ = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
  }
  ~MappedRing() { ::munmap(memory_, kBytes); }
  MappedRing(const MappedRing&) = delete;
  MappedRing& operator=(const MappedRing&) = delete;
  [[nodiscard]] std::span<std::byte> bytes() const { return {static_cast<std::byte*>(memory_), kBytes}; }

 private:
  static constexpr std::size_t kBytes = 2U << 20U;
  void* memory_ = nullptr;
};

enum class Journal { off, on };

struct Bench {
  explicit Bench(std::uint64_t scale, Journal journal = Journal::on) {
    if (journal == Journal::on) {
      log.emplace(ring.bytes(), 1);
      ledger.journal_to(&*log);
    }
    const std::vector<Limit> limits = six_limits(scale);
    pool = ledger.bind("account", "model", {}, limits, {});
  }
  void attempt() const {
    auto outcome = pool.reserve(kEstimate, clock.now());
    auto& reservation = std::get<Reservation>(outcome);
    reservation.send(clock.now());
    reservation.settle(kUsed, clock.now());
  }

  test::FakeClock clock;
  MappedRing ring;
  std::optional<IntentLog> log;
  Ledger ledger;
  Pool pool;
};

// state.range(0): milliseconds between requests. 300: the windows stay below 256 costs; 1: cells.
void reserve_send_settle(benchmark::State& state, Journal journal) {
  Bench bench(1'000'000, journal);
  const milliseconds pause(state.range(0));
  for (auto _ : state) {
    bench.attempt();
    bench.clock.advance(pause);
  }
}
BENCHMARK_CAPTURE(reserve_send_settle, unlogged, Journal::off)->Arg(300)->Arg(1);
BENCHMARK_CAPTURE(reserve_send_settle, logged, Journal::on)->Arg(300)->Arg(1);

void reserve_send_observe_settle(benchmark::State& state) {
  Bench bench(1'000'000);
  std::vector<Observation> head(2);
  head[0].limit = head[1].limit = 1'000'000'000;
  head[0].remaining = head[1].remaining = 999'000'000;
  head[1].dimension = Dimension::tokens;
  for (auto _ : state) {
    auto outcome = bench.pool.reserve(kEstimate, bench.clock.now());
    auto& reservation = std::get<Reservation>(outcome);
    reservation.send(bench.clock.now());
    reservation.observe(head, bench.clock.now());
    reservation.settle(kUsed, bench.clock.now());
    bench.clock.advance(milliseconds(300));
  }
}
BENCHMARK(reserve_send_observe_settle);

void refusal(benchmark::State& state) {
  Bench bench(1);
  while (!bench.pool.refusal(kEstimate, bench.clock.now())) {
    bench.attempt();
    bench.clock.advance(milliseconds(50));
  }
  for (auto _ : state) benchmark::DoNotOptimize(bench.pool.reserve(kEstimate, bench.clock.now()));
}
BENCHMARK(refusal);

void headroom(benchmark::State& state) {
  Bench bench(1'000'000);
  for (int i = 0; i < 200; ++i) {
    bench.attempt();
    bench.clock.advance(milliseconds(50));
  }
  for (auto _ : state) benchmark::DoNotOptimize(bench.pool.headroom(kEstimate, bench.clock.now()));
}
BENCHMARK(headroom);

// items_per_second is of all threads together: with four it must not be much less than with one.
void threads_on_one_account(benchmark::State& state) {
  static const Bench bench(1'000'000'000);
  for (auto _ : state) bench.attempt();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(threads_on_one_account)->Threads(1)->Threads(2)->Threads(4)->UseRealTime();

}  // namespace
}  // namespace weir::quota
