#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/wire/splice.hpp"
#include "weir/wire/sse.hpp"

// Answers are made whole for SDKs: what one expects and a provider left out, or said in another way, is
// spliced in. Every other byte stays as it came, and an answer that lacks nothing gets no edits.
//
// - id, object, created and model are inserted where they are missing or null.
// - role, of a plain answer's message and of a stream's first chunk, is the assistant's.
// - finish_reason of a plain answer becomes "tool_calls" or "stop"; words that SDKs don't know are replaced.
// - reasoning, a string, becomes reasoning_content, where there is none.
// - content that is an array of parts becomes one string of its text; thinking parts, reasoning_content.
// - tool_calls get the index, id and type that they lack, and a second call under one index another.
// - usage of a plain answer that has none is what was counted.
//
// Numbers and strings are copied as they stand. Text that isn't UTF-8 is mended all the same. Of what isn't a
// JSON object with choices nothing is edited.
namespace weir::wire {

// What stands in for what a provider left out. The texts outlive whom it is given to.
struct AnswerOrigin {
  std::string_view request_id;  // letters, digits, '-', '_', '.'
  std::string_view model;       // the upstream model's id
  std::int64_t created = 0;     // Unix time in seconds
};

// Usage for a client whose provider told none in its place.
struct CountedUsage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
  bool estimated = true;  // told to the client as "estimated":true
};

// For a plain answer that may need mending (AnswerFacts). In order, not overlapping.
[[nodiscard]] std::vector<Edit> edits_for_answer(std::string_view body, const AnswerOrigin& origin,
                                                 const CountedUsage& counted);

enum class ChunkUsage : std::uint8_t {
  pass,      // a usage object stays
  withhold,  // null takes its place, and last_usage_event() tells it
  drop,      // null takes its place: it says nothing
};

// Mends the chunks of one stream. Remembers what the stream has said of itself, and which tool calls have
// begun: at most 256, later ones stay as they are. One thread at a time.
class ChunkMender {
 public:
  explicit ChunkMender(const AnswerOrigin& origin);  // which outlives it
  ~ChunkMender();
  ChunkMender(const ChunkMender&) = delete;
  ChunkMender& operator=(const ChunkMender&) = delete;

  // Whether edits() has to see this chunk. Chunks of which it is false need no edits and may be left out.
  [[nodiscard]] bool wants(const EventFacts& facts) const;
  // The edits of the next chunk, given its data. In order, not overlapping.
  [[nodiscard]] std::vector<Edit> edits(std::string_view data, ChunkUsage usage);

  // Whole events for what a stream left out before its [DONE]: a chunk with a finish_reason, and one with
  // usage and no choices: what is given, or what was withheld last, where something was.
  [[nodiscard]] std::string finishing_event() const;
  // The chunk of one that broke: who reads no error events sees at least that the answer didn't end well.
  [[nodiscard]] std::string breaking_event() const;
  [[nodiscard]] std::string usage_event(const CountedUsage& counted) const;
  [[nodiscard]] std::string last_usage_event(const CountedUsage& counted) const;

 private:
  struct Impl;
  [[nodiscard]] std::string usage_chunk(std::string_view usage) const;

  const AnswerOrigin& origin_;
  std::unique_ptr<Impl> impl_;  // from the first chunk on
};

// Appends the event with edits to its data. Its other lines stay as well, unless its data came in several.
void append_mended(std::string& out, const SseEvent& event, std::span<const Edit> edits);

}  // namespace weir::wire
