#include "tokens/splitter.hpp"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>

#include <pcre2.h>

#include "weir/base/text.hpp"

namespace weir::tokens {
namespace {

// White space as Unicode has it; PCRE2's own \s takes U+180E for one, too.
constexpr std::string_view kSpaces =
    R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

// The pattern that belongs to the vocabulary (package tiktoken 1.0.22), with %s for what is space.
constexpr std::string_view kPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^%s\p{L}\p{N}]+[\r\n/]*|[%s]*[\r\n]+|[%s]+(?![^%s])|[%s]+)";

std::string pattern_text() {
  std::string text(kPattern);
  for (auto at = text.find("%s"); at != std::string::npos; at = text.find("%s", at))
    text.replace(at, 2, kSpaces);
  return text;
}

std::string words_of(int error) {
  std::array<unsigned char, 128> words{};
  pcre2_get_error_message(error, words.data(), words.size());
  return reinterpret_cast<const char*>(words.data());
}

using Code = std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)>;
using Match = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;

Code compile() {
  int error = 0;
  PCRE2_SIZE at = 0;
  const std::string text = pattern_text();
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &error, &at, nullptr),
            pcre2_code_free);
  if (!code) throw std::runtime_error("pattern, offset " + std::to_string(at) + ": " + words_of(error));
  // Where memory may not be both written and executed (a hardened service) this fails, and matching
  // interprets.
  (void)pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return code;
}

const pcre2_code* pattern() {
  static const Code code = compile();
  return code.get();
}

pcre2_match_data* scratch() {
  thread_local const Match match(pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  return match.get();
}

}  // namespace

std::string_view Splitter::next() {
  if (at_ == text_.size()) return {};
  const std::string_view rest = text_.substr(at_);
  pcre2_match_data* const match = scratch();
  const int found = pcre2_match(pattern(), reinterpret_cast<PCRE2_SPTR>(rest.data()), rest.size(), 0,
                                PCRE2_NO_UTF_CHECK, match, nullptr);
  // Every character begins some piece; a piece beyond the matcher's own limits is cut behind its first.
  const std::size_t size = found > 0 ? pcre2_get_ovector_pointer(match)[1] : utf8_length(text_, at_);
  const std::string_view piece = rest.substr(0, size);
  at_ += piece.size();
  return piece;
}

}  // namespace weir::tokens
