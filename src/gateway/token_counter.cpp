#include "gateway/token_counter.hpp"

#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "weir/gateway/prompt_facts.hpp"
#include "weir/tokens/encoder.hpp"

namespace weir::gateway {
namespace {

std::size_t bytes_of(const wire::ChatRequest& chat) {
  return std::accumulate(chat.texts.begin(), chat.texts.end(), std::size_t{0},
                         [](std::size_t sum, const wire::PromptText& text) { return sum + text.at.size; });
}

std::uint64_t count_texts(const wire::ChatRequest& chat, std::string_view body) {
  std::uint64_t tokens = 0;
  for (const wire::PromptText& text : chat.texts) tokens += tokens::count(wire::text_of(text, body));
  return tokens;
}

struct LongCount {
  std::vector<std::string> texts;
  std::uint64_t tokens = 0;
};

}  // namespace

tokens::PromptFacts prompt_facts(const wire::ChatRequest& chat, std::string_view body) {
  tokens::ProfileReader reader(bytes_of(chat));
  for (const wire::PromptText& text : chat.texts) reader.add(text.at.of(body));
  return {.text = reader.profile(), .messages = chat.messages, .images = chat.media};
}

TokenCounter::~TokenCounter() {
  if (!thread_) return;
  thread_->stop();
  thread_->join();
}

boost::asio::thread_pool& TokenCounter::thread() {
  const std::lock_guard lock(mutex_);
  if (!thread_) thread_.emplace(1);
  return *thread_;
}

net::Awaitable<std::optional<std::uint64_t>> TokenCounter::count(net::Loop& loop,
                                                                 const wire::ChatRequest& chat,
                                                                 std::string_view body,
                                                                 net::Cancellation& cancellation) {
  if (bytes_of(chat) <= kCountedInPlace) co_return count_texts(chat, body);
  const auto job = std::make_shared<LongCount>();
  for (const wire::PromptText& text : chat.texts) job->texts.push_back(wire::text_of(text, body));
  std::function<void()> work = [job] {
    for (const std::string& text : job->texts) job->tokens += tokens::count(text);
  };
  const bool done = co_await net::offload(loop, thread(), std::move(work), cancellation);
  co_return done ? std::optional(job->tokens) : std::nullopt;
}

}  // namespace weir::gateway
