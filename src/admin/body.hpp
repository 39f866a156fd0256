#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "weir/base/result.hpp"
#include "weir/wire/splice.hpp"

namespace weir::admin {

// The members of the object that a body is. All of it has been checked by then: it is JSON, no deeper than
// wire::kMaxDepth, and no name stands there twice. Nothing is built from it, so a hostile body costs no more
// than its bytes. The body outlives what is returned.
//
// Fails with request_too_large above `most` bytes, with invalid_request otherwise. `wanted` says what a body
// is to be, and ends both messages.
[[nodiscard]] Result<std::vector<wire::Member>> read_members(std::string_view body, std::size_t most,
                                                             std::string_view wanted);

// The value of that name as it stands in the body; empty where there is none.
[[nodiscard]] std::string_view value_of(std::string_view body, const std::vector<wire::Member>& members,
                                        std::string_view name);

}  // namespace weir::admin
