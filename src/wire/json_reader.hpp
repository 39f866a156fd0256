#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "wire/json_index.hpp"

namespace weir::wire {

// Where a text stops being JSON, and why: "expected ',' or '}'".
struct JsonFlaw {
  std::size_t at = 0;
  std::string_view reason;
};

// Reads a JSON text once, front to back, without building anything from it. Whatever is read or skipped is
// checked in full, so that a text of which finish() says true is valid JSON no deeper than kMaxDepth. A flaw
// ends the reading: no member or element follows then, every value is empty, and nobody needs to ask between.
//
//   json.enter();
//   while (json.next_member()) {
//     if (json.key() == "model") model = json.take_string();
//     else json.skip();
//   }
//
// Numbers are text: nothing is rounded or wrapped. The text outlives the reader and what it returned.
class JsonReader {
 public:
  enum class Kind : std::uint8_t { none, object, array, string, number, boolean, null };

  explicit JsonReader(std::string_view text);
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // The value that stands next, and its offset.
  [[nodiscard]] Kind kind() const { return kKinds[static_cast<unsigned char>(peek())]; }
  [[nodiscard]] std::size_t offset() const { return next_ != end_ ? *next_ : text_.size(); }
  // The offset right behind what was taken last.
  [[nodiscard]] std::size_t behind() const { return behind_; }

  // Into the object or array that stands next.
  void enter();
  // Whether another member follows: its key is taken, its value stands next. Leaves the object at its end.
  [[nodiscard]] bool next_member();
  [[nodiscard]] bool next_element();
  // The member's name, unescaped. Valid until the next next_member().
  [[nodiscard]] std::string_view key() {
    if (has_escapes_) unescape_key();
    return key_;
  }
  // The same as it stands in the text, between its quotes.
  [[nodiscard]] std::string_view raw_key() const { return raw_key_; }
  // Where a part of the text that this reader returned begins.
  [[nodiscard]] std::size_t offset_of(std::string_view part) const {
    return static_cast<std::size_t>(part.data() - text_.data());
  }

  // Takes the value that stands next and returns its bytes, quotes and brackets included.
  std::string_view skip();
  // Takes it too; its text where it is a string and Unicode.
  [[nodiscard]] std::optional<std::string> take_string();

  // Whether all was read well and nothing stands behind the value.
  [[nodiscard]] bool finish();
  [[nodiscard]] bool ok() const { return !flaw_.has_value(); }
  [[nodiscard]] const std::optional<JsonFlaw>& flaw() const { return flaw_; }
  [[nodiscard]] bool is_utf8() const { return fault_ != JsonIndex::Fault::not_utf8; }

 private:
  static const std::array<Kind, 256> kKinds;  // by the first byte of a value

  // The first byte of the next token; NUL behind the last.
  [[nodiscard]] char peek() const { return next_ != end_ ? text_[*next_] : '\0'; }
  [[nodiscard]] std::string_view token() const;
  void take_key();
  void unescape_key();
  void advance();
  void take();
  void take_scalar(Kind kind);
  [[nodiscard]] bool next(char closing, std::string_view expected);
  void fail(std::size_t at, std::string_view reason);

  std::string_view text_;
  std::unique_ptr<JsonIndex> index_;
  JsonIndex::Fault fault_;
  const std::uint32_t* next_ = nullptr;  // into the index: where the next token begins
  const std::uint32_t* end_ = nullptr;
  std::size_t behind_ = 0;
  std::size_t depth_ = 0;
  std::uint64_t objects_ = 0;  // one bit a level, the innermost lowest: an object, not an array
  bool fresh_ = false;         // just entered: no comma is due
  bool has_escapes_ = false;   // somewhere in the text
  std::string_view raw_key_;
  std::string_view key_;
  std::string unescaped_key_;
  std::optional<JsonFlaw> flaw_;
};

inline void JsonReader::advance() {
  behind_ = *next_++ + 1U;
}

inline std::string_view JsonReader::token() const {
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  const std::size_t begin = *next_;
  std::size_t end = next_ + 1 != end_ ? next_[1] : text_.size();
  while (is_space(text_[end - 1])) --end;  // ends at the token's first byte
  return text_.substr(begin, end - begin);
}

// Moves behind the comma that is due, or out of the container.
inline bool JsonReader::next(char closing, std::string_view expected) {
  const bool first = std::exchange(fresh_, false);
  const char c = peek();
  if (c == closing) {
    advance();
    --depth_;
    objects_ >>= 1U;
    return false;
  }
  if (first) return true;
  if (c != ',') {
    fail(offset(), expected);
    return false;
  }
  advance();
  return true;
}

// What stands between a string's quotes.
[[nodiscard]] inline std::string_view inside(std::string_view string) {
  return string.size() < 2 ? std::string_view() : string.substr(1, string.size() - 2);
}

}  // namespace weir::wire
