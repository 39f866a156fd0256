#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace weir {

// A key. It can't be printed, compared or logged by accident; reveal() is called where it goes on the wire.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  [[nodiscard]] std::string_view reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace weir
