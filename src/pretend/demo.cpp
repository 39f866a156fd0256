#include <string>
#include <vector>

#include "weir/pretend/pretend.hpp"

// The pretend providers of `weir demo`.
namespace weir::pretend {

std::vector<ProviderSpec> demo_specs() {
  ProviderSpec groq;
  groq.name = "groq";
  groq.manner = Manner::groq;
  groq.models = {"openai/gpt-oss-120b", "openai/gpt-oss-20b", "qwen/qwen3.8-27b"};
  groq.limits = {.requests_per_minute = 6,
                 .requests_per_day = 200,
                 .tokens_per_minute = 6000,
                 .tokens_per_day = 100'000};
  groq.api_key = "pretend-groq-key";
  ProviderSpec openrouter;
  openrouter.name = "openrouter";
  openrouter.manner = Manner::openrouter;
  openrouter.models = {"openai/gpt-oss-120b:free", "openai/gpt-oss-20b:free", "google/gemma-4-31b-it:free",
                       "google/gemma-4-26b-a4b-it:free", "cohere/north-mini-code:free"};
  openrouter.limits = {.requests_per_minute = 8, .requests_per_day = 50};
  openrouter.api_key = "pretend-openrouter-key";
  ProviderSpec plain;
  plain.name = "plain";
  plain.models = {"chatty-1"};
  plain.limits = {.requests_per_minute = 10, .tokens_per_minute = 4000, .concurrency = 2};
  plain.api_key = "pretend-plain-key";
  return {groq, openrouter, plain};
}

}  // namespace weir::pretend
