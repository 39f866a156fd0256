#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "weir/routing/route.hpp"
#include "weir/tokens/calibration.hpp"

namespace weir::admin {

// What answers have taught of a model's way of counting tokens, by the method that most of them were
// estimated by.
struct Counting {
  const routing::Target* target = nullptr;  // the model's first; its keys count alike
  tokens::Method method = tokens::Method::bytes;
  tokens::Calibration::Summary learned;
};

// Nothing where nobody learns.
[[nodiscard]] std::optional<Counting> counting_of(const routing::Target& target);
// Of each model that has taught something, in the order of the configuration.
[[nodiscard]] std::vector<Counting> countings_of(const routing::Catalogue& catalogue);
// Null where nobody learns.
[[nodiscard]] nlohmann::ordered_json counting_json(const std::optional<Counting>& counting);
// As in /admin/v1/status: `target` and the same.
[[nodiscard]] nlohmann::ordered_json countings_json(const routing::Catalogue& catalogue);

}  // namespace weir::admin
