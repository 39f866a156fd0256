#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire {

// The ids in a provider's list of models: {"data":[{"id":...}]}, or the array alone. Google's come without
// their "models/". Nothing where it is no such list, so that an error page is not taken for an empty one.
[[nodiscard]] std::optional<std::vector<std::string>> read_model_ids(std::string_view body);

}  // namespace weir::wire
