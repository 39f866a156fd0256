#include "gateway/chat_stream.hpp"

namespace weir::gateway {

Result<void> ChatStream::take(std::string_view bytes, std::string& out) {
  if (done_ || error_) return {};
  if (auto fed = framer_.feed(bytes); !fed) return std::move(fed).error();
  while (const auto event = framer_.next()) {
    const wire::EventFacts facts = wire::read_event(event->data);
    if (facts.error) {
      error_ = wire::read_error_body(event->data);
      error_event_ = event->data;
      return {};
    }
    committed_ = committed_ || facts.commits;
    finished_ = finished_ || facts.finished;
    text_bytes_ += facts.text_bytes;
    if (facts.usage) usage_ = facts.usage;  // Gemini tells it in every chunk, cumulative: the last counts
    if (!facts.usage_only || wants_usage_) out += event->raw;
    if (facts.done) {
      done_ = true;
      return {};
    }
  }
  return {};
}

}  // namespace weir::gateway
