#include "weir/http/fields.hpp"

#include <algorithm>

#include "weir/base/text.hpp"

namespace weir::http {

void Fields::add(std::string_view name, std::string_view value) {
  value = trim(value);
  const auto at = text_.size();
  text_.append(name);
  std::transform(text_.begin() + static_cast<std::ptrdiff_t>(at), text_.end(),
                 text_.begin() + static_cast<std::ptrdiff_t>(at),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  text_.append(value);
  index_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())});
}

void Fields::clear() noexcept {
  text_.clear();
  index_.clear();
}

Fields::Field Fields::operator[](std::size_t i) const {
  const Place& place = index_[i];
  const std::string_view text = text_;
  return {text.substr(place.name, place.name_size),
          text.substr(place.name + place.name_size, place.value_size)};
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
