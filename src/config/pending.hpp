#pragma once

#include <string_view>

#include "config/reader.hpp"

// Keys whose feature isn't built yet. They are read and checked like all others, so that a file that uses
// their defaults stays valid, and any other value is an error: nothing is accepted and then ignored.
namespace weir::config {

// Reads the pending keys of a section, "routing" or "state", out of its map.
void read_pending(MapReader& map, std::string_view section);
// Reads a section of the root that is pending as a whole.
void read_pending_section(MapReader& root, std::string_view section);

// Reports "path is not supported yet; remove it or leave it at fallback". `what` stands in place of the path
// where it is one value of the key that isn't supported.
void report_pending(Reading& reading, const Field& field, std::string_view fallback,
                    std::string_view what = {});

}  // namespace weir::config
