#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pretend/reply.hpp"
#include "pretend/strictness.hpp"

namespace weir::pretend {

// How a manner words what is wrong with a request. The shape here is OpenAI's.
class Faults {
 public:
  virtual ~Faults() = default;

  [[nodiscard]] virtual Reply malformed(const std::string& message) const;
  [[nodiscard]] virtual Reply bad_key() const;
  [[nodiscard]] virtual Reply unknown_model(const std::string& model) const;
  [[nodiscard]] virtual Reply too_long(std::uint64_t tokens, std::uint64_t context) const;

  // What it doesn't take of a request that is otherwise well formed.
  [[nodiscard]] virtual std::vector<Breach> breaches(const nlohmann::json& request) const;
  // Of at least one.
  [[nodiscard]] virtual Reply refused(const std::vector<Breach>& breaches) const;
};

}  // namespace weir::pretend
