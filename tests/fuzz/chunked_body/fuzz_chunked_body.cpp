// Any bytes as a chunked body. The first byte says in which pieces the rest arrives; the outcome must be that
// of the bytes in one piece.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weir/http/chunked.hpp"

namespace {

struct Outcome {
  bool failed = false;
  bool done = false;
  std::size_t consumed = 0;
  std::string body;

  bool operator==(const Outcome&) const = default;
};

void require(bool condition) {
  if (!condition) std::abort();
}

Outcome decode(std::string_view bytes, std::size_t piece) {
  weir::http::ChunkedDecoder decoder;
  Outcome outcome;
  while (!bytes.empty() && !decoder.done()) {
    std::string_view input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    while (!input.empty() && !decoder.done()) {
      const auto step = decoder.decode(input);
      if (!step) {
        outcome.failed = true;
        return outcome;
      }
      require(step->consumed > 0 && step->consumed <= input.size());
      require(step->body.size() <= step->consumed);
      outcome.body += step->body;
      outcome.consumed += step->consumed;
      input.remove_prefix(step->consumed);
    }
  }
  outcome.done = decoder.done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::max<std::size_t>(data[0], 1);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Outcome whole = decode(bytes, bytes.size());
  const Outcome pieces = decode(bytes, piece);
  require(pieces.failed == whole.failed);
  if (!whole.failed) require(pieces == whole);
  return 0;
}
