#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "weir/providers/signals.hpp"

namespace weir::providers {

// The windows of one answer, without allocating. More than fit are left out.
class WindowList {
 public:
  static constexpr std::size_t kMost = 16;  // Cerebras tells of six

  [[nodiscard]] std::span<const Window> all() const { return std::span(windows_).first(size_); }
  [[nodiscard]] std::span<Window> all() { return std::span(windows_).first(size_); }
  // The one of that name, or a new one; null where there is no more room.
  [[nodiscard]] Window* of(const WindowName& name);
  // Drops those that tell neither a limit nor what remains: a reset alone tells nothing of what is left.
  void drop_silent();

 private:
  std::array<Window, kMost> windows_{};
  std::size_t size_ = 0;
};

// A limit header's name taken apart: "x-ratelimit-remaining-tokens-per-10-second".
struct LimitHeader {
  WindowName window;  // its span is unknown where the name doesn't say it
  HeaderField field = HeaderField::limit;
};
[[nodiscard]] std::optional<LimitHeader> read_limit_header(std::string_view name);

// One header into the list, by the tables or by its name.
void read_header(const Signals& signals, std::string_view name, std::string_view value, WallTime now,
                 WindowList& into);
// All of a head; absolute resets count from its Date.
void read_head(const Signals& signals, const http::Fields& fields, WallTime now, WindowList& into);

}  // namespace weir::providers
