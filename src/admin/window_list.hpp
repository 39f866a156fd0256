#pragma once

#include <string>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/quota/ledger.hpp"
#include "weir/routing/route.hpp"

namespace weir::admin {

// A window under the names that tell it apart.
struct NamedWindow {
  std::string provider;
  std::string account;
  std::string model;   // empty: of the account
  std::string models;  // globs of those that count, parted by commas; empty: all
  std::string name;    // "rpd"
  quota::MeterView view;

  [[nodiscard]] std::string key() const;
};

// Each once, however many keys and models draw on it.
[[nodiscard]] std::vector<NamedWindow> windows_of(const routing::Catalogue& catalogue, Instant now);

}  // namespace weir::admin
