#include "wire/mend_reader.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "wire/chat_facts.hpp"
#include "wire/json_scalar.hpp"

namespace weir::wire {
namespace {

using Kind = JsonReader::Kind;

// What a stream says of itself is repeated in chunks of ours. Longer is no id.
constexpr std::size_t kLongestHead = 1024;
// A usage object takes some hundred bytes.
constexpr std::size_t kLongestUsage = 16 * 1024;

std::string quoted(std::string_view inside) {
  return '"' + std::string(inside) + '"';
}

// As a JSON string. The same call of the same request has the same id. Short: some APIs take 40 bytes at
// most.
std::string call_id(std::string_view request_id, std::uint64_t choice, std::uint64_t index) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t digest = 0xcbf29ce484222325U;  // FNV-1a
  const auto mix = [&digest](std::uint64_t byte) { digest = (digest ^ byte) * 0x100000001b3U; };
  for (const char c : request_id) mix(static_cast<unsigned char>(c));
  for (const std::uint64_t number : {choice, index})
    for (unsigned shift = 0; shift < 64; shift += 8) mix((number >> shift) & 0xFFU);
  std::string id = "\"call_";
  for (unsigned shift = 64; shift > 0; shift -= 4) id += kDigits[(digest >> (shift - 4)) & 0xFU];
  return id + '"';
}

}  // namespace

std::vector<Edit> MendReader::read() {
  completion();
  if (!json_.finish()) return {};
  // What is inserted in front of a member comes before an edit of that member.
  std::ranges::sort(edits_, {}, [](const Edit& edit) { return std::pair(edit.span.at, edit.span.size); });
  return std::move(edits_);
}

void MendReader::completion() {
  if (!enter_object()) return;
  const std::size_t front = json_.behind();
  Slot id;
  Slot object;
  Slot created;
  Slot model;
  Slot said_usage;
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "choices")
      choices();
    else if (key == "id")
      id = take();
    else if (key == "object")
      object = take();
    else if (key == "created")
      created = take();
    else if (key == "model")
      model = take();
    else if (key == "usage")
      said_usage = take();
    else
      (void)skip();
  }
  if (!json_.ok()) return edits_.clear();
  if (!has_choices_) {
    (void)withhold(said_usage);
    return edits_.clear();
  }
  learn_head(id, created, model);
  std::string inserted;
  fill(id, "id", task_.head->id, inserted);
  fill(object, "object", task_.stream != nullptr ? R"("chat.completion.chunk")" : R"("chat.completion")",
       inserted);
  fill(created, "created", task_.head->created, inserted);
  fill(model, "model", task_.head->model, inserted);
  usage(said_usage, inserted);
  insert(front, false, std::move(inserted));
}

// What is made up later should not contradict what the stream said itself.
void MendReader::learn_head(const Slot& id, const Slot& created, const Slot& model) {
  if (task_.stream == nullptr || task_.stream->has_head || !has_choice_) return;
  task_.stream->has_head = true;
  const auto learn = [this](const Slot& slot, std::string& value) {
    if (slot.value && slot.value->size <= kLongestHead && bytes(*slot.value) != R"("")")
      value = bytes(*slot.value);
  };
  learn(id, task_.head->id);
  learn(created, task_.head->created);
  learn(model, task_.head->model);
}

void MendReader::usage(const Slot& usage, std::string& inserted) {
  if (task_.stream == nullptr) return fill(usage, "usage", task_.counted, inserted);
  if (withhold(usage)) edits_.push_back({*usage.value, "null"});
}

// Whether it is taken out; what it says is kept, to be told later.
bool MendReader::withhold(const Slot& usage) {
  const bool is_object = usage.value && bytes(*usage.value).starts_with('{');
  if (task_.stream == nullptr || !is_object || task_.usage == ChunkUsage::pass) return false;
  if (task_.usage == ChunkUsage::drop) return true;         // what was told before it is still so
  const bool is_sane = usage.value->size <= kLongestUsage;  // else its numbers are told
  task_.stream->withheld = is_sane ? bytes(*usage.value) : std::string_view();
  return true;
}

void MendReader::choices() {
  if (json_.kind() != Kind::array) return (void)skip();
  has_choices_ = true;
  json_.enter();
  for (std::uint64_t position = 0; json_.next_element(); ++position) choice(position);
}

