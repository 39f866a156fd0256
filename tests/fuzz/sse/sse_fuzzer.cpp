// However a stream is cut, no byte is lost but marks before events, and the same events come out. The first
// bytes say where it is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "weir/wire/sse.hpp"

namespace {

using namespace weir::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string without_marks(std::string_view text) {
  std::string rest;
  for (std::size_t at = text.find(kByteOrderMark); at != std::string_view::npos;
       at = text.find(kByteOrderMark)) {
    rest += text.substr(0, at);
    text.remove_prefix(at + kByteOrderMark.size());
  }
  return rest.append(text);
}

struct Outcome {
  std::string bytes;              // of the events and the rest
  std::vector<std::string> data;  // of events that have any
};

// Feeds pieces of cuts[i] + 1 bytes, over and over.
Outcome run(std::string_view stream, std::string_view cuts) {
  SseFramer framer;
  Outcome outcome;
  for (std::size_t i = 0; !stream.empty(); ++i) {
    const std::size_t wanted =
        cuts.empty() ? stream.size() : static_cast<unsigned char>(cuts[i % cuts.size()]) + 1U;
    const std::string_view piece = stream.substr(0, std::min(wanted, stream.size()));
    stream.remove_prefix(piece.size());
    require(framer.feed(piece).has_value());
    while (const auto event = framer.next()) {
      outcome.bytes += event->raw;
      if (event->data.empty()) continue;
      outcome.data.emplace_back(event->data);
      const EventFacts facts = read_event(event->data);
      require(!(facts.error && facts.commits));
    }
  }
  outcome.bytes += framer.rest();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view cuts = input.substr(0, std::min<std::size_t>(4, size));
  const std::string_view stream = input.substr(cuts.size());
  const Outcome whole = run(stream, {});
  const Outcome cut = run(stream, cuts);
  const bool has_marks = stream.find(kByteOrderMark) != std::string_view::npos;
  require(has_marks || (whole.bytes == stream && cut.bytes == stream));
  // The LF between a CR and a mark goes with the mark.
  const bool has_cr = stream.find('\r') != std::string_view::npos;
  require(has_cr || (without_marks(whole.bytes) == without_marks(stream) && cut.bytes == whole.bytes));
  require(whole.data == cut.data);
  return 0;
}
