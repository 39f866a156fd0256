// Raw bytes as a provider may send them, through the reader that the client uses. The first byte says what
// the request was and how the rest is cut; however it is cut, the outcome must be the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "transport/answer_reader.hpp"
#include "weir/transport/upstream.hpp"

namespace {

using weir::transport::AnswerReader;

struct Outcome {
  std::optional<weir::ErrorKind> error;
  bool has_head = false;
  int status = 0;
  std::size_t fields = 0;
  std::string body;
  bool done = false;
  std::size_t consumed = 0;  // of a message that is whole

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome failed(Outcome outcome, const weir::Error& error) {
  outcome.error = error.kind;
  outcome.consumed = 0;  // how far it got before depends on the pieces
  return outcome;
}

Outcome read(std::string_view bytes, std::size_t piece, AnswerReader::Asked asked) {
  AnswerReader reader(asked);
  Outcome outcome;
  std::string unread;
  while (!bytes.empty() && !reader.done()) {
    unread.append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    if (!reader.has_head()) {
      const auto consumed = reader.read_head(unread);
      if (!consumed) return failed(std::move(outcome), consumed.error());
      if (*consumed > unread.size()) std::abort();
      unread.erase(0, *consumed);
      outcome.consumed += *consumed;
    }
    while (reader.has_head() && !reader.done() && !unread.empty()) {
      const auto step = reader.read_body(unread);
      if (!step) return failed(std::move(outcome), step.error());
      if (step->consumed == 0 || step->consumed > unread.size()) std::abort();  // it must get on
      outcome.body += step->body;
      unread.erase(0, step->consumed);
      outcome.consumed += step->consumed;
    }
  }
  outcome.has_head = reader.has_head();
  if (reader.has_head()) {
    outcome.status = reader.head().status;
    outcome.fields = reader.head().fields.size();
    if (outcome.status < 200 || outcome.status > 599) std::abort();
    if (outcome.fields > weir::transport::kMaxAnswerFields) std::abort();
  }
  if (const auto end = reader.end(); !end) outcome.error = end.error().kind;
  outcome.done = reader.done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto asked = static_cast<AnswerReader::Asked>(data[0] % 3);
  const Outcome whole = read(bytes, std::max<std::size_t>(bytes.size(), 1), asked);
  const Outcome in_pieces = read(bytes, 1 + data[0] / 3U, asked);
  if (!(whole == in_pieces)) std::abort();
  return 0;
}
