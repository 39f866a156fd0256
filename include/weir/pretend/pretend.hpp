#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"
#include "weir/net/loop.hpp"

// Pretend providers: real HTTP servers on loopback with small quotas of their own, in the manner of real
// ones. They count by their own code, never through weir::quota, so that they can prove it wrong.
namespace weir::pretend {

// How a provider counts and what it says.
enum class Manner : std::uint8_t {
  // Buckets of each model that refill continuously, prompt and max_tokens charged at admission and the rest
  // given back at the end. x-ratelimit-* of the day's requests and the minute's tokens on every answer,
  // resets as Go durations; the other windows only in the words of a 429; 413 for what never fits.
  groq,
  // One pool of the account over all ":free" models, in wall-clock minutes and UTC days. Nothing on a 200; on
  // a 429 the reset in epoch milliseconds. Comments in streams, usage always in the last chunk.
  openrouter,
  // Wall-clock minutes of each model and UTC months. Headers on plain answers and on the 429s of the window
  // that refused, none on streams, never Retry-After. A strict schema, tool calls with ids of nine
  // characters.
  mistral,
  // Sixty seconds of requests and of input tokens for each model, days until midnight Pacific. No headers;
  // errors in an array, told apart by quotaId only. Tool calls that want their signature back.
  gemini,
  // Refilling buckets of each model by minute, hour and day; prompt and max_tokens are charged at admission
  // and stay charged. All six in the headers of a 200; a 429 brings only a Retry-After that is too long.
  cerebras,
  // Sixty seconds of each model, calendar months of the account. What is left of the minute stands in all
  // heads but that of a 429.
  cohere,
  // Sixty seconds of the account, and a 429 of two words. Tool calls come in pieces.
  nvidia,
  // Wall-clock minutes and days of the account, and concurrency. A 429 with Retry-After, nothing else.
  plain,
};
inline constexpr std::array kManners{Manner::groq,     Manner::openrouter, Manner::mistral, Manner::gemini,
                                     Manner::cerebras, Manner::cohere,     Manner::nvidia,  Manner::plain};
[[nodiscard]] std::string_view name(Manner manner);
[[nodiscard]] std::optional<Manner> find_manner(std::string_view name);

// 0: no such limit. Each manner has some of them; what it hasn't doesn't count.
struct Limits {
  std::uint64_t requests_per_minute = 0;
  std::uint64_t requests_per_hour = 0;   // cerebras
  std::uint64_t requests_per_day = 0;    // not mistral, cohere, nvidia
  std::uint64_t requests_per_month = 0;  // cohere
  std::uint64_t tokens_per_minute = 0;   // not openrouter, cohere, nvidia; gemini: of the input
  std::uint64_t tokens_per_hour = 0;     // cerebras
  std::uint64_t tokens_per_day = 0;      // groq, cerebras, plain
  std::uint64_t tokens_per_month = 0;    // mistral
  std::uint64_t concurrency = 0;         // plain
};

struct ProviderSpec {
  std::string name;
  Manner manner = Manner::plain;
  std::vector<std::string> models;  // ids; others are 404
  Limits limits;
  std::string api_key;                     // empty: none is asked for
  std::uint64_t context = 131'072;         // tokens
  std::uint64_t default_max_tokens = 256;  // charged in the manner of groq where a request names none
  std::uint32_t words = 40;  // of an answer, at least; max_tokens may cut it. One word is one token
  Duration word_delay = std::chrono::milliseconds(25);
};

// The three of `weir demo`: each runs dry within a minute of eager use.
[[nodiscard]] std::vector<ProviderSpec> demo_specs();

// What one provider has answered so far.
struct Counts {
  std::uint64_t served = 0;   // 200 to a chat request
  std::uint64_t refused = 0;  // 429 or 413
  std::uint64_t failed = 0;   // any other error
};

// Runs a provider for each spec, once. start() is called before the loop runs, or on its thread; counts(),
// stop() and what is said of addresses from any thread. Before it is destroyed: stop(), then wait for the
// loop's tasks to end.
class PretendProviders {
 public:
  explicit PretendProviders(std::vector<ProviderSpec> specs);
  ~PretendProviders();
  PretendProviders(const PretendProviders&) = delete;
  PretendProviders& operator=(const PretendProviders&) = delete;

  // Binds a free port of 127.0.0.1 for each. Fails with kind io. The loop outlives the providers.
  [[nodiscard]] Result<void> start(net::Loop& loop);
  // Accepts no more and closes all connections; the loop must still run for that.
  void stop();

  [[nodiscard]] std::size_t size() const noexcept { return running_.size(); }
  [[nodiscard]] const ProviderSpec& spec(std::size_t i) const;
  [[nodiscard]] std::uint16_t port(std::size_t i) const;
  [[nodiscard]] std::string base_url(std::size_t i) const;  // with the path that its manner has
  [[nodiscard]] Counts counts(std::size_t i) const;

  // A weir.yaml that uses them all: providers under their names, with their limits as weir should know them,
  // and the model "smart" over all of them.
  [[nodiscard]] std::string weir_yaml() const;

 private:
  struct Running;
  std::vector<std::unique_ptr<Running>> running_;
};

}  // namespace weir::pretend
