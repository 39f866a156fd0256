#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/base/text.hpp"

namespace weir::http {

// Whether it stays within its line, wherever it came from: no control characters but tabs.
[[nodiscard]] bool is_field_value(std::string_view value) noexcept;

// Fields that we write ourselves, as the lines they are sent in, each ended by CRLF: nothing is looked up in
// them, and nobody has to put them together again.
class FieldLines {
 public:
  // A field's name with what stands between it and its value: "x-weir-key: ". A constant, checked by the
  // compiler.
  class Name {
   public:
    template <std::size_t N>
    consteval Name(const char (&text)[N]) : text_(text, N - 1) {  // NOLINT(google-explicit-constructor)
      if (!text_.ends_with(": ") || text_.size() < 3) throw "a name ends in a colon and a space";
      for (const char c : text_.substr(0, text_.size() - 2))
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
          throw "no name of a field in lower case";
    }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

   private:
    std::string_view text_;
  };

  // Left out where the value is none.
  void add(Name name, std::string_view value);
  void add(Name name, std::uint64_t value);  // in decimal
  void append(const FieldLines& others) { text_ += others.text_; }
  void reserve(std::size_t bytes) { text_.reserve(bytes); }
  void give_back() noexcept { weir::give_back(text_); }  // clears it, and gives its memory back
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace weir::http
