#pragma once

#include <string_view>
#include <vector>

#include "weir/providers/dialect.hpp"

namespace weir::providers {

// Whether it changes messages or tools, and not parameters.
[[nodiscard]] bool is_of_messages(DialectEdit edit) noexcept;

// The rules of a dialect that change what stands in messages and tools.
class MessageRules {
 public:
  void add(const DialectRule& rule) { rules_.push_back(&rule); }
  // Whether any of them could change this request: told from what was seen when it was read.
  [[nodiscard]] bool concern(const wire::ChatRequest& request) const;
  // Appends edits inside of the values of messages and tools; of those that `parameters` keeps.
  void edit(const wire::ChatRequest& request, std::string_view body, wire::Draft& parameters,
            Translation& translation) const;

 private:
  std::vector<const DialectRule*> rules_;
};

}  // namespace weir::providers
