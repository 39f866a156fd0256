// Any request that is one stays one in every provider's dialect, and needs no more once it was adapted. The
// first byte chooses the preset, the rest is the request.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "weir/providers/preset.hpp"

namespace {

using namespace weir;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Adapted {
  std::string body;
  bool changed = false;
};

Adapted adapt(const providers::Preset& preset, std::string_view model, const wire::ChatRequest& request,
              std::string_view body) {
  providers::Translation translation = providers::translate(preset.dialect, model, request, body);
  Adapted adapted{.body = {}, .changed = !translation.edits.empty()};
  const wire::SplicedBody spliced(body, std::move(translation.edits));
  for (const std::string_view piece : spliced.pieces()) adapted.body += piece;
  return adapted;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<char> exact(data + 1, data + size);  // so that a read behind it is seen
  const std::string_view body(exact.data(), exact.size());
  wire::ChatRequest request;
  if (wire::read_chat_request(body, request)) return 0;
  const auto presets = providers::builtin_presets();
  const providers::Preset& preset = presets[data[0] % presets.size()];
  for (const std::string_view model : {"gemini-3.5-flash", "codestral-latest", "openai/gpt-oss-120b"}) {
    const Adapted once = adapt(preset, model, request, body);
    wire::ChatRequest again;
    require(!wire::read_chat_request(once.body, again));
    require(again.model == request.model && again.stream == request.stream);
    const bool twice_named = once.body.find("\\u") != std::string::npos;  // an escaped name is nobody's
    require(twice_named || !adapt(preset, model, again, once.body).changed);
  }
  return 0;
}
