#include "weir/http/fields.hpp"

#include <array>
#include <charconv>
#include <span>

#include "weir/base/text.hpp"

namespace weir::http {
namespace {

// What a head of ours has, as a rule: one allocation each.
constexpr std::size_t kUsualFields = 24;
constexpr std::size_t kUsualText = 760;

// Without a branch: a header's name is short, and where its capitals stand is any guess.
char lower_case(char c) {
  const bool capital = static_cast<unsigned char>(c - 'A') < 26;
  return static_cast<char>(c | (static_cast<int>(capital) << 5));
}

}  // namespace

void Fields::add(std::string_view name, std::string_view value) {
  value = trim(value);
  if (index_.capacity() == 0) {
    index_.reserve(kUsualFields);
    text_.reserve(kUsualText);
  }
  const auto at = text_.size();
  text_.append(name).append(value);
  for (char& c : std::span(text_).subspan(at, name.size())) c = lower_case(c);
  index_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())});
}

void Fields::add(std::string_view name, std::uint64_t value) {
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  add(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

void Fields::clear() noexcept {
  text_.clear();
  index_.clear();
}

std::optional<std::string_view> Fields::find(std::string_view name) const {
  for (std::size_t i = 0; i < index_.size(); ++i) {
    const Field field = (*this)[i];
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const {
  std::size_t n = 0;
  for (std::size_t i = 0; i < index_.size(); ++i) n += (*this)[i].name == name ? 1 : 0;
  return n;
}

}  // namespace weir::http
