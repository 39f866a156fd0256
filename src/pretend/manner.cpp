#include "pretend/manner.hpp"

#include <array>

namespace weir::pretend {

const MannerParts& parts_of(Manner manner) {
  switch (manner) {
    case Manner::groq:
      return groq_parts();
    case Manner::openrouter:
      return openrouter_parts();
    case Manner::mistral:
      return mistral_parts();
    case Manner::gemini:
      return gemini_parts();
    case Manner::cerebras:
      return cerebras_parts();
    case Manner::cohere:
      return cohere_parts();
    case Manner::nvidia:
      return nvidia_parts();
    case Manner::plain:
      break;
  }
  return plain_parts();
}

std::optional<Manner> find_manner(std::string_view name) {
  for (const Manner manner : kManners)
    if (parts_of(manner).name == name) return manner;
  return std::nullopt;
}

std::string_view name(Manner manner) {
  return parts_of(manner).name;
}

}  // namespace weir::pretend
