#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace simdjson::internal {
class dom_parser_implementation;
}

namespace weir::wire {

// Where the tokens of a JSON text begin: braces, brackets, colons, commas, strings and other scalars, in
// order. Built by simdjson's first stage, which also checks UTF-8 and that strings are closed and hold no
// bare control characters. Grammar, escapes and numbers are the reader's. Reads nothing behind the text. One
// thread at a time.
class JsonIndex {
 public:
  enum class Fault : std::uint8_t { none, empty, not_utf8, control_character, open_string, too_large };

  JsonIndex();
  ~JsonIndex();
  JsonIndex(const JsonIndex&) = delete;
  JsonIndex& operator=(const JsonIndex&) = delete;

  [[nodiscard]] Fault build(std::string_view text);
  [[nodiscard]] std::span<const std::uint32_t> starts() const;  // nothing unless build() said none
  [[nodiscard]] std::size_t capacity() const;                   // the largest text it takes without growing

 private:
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
  std::size_t count_ = 0;
};

// The offset of the fault that build() found. Goes through the text byte by byte: for the error message only.
[[nodiscard]] std::size_t locate(JsonIndex::Fault fault, std::string_view text);

}  // namespace weir::wire
