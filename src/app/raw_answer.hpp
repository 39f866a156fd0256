#pragma once

#include <string>
#include <string_view>

#include "weir/base/result.hpp"
#include "weir/http/fields.hpp"

namespace weir::app {

// An answer as someone kept it: of a capture, or of `curl -i`.
struct RawAnswer {
  int status = 0;
  http::Fields fields;
  std::string body;
};
// Status line, headers, blank line, body; lines may end in LF alone. Heads before it, of interim answers
// (100, 103) and of a proxy's tunnel, are skipped, and chunks are put together where the body still has them.
[[nodiscard]] Result<RawAnswer> read_raw_answer(std::string_view text);

}  // namespace weir::app