void MendReader::choice(std::uint64_t position) {
  if (!enter_object()) return;
  has_choice_ = true;
  calls_.clear();
  calls_function_ = false;
  const std::size_t front = json_.behind();
  bool is_empty = true;
  std::uint64_t index = position;
  Slot finish;
  while (json_.next_member()) {
    is_empty = false;
    const std::string_view key = json_.key();
    if (key == "delta" || key == "message")
      message();
    else if (key == "finish_reason")
      finish_reason(finish);
    else if (key == "index")
      index = whole_number(bytes(skip())).value_or(position);
    else
      (void)skip();
  }
  if (!json_.ok()) return;
  mend_calls(index);
  if (task_.stream != nullptr) return;
  std::string inserted;
  const std::string_view reason = !calls_.empty() ? "tool_calls" : calls_function_ ? "function_call" : "stop";
  fill(finish, "finish_reason", quoted(reason), inserted);
  insert(front, is_empty, std::move(inserted));
}

void MendReader::finish_reason(Slot& finish) {
  finish = take_word();
  if (!finish.value || !bytes(*finish.value).starts_with('"')) return;
  const auto reason = unescape(inside(bytes(*finish.value)));
  const auto known = reason ? known_finish_reason(*reason) : std::nullopt;
  if (known) edits_.push_back({*finish.value, quoted(*known)});
}

void MendReader::message() {
  if (!enter_object()) return;
  const std::size_t front = json_.behind();
  Reasoning reasoning;
  Slot role;
  bool is_empty = true;
  while (json_.next_member()) {
    is_empty = false;
    const std::string_view key = json_.key();
    if (key == "role") {
      role = take_word();
    } else if (key == "content" && json_.kind() == Kind::array) {
      content_parts(reasoning);
    } else if (key == "tool_calls") {
      tool_calls();
    } else if (key == "reasoning_content") {
      const Span name = key_span();
      const Slot text = take();
      reasoning.is_there = reasoning.is_there || text.value;
      if (text.hollow) reasoning.hollow_key = name;
      if (text.hollow) reasoning.hollow = text.hollow;
    } else if (key == "reasoning" && json_.kind() == Kind::string) {
      reasoning.other_key = key_span();
      (void)skip();
    } else {
      calls_function_ = calls_function_ || (key == "function_call" && json_.kind() == Kind::object);
      (void)skip();
    }
  }
  if (!json_.ok()) return;
  // A stream says it once, in its first chunk.
  std::string inserted;
  const bool is_due = task_.stream == nullptr || !task_.stream->has_head;
  if (is_due) fill(role, "role", R"("assistant")", inserted);
  insert(front, is_empty, std::move(inserted));
  mend_reasoning(reasoning, front);
}

void MendReader::mend_reasoning(const Reasoning& reasoning, std::size_t front) {
  if (reasoning.is_there) return;
  if (reasoning.parts) {
    std::string inserted;
    fill({.value = std::nullopt, .hollow = reasoning.hollow}, "reasoning_content", quoted(*reasoning.parts),
         inserted);
    return insert(front, false, std::move(inserted));
  }
  if (!reasoning.other_key) return;
  edits_.push_back({*reasoning.other_key, "reasoning_content"});
  // Where there is a null of that name, the two change places: no name may stand twice.
  if (reasoning.hollow_key) edits_.push_back({*reasoning.hollow_key, "reasoning"});
}

// The insides of JSON strings, one behind the other, are the inside of a JSON string: nothing is unescaped.
void MendReader::content_parts(Reasoning& reasoning) {
  const std::size_t begin = json_.offset();
  std::string text;
  json_.enter();
  while (json_.next_element()) part(text, reasoning);
  edits_.push_back({{begin, json_.behind() - begin}, quoted(text)});
}

// {"type":"text","text":"..."}, {"type":"thinking","thinking":[parts]}. Others may have a text too.
void MendReader::part(std::string& text, Reasoning& reasoning) {
  if (json_.kind() == Kind::string) return gather(text);
  if (!enter_object()) return;
  std::string said;
  bool thinks = false;
  while (json_.next_member()) {
    const std::string_view key = json_.key();
    if (key == "text") {
      gather(said);
    } else if (key == "thinking") {
      if (!reasoning.parts) reasoning.parts.emplace();
      gather(*reasoning.parts);
    } else {
      thinks = thinks || (key == "type" && bytes(Span{json_.offset(), 10}) == R"("thinking")");
      (void)skip();
    }
  }
  if (thinks && !reasoning.parts) reasoning.parts.emplace();
  (thinks ? *reasoning.parts : text) += said;
}

