#include "gateway/truncation.hpp"

#include <algorithm>
#include <vector>

#include "weir/base/arithmetic.hpp"
#include "weir/gateway/prompt_facts.hpp"
#include "weir/tokens/estimator.hpp"
#include "weir/wire/messages.hpp"
#include "weir/wire/splice.hpp"

namespace weir::gateway {
namespace {

using wire::Message;
using wire::Role;

// What one message adds to a prompt, before anything was learned.
double tokens_of(const Message& message, const wire::ChatRequest& chat, std::string_view body,
                 tokens::Family family) {
  tokens::PromptFacts facts{.messages = 1};
  for (std::size_t i = 0; i < message.texts; ++i)
    tokens::add_traits(facts.text, chat.texts[message.first_text + i].at.of(body));
  return tokens::by_bytes(facts).of(family) - tokens::by_bytes({}).of(family);
}

std::uint64_t excess_at(const routing::Target& target, const routing::Ask& ask, Instant now) {
  if (const auto reason = routing::unfit(target, ask);
      reason != routing::Unfit::none && reason != routing::Unfit::context)
    return 0;
  const std::uint64_t context = target.model->context;
  const std::uint64_t above_context = context > 0 ? less(routing::tokens_needed(target, ask), context) : 0;
  const routing::Fitted fitted = routing::fit(target, ask, now);
  return std::max(above_context, less(fitted.cost.tokens, target.pool.ceiling(now, ask.day).tokens));
}

// How many tokens too long the request is for the target that comes nearest; none: for no target.
struct Excess {
  const routing::Target* target = nullptr;
  std::uint64_t tokens = 0;
};

Excess excess_of(const routing::Route& route, const routing::Ask& ask, Instant now) {
  Excess least;
  for (const routing::Candidate& candidate : route.candidates) {
    const std::uint64_t tokens = excess_at(*candidate.target, ask, now);
    if (tokens > 0 && (least.target == nullptr || tokens < least.tokens)) least = {candidate.target, tokens};
  }
  return least;
}

// The edits that drop the oldest turns until so many tokens are gone, or nothing more may go.
struct Cut {
  std::vector<wire::Edit> edits;
  double tokens = 0;
};

template <class TokensOf>
Cut cut_turns(const std::vector<Message>& messages, std::size_t end, double wanted,
              const TokensOf& tokens_of) {
  Cut cut;
  std::size_t i = 0;
  while (i < end && cut.tokens < wanted) {
    do {  // a whole turn
      if (messages[i].role != Role::system) {
        cut.tokens += tokens_of(messages[i]);
        cut.edits.push_back({{messages[i].at.at, messages[i + 1].at.at - messages[i].at.at}, ""});
      }
      ++i;
    } while (i < end && messages[i].role != Role::user);
  }
  return cut;
}

}  // namespace

void Dropped::add(const Shortened& shorter) {
  ++cuts;
  messages += shorter.messages;
  tokens += shorter.tokens;
}

std::string Dropped::words() const {
  return cuts == 0 ? "" : std::to_string(messages) + " messages, " + std::to_string(tokens) + " tokens";
}

std::optional<Shortened> shorten(const wire::ChatRequest& chat, std::string_view body,
                                 const routing::Route& route, const routing::Ask& ask, Instant now) {
  const Excess excess = excess_of(route, ask, now);
  const std::vector<Message> messages = wire::messages_of(chat, body);
  const auto last_user = std::ranges::find(messages.rbegin(), messages.rend(), Role::user, &Message::role);
  if (excess.target == nullptr || last_user == messages.rend()) return std::nullopt;

  const tokens::Family family = excess.target->counting->family();
  const double whole = tokens::by_bytes(prompt_facts(chat, body)).of(family);  // as messages are sized here
  const double scale =
      static_cast<double>(routing::prompt_tokens(*excess.target, ask)) / std::max(whole, 1.0);
  const auto wanted = static_cast<double>(excess.tokens);
  const Cut cut =
      cut_turns(messages, static_cast<std::size_t>(messages.rend() - last_user) - 1, wanted,
                [&](const Message& message) { return scale * tokens_of(message, chat, body, family); });
  if (cut.edits.empty()) return std::nullopt;
  Shortened out{.body = {}, .messages = cut.edits.size(), .tokens = static_cast<std::uint64_t>(cut.tokens)};
  wire::append_spliced(out.body, body, cut.edits);
  return out;
}

}  // namespace weir::gateway
