// The OpenAI dialect: what a request and an event of a stream cost.
#include <benchmark/benchmark.h>

#include <string>

#include "weir/wire/answer.hpp"
#include "weir/wire/chat_request.hpp"
#include "weir/wire/sse.hpp"

namespace {

using namespace weir::wire;

// A chat of prose and code with escapes, as large as asked for.
std::string body_of(std::size_t size) {
  const std::string turn =
      R"({"role":"user","content":"Why does this not compile?\n```cpp\nstd::string s = \"a\" + \"b\";\n```\n)"
      R"(I have tried both compilers, with the same result, and read the reference twice."},)"
      R"({"role":"assistant","content":"Neither operand is a std::string: two arrays of char are added."},)";
  std::string body = R"({"model":"smart","stream":true,"temperature":0.7,"max_tokens":1024,"messages":[)";
  while (body.size() + turn.size() < size) body += turn;
  return body + R"({"role":"user","content":"Thanks."}],"user":"bench"})";
}

void scan(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    ChatRequest request;
    benchmark::DoNotOptimize(read_chat_request(body, request));
    benchmark::DoNotOptimize(request);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(scan)->Name("wire/scan")->Arg(1500)->Arg(20'000)->Arg(500'000);

void scan_and_splice(benchmark::State& state) {
  const std::string body = body_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    ChatRequest request;
    benchmark::DoNotOptimize(read_chat_request(body, request));
    const SplicedBody spliced(body, edits_for(request, body, "openai/gpt-oss-120b", true));
    benchmark::DoNotOptimize(spliced.size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(scan_and_splice)->Name("wire/scan_and_splice")->Arg(1500)->Arg(20'000)->Arg(500'000);

void event(benchmark::State& state) {
  const std::string bytes =
      R"(data: {"id":"chatcmpl-8f2b","object":"chat.completion.chunk","created":1769093707,"model":"openai/gpt-oss-120b",)"
      R"("choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]})"
      "\n\n";
  SseFramer framer;
  for (auto _ : state) {
    benchmark::DoNotOptimize(framer.feed(bytes));
    const auto next = framer.next();
    benchmark::DoNotOptimize(read_event(next->data));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(event)->Name("wire/event");

void answer(benchmark::State& state) {
  const std::string body =
      R"({"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":")" +
      std::string(static_cast<std::size_t>(state.range(0)), 'x') +
      R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})";
  for (auto _ : state) benchmark::DoNotOptimize(read_answer(body));
}
BENCHMARK(answer)->Name("wire/answer")->Arg(1000)->Arg(20'000);

}  // namespace
