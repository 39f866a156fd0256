#pragma once

#include <string_view>

#include "weir/tokens/estimator.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::gateway {

// What a request holds that a model reads, seen without encoding it.
[[nodiscard]] tokens::PromptFacts prompt_facts(const wire::ChatRequest& chat, std::string_view body);

}  // namespace weir::gateway
