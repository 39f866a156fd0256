#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/wire/mend.hpp"
#include "wire/call_places.hpp"
#include "wire/json_reader.hpp"

namespace weir::wire {

// What the top of an answer says, as JSON values.
struct AnswerHead {
  std::string id;
  std::string created;
  std::string model;
};

// What a stream has shown so far.
struct StreamState {
  bool has_head = false;  // the head is the stream's own, where it has one
  CallPlaces calls;
  std::string withheld;  // the usage object that was withheld last
};

// The second look at an answer: collects the edits that make it whole. Reads `json`, which is `text` or,
// where that isn't UTF-8, ascii_of(text); what is copied is copied from `text`.
class MendReader {
 public:
  struct Task {
    AnswerHead* head = nullptr;  // learnt from the first chunk with choices
    std::string_view request_id;
    StreamState* stream = nullptr;  // nullptr: a plain answer
    ChunkUsage usage = ChunkUsage::pass;
    std::string_view counted;  // JSON: the usage of a plain answer without it
  };
  MendReader(std::string_view json, std::string_view text, const Task& task)
      : json_(json), text_(text), task_(task) {}

  [[nodiscard]] bool is_utf8() const { return json_.is_utf8(); }
  // In order, not overlapping. None where the text isn't JSON or no answer.
  [[nodiscard]] std::vector<Edit> read();

 private:
  // A member that may be missing.
  struct Slot {
    std::optional<Span> value;
    std::optional<Span> hollow;  // where it is as good as missing: null, or an empty string
  };
  struct Call {
    std::size_t front = 0;  // of its object: right behind the brace
    bool is_empty = true;
    std::uint64_t position = 0;
    bool is_alone = false;
    Slot index;
    Slot id;
    Slot type;
    bool has_name = false;
  };
  struct Reasoning {
    std::optional<Span> other_key;     // of a string called "reasoning"
    std::optional<Span> hollow_key;    // of a reasoning_content that is null
    std::optional<Span> hollow;        // its value
    bool is_there = false;             // as reasoning_content
    std::optional<std::string> parts;  // thinking parts of content, raw
  };

  void completion();
  void learn_head(const Slot& id, const Slot& created, const Slot& model);
  void usage(const Slot& usage, std::string& inserted);
  [[nodiscard]] bool withhold(const Slot& usage);
  void choices();
  void choice(std::uint64_t position);
  void finish_reason(Slot& finish);
  void message();
  void mend_reasoning(const Reasoning& reasoning, std::size_t front);
  void content_parts(Reasoning& reasoning);
  void part(std::string& text, Reasoning& reasoning);
  void gather(std::string& text);
  void tool_calls();
  void tool_call(std::uint64_t position);
  [[nodiscard]] bool function_has_name();
  void mend_calls(std::uint64_t choice);
  void mend_call(const Call& call, std::uint64_t choice);

  [[nodiscard]] Slot take();       // null is hollow
  [[nodiscard]] Slot take_word();  // and so is ""
  [[nodiscard]] Span skip();
  [[nodiscard]] std::string_view bytes(Span span) const { return text_.substr(span.at, span.size); }
  [[nodiscard]] Span key_span() const;
  [[nodiscard]] bool enter_object();
  void fill(const Slot& slot, std::string_view key, std::string_view value, std::string& inserted);
  void insert(std::size_t front, bool is_empty, std::string inserted);

  JsonReader json_;
  const std::string_view text_;
  const Task task_;
  std::vector<Edit> edits_;
  bool has_choices_ = false;  // a choices array
  bool has_choice_ = false;
  // Of the choice that is being read.
  std::vector<Call> calls_;
  bool calls_function_ = false;  // the form before tool_calls
};

}  // namespace weir::wire
