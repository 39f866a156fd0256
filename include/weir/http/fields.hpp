#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http {

// Header fields in the order they came. Names are kept in lower case, values trimmed. One buffer holds all
// text, so that a cleared object is filled again without allocating. Views it gave out end with the next
// call that changes it.
class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  void add(std::string_view name, std::uint64_t value);  // in decimal
  void clear() noexcept;
  void give_back() noexcept;  // clears it, and gives its memory back
  // Room for so many, with so many bytes of names and values in all.
  void reserve(std::size_t fields, std::size_t bytes);

  [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
  [[nodiscard]] bool empty() const noexcept { return index_.empty(); }
  // All names and values, one behind the other.
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] Field operator[](std::size_t i) const {
    const Place& place = index_[i];
    const char* const name = text_.data() + place.name;
    return {{name, place.name_size}, {name + place.name_size, place.value_size}};
  }
  // The first field of that name (given in lower case), or nothing.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::string_view get(std::string_view name) const { return find(name).value_or(""); }
  [[nodiscard]] std::size_t count(std::string_view name) const;

 private:
  struct Place {
    std::uint32_t name;
    std::uint32_t name_size;
    std::uint32_t value_size;  // the value stands right behind the name
  };
  std::string text_;
  std::vector<Place> index_;
};

}  // namespace weir::http
