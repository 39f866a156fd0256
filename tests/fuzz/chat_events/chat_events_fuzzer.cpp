// Whatever a provider sends, however it is cut: what goes on to the client is the same, JSON stays JSON, and
// what has been mended needs no further mending. The same of a plain answer. The first byte says whether the
// client asked for usage, the next four where the stream is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/chat_stream.hpp"
#include "wire/chat_facts.hpp"

namespace {

using namespace weir;

void require(bool holds) {
  if (!holds) std::abort();
}

const wire::AnswerOrigin& origin() {
  static const wire::AnswerOrigin kOrigin{.request_id = "req_1", .model = "vendor/\"m\"", .created = 42};
  return kOrigin;
}

struct Outcome {
  std::string bytes;    // that go on to the client
  bool broken = false;  // by an error event, which doesn't
  bool operator==(const Outcome&) const = default;
};

// Feeds pieces of cuts[i] + 1 bytes, over and over. Up to an error or [DONE].
Outcome run(std::string_view stream, std::string_view cuts, bool wants_usage) {
  gateway::ChatStream chat({.wants_usage = wants_usage, .prompt_tokens = 7}, origin());
  Outcome outcome;
  for (std::size_t i = 0; !stream.empty(); ++i) {
    const std::size_t wanted =
        cuts.empty() ? stream.size() : static_cast<unsigned char>(cuts[i % cuts.size()]) + 1U;
    const std::string_view piece = stream.substr(0, std::min(wanted, stream.size()));
    stream.remove_prefix(piece.size());
    require(chat.take(piece, outcome.bytes).has_value());
  }
  outcome.broken = chat.error() != nullptr;
  if (chat.whole() && !outcome.broken) outcome.bytes += chat.ending();
  return outcome;
}

// Where all events are JSON they stay it.
void check_events(std::string_view given, std::string_view mended) {
  wire::SseFramer before;
  wire::SseFramer after;
  require(before.feed(given).has_value() && after.feed(mended).has_value());
  bool all_json = true;
  while (const auto event = before.next())
    all_json = all_json && (event->data.empty() || wire::read_event(event->data).done ||
                            wire::read_chat_facts(event->data).has_value());
  if (!all_json) return;
  while (const auto event = after.next())
    require(event->data.empty() || wire::read_event(event->data).done ||
            wire::read_chat_facts(event->data).has_value());
}

std::string mend_answer(std::string_view body) {
  if (!wire::read_answer(body).may_need_mending) return std::string(body);
  std::string out;
  wire::append_spliced(out, body, wire::edits_for_answer(body, origin(), {.prompt_tokens = 7}));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const bool wants_usage = (static_cast<unsigned char>(input[0]) & 1U) != 0;
  const std::string_view cuts = input.substr(1, 4);
  const std::string_view stream = input.substr(1 + cuts.size());

  const Outcome whole = run(stream, {}, wants_usage);
  check_events(stream, whole.bytes);
  if (!whole.broken) require(run(whole.bytes, {}, wants_usage) == whole);
  // An LF that a CR's event was cut from leads the next event: the same events, not always the same bytes.
  if (stream.find('\r') == std::string_view::npos) require(run(stream, cuts, wants_usage) == whole);

  const std::string mended = mend_answer(stream);
  require(wire::read_answer(mended).valid_json == wire::read_answer(stream).valid_json);
  require(mend_answer(mended) == mended);
  return 0;
}
