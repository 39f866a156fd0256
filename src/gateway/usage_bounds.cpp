#include "gateway/usage_bounds.hpp"

#include <algorithm>
#include <charconv>

#include "weir/base/arithmetic.hpp"

namespace weir::gateway {
namespace {

// Templates, tools of the provider's own, what it found in the web.
constexpr std::uint64_t kFrame = 32 * 1024;
// Of an answer: the marks around it.
constexpr std::uint64_t kAnswerFrame = 1024;
// Of a model that nobody describes: more than any has.
constexpr std::uint64_t kUnknownContext = std::uint64_t{16} << 20U;
constexpr std::uint64_t kMostChoices = 128;

// How many answers are asked for at once.
std::uint64_t choices(const wire::ChatRequest& chat, std::string_view body) noexcept {
  const auto member = std::ranges::find(chat.members, "n", &wire::Member::name);
  if (member == chat.members.end()) return 1;
  const std::string_view value = member->value.of(body);
  std::uint64_t n = 0;
  std::from_chars(value.data(), value.data() + value.size(), n);
  return std::clamp(n, std::uint64_t{1}, kMostChoices);
}

}  // namespace

bool UsageBounds::hold(const wire::Usage& usage, std::size_t text_bytes) const noexcept {
  const std::uint64_t most = std::max<std::uint64_t>(completion, text_bytes);
  return usage.prompt_tokens.value_or(0) <= prompt && usage.completion_tokens.value_or(0) <= most &&
         usage.cached_tokens.value_or(0) <= prompt && usage.total_tokens.value_or(0) <= plus(prompt, most);
}

UsageBounds usage_bounds(const wire::ChatRequest& chat, std::string_view body, const providers::Model& model,
                         std::optional<std::uint64_t> max_tokens) noexcept {
  const std::uint64_t context = model.context > 0 ? model.context : kUnknownContext;
  const std::uint64_t longest = model.max_output > 0 ? model.max_output : context;
  constexpr auto kThinks = static_cast<providers::Capabilities>(providers::Capability::reasoning);
  const bool may_think = !model.capabilities_known || (model.capabilities & kThinks) != 0;
  UsageBounds bounds{.prompt = plus(body.size(), kFrame), .completion = longest};
  if (chat.uses_more_than_text) bounds.prompt = std::max(bounds.prompt, context);
  if (max_tokens) bounds.completion = may_think ? std::max(longest, *max_tokens) : *max_tokens;
  bounds.completion = plus(bounds.completion, kAnswerFrame);
  bounds.choices = choices(chat, body);
  const std::uint64_t each = bounds.completion;
  for (std::uint64_t more = bounds.choices; more > 1; --more)
    bounds.completion = plus(bounds.completion, each);
  return bounds;
}

}  // namespace weir::gateway
