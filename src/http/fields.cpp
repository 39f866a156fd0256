#include "weir/http/fields.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <span>

#include "weir/base/eight_bytes.hpp"
#include "weir/base/text.hpp"

namespace weir::http {
namespace {

// What most heads have: one allocation each.
constexpr std::size_t kUsualFields = 8;
constexpr std::size_t kUsualText = 240;

// Eight at once. Sums stay inside their bytes, as only the low seven bits are added to.
std::uint64_t lower_case(std::uint64_t eight) {
  const std::uint64_t low = eight & eight_of(0x7F);
  const std::uint64_t from_a = low + eight_of(0x80 - 'A');
  const std::uint64_t behind_z = low + eight_of(0x80 - 'Z' - 1);
  const std::uint64_t capitals = from_a & ~behind_z & ~eight & eight_of(0x80);
  return eight | (capitals >> 2);
}

void lower_case(std::span<char> text) {
  std::uint64_t eight = 0;
  while (text.size() >= sizeof eight) {
    eight = lower_case(load_eight(text.data()));
    std::memcpy(text.data(), &eight, sizeof eight);
    text = text.subspan(sizeof eight);
  }
  std::memcpy(&eight, text.data(), text.size());
  eight = lower_case(eight);
  std::memcpy(text.data(), &eight, text.size());
}

}  // namespace

void Fields::add(std::string_view name, std::string_view value) {
  value = trim(value);
  if (index_.capacity() == 0) reserve(kUsualFields, kUsualText);
  const auto at = text_.size();
  text_.append(name).append(value);
  lower_case(std::span(text_).subspan(at, name.size()));
  index_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())});
}

void Fields::add(std::string_view name, std::uint64_t value) {
  std::array<char, 20> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  add(name, std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

void Fields::reserve(std::size_t fields, std::size_t bytes) {
  index_.reserve(fields);
  text_.reserve(bytes);
}

void Fields::give_back() noexcept {
  weir::give_back(text_);
  index_ = std::vector<Place>();
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
