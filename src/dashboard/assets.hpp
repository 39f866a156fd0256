#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "weir/dashboard/dashboard.hpp"

namespace weir::dashboard {

// A file that web/build.mjs made. Static.
struct Asset {
  std::string_view path;  // "/" is the page; the others have their hash in their names
  std::string_view type;
  std::string_view hash;
  std::string_view bytes;
  std::string_view gzip;  // the same, compressed
};

// Empty where the dashboard isn't built in.
[[nodiscard]] std::span<const Asset> built_in_assets() noexcept;

[[nodiscard]] std::optional<Page> answer_from(std::span<const Asset> assets, const http::RequestHead& asked);

}  // namespace weir::dashboard
