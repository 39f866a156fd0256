#include "gateway/usage_bounds.hpp"

#include <algorithm>

#include "weir/base/arithmetic.hpp"

namespace weir::gateway {
namespace {

// Templates, tools of the provider's own, what it found in the web.
constexpr std::uint64_t kFrame = 32 * 1024;
// Of an answer: the marks around it.
constexpr std::uint64_t kAnswerFrame = 1024;
// Of a model that nobody describes: more than any has.
constexpr std::uint64_t kUnknownContext = std::uint64_t{16} << 20U;

}  // namespace

bool UsageBounds::hold(const wire::Usage& usage, std::size_t text_bytes) const noexcept {
  const std::uint64_t most = std::max<std::uint64_t>(completion, text_bytes);
  return usage.prompt_tokens.value_or(0) <= prompt && usage.completion_tokens.value_or(0) <= most &&
         usage.cached_tokens.value_or(0) <= prompt && usage.total_tokens.value_or(0) <= plus(prompt, most);
}

UsageBounds usage_bounds(const wire::ChatRequest& chat, std::string_view body, const providers::Model& model,
                         std::optional<std::uint64_t> max_tokens, std::uint64_t choices) noexcept {
  const std::uint64_t context = model.context > 0 ? model.context : kUnknownContext;
  const std::uint64_t longest = model.max_output > 0 ? model.max_output : context;
  constexpr auto kThinks = static_cast<providers::Capabilities>(providers::Capability::reasoning);
  const bool may_think = !model.capabilities_known || (model.capabilities & kThinks) != 0;
  UsageBounds bounds{.prompt = plus(body.size(), kFrame), .completion = longest};
  if (chat.uses_more_than_text) bounds.prompt = std::max(bounds.prompt, context);
  if (max_tokens) bounds.completion = may_think ? std::max(longest, *max_tokens) : *max_tokens;
  bounds.completion = times(plus(bounds.completion, kAnswerFrame), choices);
  bounds.choices = choices;
  return bounds;
}

}  // namespace weir::gateway
