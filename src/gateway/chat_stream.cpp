#include "gateway/chat_stream.hpp"

#include "weir/base/arithmetic.hpp"
#include "weir/tokens/estimator.hpp"
#include "weir/wire/error_body.hpp"

namespace weir::gateway {

Result<void> ChatStream::take(std::string_view bytes, std::string& out) {
  if (done_ || error_) return {};
  if (auto fed = framer_.feed(bytes); !fed) return std::move(fed).error();
  while (const auto event = framer_.next()) {
    const wire::EventFacts facts = wire::read_event(event->data);
    if (facts.error) {
      error_ = std::make_unique<const ErrorEvent>(
          ErrorEvent{.data = std::string(event->data), .text = wire::read_error_body(event->data)});
      return {};
    }
    said_something_ = said_something_ || !event->data.empty();
    committed_ = committed_ || facts.commits;
    begun_ |= facts.choices;
    finished_ |= facts.finished_choices;
    text_bytes_ += facts.text_bytes;
    if (facts.usage) {  // Gemini tells it in every chunk, cumulative: the last counts
      usage_ = facts.usage;
      told_bytes_ = text_bytes_;
    }
    if (facts.done) {
      out += missing();
      out += event->raw;
      done_ = true;
      return {};
    }
    pass(*event, facts, out);
  }
  return {};
}

// Clients add up what they are told of usage, so it goes on once, and what providers say of it before the end
// may be a stand-in: it goes on in a chunk without choices behind the finish. All else is withheld; where
// none stood in that place missing() tells the last.
void ChatStream::pass(const wire::SseEvent& event, const wire::EventFacts& facts, std::string& out) {
  if (facts.usage_only && (!client_.wants_usage || usage_told_)) return;
  auto usage = wire::ChunkUsage::pass;
  if (client_.wants_usage && facts.has_usage) {
    const bool is_place = facts.usage && facts.usage_only && !facts.lacks_choices && finished();
    if (!is_place) usage = facts.usage ? wire::ChunkUsage::withhold : wire::ChunkUsage::drop;
    usage_told_ = usage_told_ || is_place;
  }
  if (usage == wire::ChunkUsage::pass && !mender_.wants(facts)) {
    out += event.raw;
    return;
  }
  const auto edits = mender_.edits(event.data, usage);
  if (facts.usage_only && usage != wire::ChunkUsage::pass) return;  // nothing else is in it
  wire::append_mended(out, event, edits);
}

std::string ChatStream::ending() const {
  return done_ ? std::string() : missing() + "data: [DONE]\n\n";
}

std::string ChatStream::breaking(const Error& error, std::string_view request_id) const {
  return mender_.breaking_event() + "data: " + wire::error_body(error, {}, request_id, {}) + "\n\n";
}

// What should have come before [DONE].
std::string ChatStream::missing() const {
  std::string events;
  if (finished_ == 0) events += mender_.finishing_event();
  if (client_.wants_usage && !usage_told_) events += usage_event();
  return events;
}

std::string ChatStream::usage_event() const {
  if (!text_is_behind_usage())
    return mender_.last_usage_event(usage_to_tell(usage_, client_.prompt_tokens, text_bytes_));
  wire::CountedUsage counted = usage_to_tell(usage_so_far(), client_.prompt_tokens, text_bytes_);
  counted.estimated = true;
  return mender_.usage_event(counted);
}

std::optional<wire::Usage> ChatStream::usage_so_far() const {
  std::optional<wire::Usage> usage = usage_;
  if (!usage) return usage;
  if (usage->prompt_tokens == 0U) usage->prompt_tokens.reset();
  if (usage->completion_tokens == 0U && text_bytes_ > 0) usage->completion_tokens.reset();
  const std::uint64_t more = tokens::tokens_of_text(text_bytes_ - told_bytes_);
  if (usage->completion_tokens) *usage->completion_tokens = plus(*usage->completion_tokens, more);
  if (usage->total_tokens) *usage->total_tokens = plus(*usage->total_tokens, more);
  return usage;
}

wire::CountedUsage usage_to_tell(const std::optional<wire::Usage>& said, std::uint64_t prompt_tokens,
                                 std::size_t text_bytes) {
  const wire::Usage told = said.value_or(wire::Usage{});
  wire::CountedUsage counted{
      .prompt_tokens = told.prompt_tokens.value_or(prompt_tokens),
      .completion_tokens = told.completion_tokens.value_or(tokens::tokens_of_text(text_bytes)),
      .estimated = !told.prompt_tokens || !told.completion_tokens};
  // Thinking that a provider doesn't list is in the total all the same.
  const std::uint64_t unlisted = less(told.total_tokens.value_or(0), counted.prompt_tokens);
  counted.completion_tokens = std::max(counted.completion_tokens, unlisted);
  return counted;
}

}  // namespace weir::gateway
