#include <benchmark/benchmark.h>

#include <string>

#include "weir/tokens/encoder.hpp"
#include "weir/tokens/estimator.hpp"

namespace weir::tokens {
namespace {

std::string prose(std::size_t size) {
  constexpr std::string_view kText =
      "The quick brown fox jumps over the lazy dog, and 1,234 others watch it from the river's bank. "
      "`for (int i = 0; i < count; ++i) total += values[i];` is what they would say if they could talk.\n";
  std::string text;
  while (text.size() < size) text += kText;
  text.resize(size);
  return text;
}

void count_prose(benchmark::State& state) {
  const std::string text = prose(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(count(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(count_prose)->Arg(1500)->Arg(20'000)->Arg(500'000)->Unit(benchmark::kMicrosecond);

// What every request costs.
void traits_of_prose(benchmark::State& state) {
  const std::string text = prose(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    PromptFacts facts{.messages = 3};
    add_traits(facts.text, text);
    benchmark::DoNotOptimize(by_bytes(facts));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(traits_of_prose)->Arg(1500)->Arg(20'000)->Arg(500'000)->Unit(benchmark::kMicrosecond);

// What an attacker would send: one piece without an end.
void count_one_letter(benchmark::State& state) {
  const std::string text(1U << 20U, static_cast<char>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(count(text));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(count_one_letter)->Arg('a')->Arg(' ')->Arg('=')->Arg('7')->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::tokens
