#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "weir/base/log.hpp"
#include "weir/base/text.hpp"
#include "weir/wire/answer.hpp"

// Error bodies: no two providers write them alike, and none is written often. So this reads a tree and asks
// what is in it.
namespace weir::wire {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostCharacters = 500;
constexpr std::size_t kLargestBody = 1U << 20U;  // of more, the first part is read as text
constexpr int kMostNesting = 8;                  // of errors in errors, of JSON in JSON

// Masked first: of a key across the cut the first part would stay, and nobody would know it for one.
std::string mask_and_cut(std::string_view untold) {
  const std::string text = log::redact(untold);
  std::string out;
  std::size_t at = 0;
  for (std::size_t n = 0; n < kMostCharacters && at < text.size(); ++n) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else
      out += text.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? value.dump() : std::string();
}

const Json& member(const Json& object, const char* name) {
  static const Json kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

std::string first_text(const Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string text = text_of(member(object, name)); !text.empty()) return text;
  }
  return {};
}

ErrorText read_value(const Json& value, int nesting);

ErrorText read_string(const std::string& text, int nesting) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && (text[first] == '{' || text[first] == '[')) {
    const Json inner = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!inner.is_discarded()) {
      if (ErrorText found = read_value(inner, nesting + 1); !found.message.empty()) return found;
    }
  }
  return {.message = text, .type = {}, .code = {}};
}

// What is wrong with each field: [{"loc":["body","seed"],"msg":"Extra inputs are not permitted"}].
ErrorText read_array(const Json& array, int nesting) {
  ErrorText found;
  for (const Json& element : array) {
    ErrorText one = read_value(element, nesting + 1);
    if (one.message.empty()) continue;
    if (found.message.empty())
      found = std::move(one);
    else
      found.message += "; " + one.message;
    if (found.message.size() > 4 * kMostCharacters) break;
  }
  return found;
}

// The first member that has words in it wins; type and code are the innermost that say something.
ErrorText read_object(const Json& object, int nesting) {
  ErrorText found;
  for (const char* name : {"error", "message", "detail", "errors", "msg", "title"}) {
    const Json& value = member(object, name);
    if (name == std::string_view("error") && value.is_string() && member(object, "message").is_string())
      continue;
    ErrorText one = read_value(value, nesting + 1);
    const bool has_words = !one.message.empty();
    if (has_words || (found.type.empty() && found.code.empty())) found = std::move(one);
    if (has_words) break;
  }
  // OpenRouter's own message says nothing where the provider's stands beside it.
  const Json& metadata = member(object, "metadata");
  if (metadata.is_object() && member(metadata, "raw").is_string()) {
    const ErrorText raw = read_string(member(metadata, "raw").get<std::string>(), nesting + 1);
    if (!raw.message.empty()) found.message += (found.message.empty() ? "" : ": ") + raw.message;
  }
  if (found.type.empty()) found.type = first_text(object, {"type"});
  if (found.type.empty() && member(object, "status").is_string()) found.type = first_text(object, {"status"});
  if (found.code.empty()) found.code = first_text(object, {"code"});
  return found;
}

ErrorText read_value(const Json& value, int nesting) {
  if (nesting > kMostNesting) return {};
  if (value.is_object()) return read_object(value, nesting);
  if (value.is_array()) return read_array(value, nesting);
  if (value.is_string()) return read_string(value.get_ref<const std::string&>(), nesting);
  return {};
}

// A page's title, or the words between its tags.
std::string words_of_page(std::string_view page) {
  const std::string small = lower(page);
  const auto title = small.find("<title>");
  const auto title_end = small.find("</title>", std::min(title, small.size()));
  if (title_end != std::string::npos) page = page.substr(title + 7, title_end - title - 7);
  std::string words;
  bool in_tag = false;
  for (const char c : page) {
    if (c == '<') in_tag = true;
    const bool is_space = in_tag || c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (c == '>') in_tag = false;
    if (!is_space)
      words += c;
    else if (!words.empty() && words.back() != ' ')
      words += ' ';
  }
  return words;
}

}  // namespace

ErrorText read_error_body(std::string_view body) {
  ErrorText found;
  Json json = Json::value_t::discarded;
  if (body.size() <= kLargestBody) json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    found.message = words_of_page(body.substr(0, kLargestBody));
  else
    found = read_value(json, 0);
  while (found.message.ends_with(' ')) found.message.pop_back();
  return {.message = mask_and_cut(found.message),
          .type = mask_and_cut(found.type),
          .code = mask_and_cut(found.code)};
}

}  // namespace weir::wire
