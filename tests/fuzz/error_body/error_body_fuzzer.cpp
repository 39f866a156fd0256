// What providers answer is read without harm, and what we write of it is JSON.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/text.hpp"
#include "weir/wire/answer.hpp"
#include "weir/wire/error_body.hpp"
#include "weir/wire/error_facts.hpp"

namespace {

using namespace weir::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_short_utf8(std::string_view text) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++characters) {
    const std::size_t length = weir::utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return characters <= 500;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> exact(data, data + size);
  const std::string_view body(exact.data(), exact.size());
  const ErrorText text = read_error_body(body);
  require(is_short_utf8(text.message) && is_short_utf8(text.type) && is_short_utf8(text.code));
  const ErrorFacts told = read_error_facts(body);
  require(told.words.size() <= (1U << 14U) && told.codes.size() <= 32 && told.violations.size() <= 32);
  require(!told.status || (*told.status >= 400 && *told.status <= 599));
  const AnswerFacts facts = read_answer(body);
  require(facts.valid_json || (!facts.error && !facts.usage && facts.text_bytes == 0));
  require(facts.text_bytes <= size);
  const std::vector<AttemptNote> notes{
      {.target = text.type, .key = text.code, .outcome = std::string(body), .resets_at = {}, .ms = 1}};
  const weir::Error error{weir::ErrorKind::upstream_failed, std::string(body)};
  require(nlohmann::json::accept(error_body(error, text.code, text.message, notes)));
  return 0;
}