// All strings of a thinking part.
void MendReader::gather(std::string& text) {
  switch (json_.kind()) {
    case Kind::string:
      text += inside(bytes(skip()));
      break;
    case Kind::array:
      json_.enter();
      while (json_.next_element()) gather(text);
      break;
    case Kind::object:
      json_.enter();
      while (json_.next_member()) {
        if (json_.key() == "text" || json_.key() == "thinking")
          gather(text);
        else
          (void)skip();
      }
      break;
    default:
      (void)skip();
  }
}

void MendReader::tool_calls() {
  if (json_.kind() != Kind::array) return (void)skip();
  const std::size_t first = calls_.size();
  json_.enter();
  for (std::uint64_t position = 0; json_.next_element(); ++position) tool_call(position);
  if (calls_.size() == first + 1) calls_.back().is_alone = true;
}

void MendReader::tool_call(std::uint64_t position) {
  if (!enter_object()) return;
  Call call{.front = json_.behind(), .position = position};
  while (json_.next_member()) {
    call.is_empty = false;
    const std::string_view key = json_.key();
    if (key == "index")
      call.index = take();
    else if (key == "id")
      call.id = take_word();
    else if (key == "type")
      call.type = take_word();
    else if (key == "function")
      call.has_name = function_has_name();
    else
      (void)skip();
  }
  calls_.push_back(call);
}

bool MendReader::function_has_name() {
  if (!enter_object()) return false;
  bool has_name = false;
  while (json_.next_member()) {
    if (json_.key() == "name")
      has_name = take_word().value.has_value();
    else
      (void)skip();
  }
  return has_name;
}

void MendReader::mend_calls(std::uint64_t choice) {
  if (!json_.ok()) return;
  for (const Call& call : calls_) mend_call(call, choice);
}

void MendReader::mend_call(const Call& call, std::uint64_t choice) {
  std::string inserted;
  std::uint64_t index = call.position;
  bool begins = true;
  if (task_.stream != nullptr) {
    CallPlaces::Delta delta{.choice = choice,
                            .index = std::nullopt,
                            .position = call.position,
                            .is_alone = call.is_alone,
                            .id = std::nullopt,
                            .has_name = call.has_name};
    if (call.index.value) delta.index = whole_number(bytes(*call.index.value));
    if (call.index.value && !delta.index) return;  // nothing that we could count by
    if (call.id.value) delta.id = std::hash<std::string_view>()(bytes(*call.id.value));
    const auto place = task_.stream->calls.place(delta);
    index = place ? place->index : delta.index.value_or(index);
    begins = place && place->begins;
    const std::string number = std::to_string(index);
    if (delta.index && *delta.index != index)
      edits_.push_back({*call.index.value, number});
    else if (!delta.index && place)
      fill(call.index, "index", number, inserted);
  }
  if (begins) fill(call.id, "id", call_id(task_.request_id, choice, index), inserted);
  if (begins || call.id.value) fill(call.type, "type", R"("function")", inserted);
  insert(call.front, call.is_empty, std::move(inserted));
}

MendReader::Slot MendReader::take() {
  const bool is_null = json_.kind() == Kind::null;
  const Span span = skip();
  return is_null ? Slot{.value = std::nullopt, .hollow = span} : Slot{.value = span, .hollow = std::nullopt};
}

MendReader::Slot MendReader::take_word() {
  Slot slot = take();
  if (slot.value && bytes(*slot.value) == R"("")") slot.hollow = std::exchange(slot.value, std::nullopt);
  return slot;
}

Span MendReader::skip() {
  const std::size_t begin = json_.offset();
  const std::size_t size = json_.skip().size();
  return {begin, size};
}

// The key's bytes between its quotes.
Span MendReader::key_span() const {
  const std::string_view key = json_.raw_key();
  return {json_.offset_of(key), key.size()};
}

bool MendReader::enter_object() {
  const bool is_object = json_.kind() == Kind::object;
  if (is_object)
    json_.enter();
  else
    (void)skip();
  return is_object;
}

void MendReader::fill(const Slot& slot, std::string_view key, std::string_view value, std::string& inserted) {
  if (slot.value) return;
  if (slot.hollow) {
    edits_.push_back({*slot.hollow, std::string(value)});
    return;
  }
  inserted.append(quoted(key)).append(":").append(value).append(",");
}

void MendReader::insert(std::size_t front, bool is_empty, std::string inserted) {
  if (inserted.empty()) return;
  if (is_empty) inserted.pop_back();
  edits_.push_back({{front, 0}, std::move(inserted)});
}

}  // namespace weir::wire
