#include "weir/wire/mend.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "weir/base/json_text.hpp"
#include "wire/chat_facts.hpp"
#include "wire/mend_reader.hpp"

namespace weir::wire {
namespace {

AnswerHead head_of(const AnswerOrigin& origin) {
  AnswerHead head;
  append_json_string(head.id, "chatcmpl-" + std::string(origin.request_id));
  head.created = std::to_string(origin.created);
  append_json_string(head.model, origin.model);
  return head;
}

std::string usage_object(const CountedUsage& counted) {
  std::string object = R"({"prompt_tokens":)" + std::to_string(counted.prompt_tokens);
  object += R"(,"completion_tokens":)" + std::to_string(counted.completion_tokens);
  object += R"(,"total_tokens":)" + std::to_string(counted.prompt_tokens + counted.completion_tokens);
  return object + (counted.estimated ? R"(,"estimated":true})" : "}");
}

std::vector<Edit> read_edits(std::string_view text, const MendReader::Task& task) {
  {
    MendReader reader(text, text, task);
    if (reader.is_utf8()) return reader.read();
  }
  const std::string ascii = ascii_of(text);
  return MendReader(ascii, text, task).read();
}

std::string chunk_event(const AnswerHead& head, std::string_view members) {
  std::string event = R"(data: {"id":)" + head.id + R"(,"object":"chat.completion.chunk","created":)";
  event.append(head.created).append(R"(,"model":)").append(head.model).append(",");
  return event.append(members).append("}\n\n");
}

// Where the data stands in the event's own bytes; nothing where it was put together from several lines.
std::optional<std::size_t> offset_in_raw(const SseEvent& event) {
  const std::less_equal<const char*> before;
  const char* const begin = event.raw.data();
  const char* const data = event.data.data();
  if (!before(begin, data) || !before(data + event.data.size(), begin + event.raw.size()))
    return std::nullopt;
  return static_cast<std::size_t>(data - begin);
}

}  // namespace

std::vector<Edit> edits_for_answer(std::string_view body, const AnswerOrigin& origin,
                                   const CountedUsage& counted) {
  AnswerHead head = head_of(origin);
  const std::string usage = usage_object(counted);
  return read_edits(body, {.head = &head,
                           .request_id = origin.request_id,
                           .stream = nullptr,
                           .usage = ChunkUsage::pass,
                           .counted = usage});
}

struct ChunkMender::Impl {
  AnswerHead head;
  StreamState state;
};

ChunkMender::ChunkMender(const AnswerOrigin& origin) : origin_(origin) {}

ChunkMender::~ChunkMender() = default;

bool ChunkMender::wants(const EventFacts& facts) const {
  if (facts.may_need_mending) return true;
  return facts.has_choices && (!impl_ || !impl_->state.has_head || impl_->state.calls.has_moved());
}

std::vector<Edit> ChunkMender::edits(std::string_view data, ChunkUsage usage) {
  if (!impl_) impl_ = std::make_unique<Impl>(Impl{head_of(origin_), {}});
  return read_edits(data, {.head = &impl_->head,
                           .request_id = origin_.request_id,
                           .stream = &impl_->state,
                           .usage = usage,
                           .counted = {}});
}

std::string ChunkMender::finishing_event() const {
  const bool calls = impl_ && !impl_->state.calls.empty();
  const bool is_first = !impl_ || !impl_->state.has_head;  // chunk with a choice: it says the role
  const std::string delta = is_first ? R"({"role":"assistant"})" : "{}";
  const std::string members = R"("choices":[{"index":0,"delta":)" + delta + R"(,"finish_reason":")" +
                              std::string(calls ? "tool_calls" : "stop") + R"("}])";
  return chunk_event(impl_ ? impl_->head : head_of(origin_), members);
}

std::string ChunkMender::breaking_event() const {
  return chunk_event(impl_ ? impl_->head : head_of(origin_),
                     R"("choices":[{"index":0,"delta":{},"finish_reason":"error"}])");
}

std::string ChunkMender::usage_event(const CountedUsage& counted) const {
  return usage_chunk(usage_object(counted));
}

std::string ChunkMender::last_usage_event(const CountedUsage& counted) const {
  const bool is_withheld = impl_ && !impl_->state.withheld.empty();
  return is_withheld ? usage_chunk(impl_->state.withheld) : usage_event(counted);
}

std::string ChunkMender::usage_chunk(std::string_view usage) const {
  return chunk_event(impl_ ? impl_->head : head_of(origin_), R"("choices":[],"usage":)" + std::string(usage));
}

void append_mended(std::string& out, const SseEvent& event, std::span<const Edit> edits) {
  if (const auto at = offset_in_raw(event)) {
    out += event.raw.substr(0, *at);
    append_spliced(out, event.data, edits);
    out += event.raw.substr(*at + event.data.size());
    return;
  }
  out += "data: ";
  const std::size_t begin = out.size();
  append_spliced(out, event.data, edits);
  // A line's end in JSON is white space between tokens; in an event it would end the data.
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '\n', ' ');
  out += "\n\n";
}

}  // namespace weir::wire
