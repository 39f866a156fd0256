#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/quota/ledger.hpp"

// How what the admin API says is written; docs/admin-api.md has the rules.
namespace weir::admin {

// What nobody knows, or isn't there, is null.
[[nodiscard]] nlohmann::ordered_json word_or_null(std::string_view word);
[[nodiscard]] double seconds(Duration duration);  // rounded up to a millisecond
[[nodiscard]] std::int64_t milliseconds(Duration duration);
// The same moment is the same text however often it is asked for: two clocks are never read at one instant.
[[nodiscard]] WallTime steady_wall(BootTime at, Instant now);
// `name` and `name`_in_s. A moment that has passed is now.
void put_moment(nlohmann::ordered_json& json, const std::string& name, std::optional<BootTime> at,
                Instant now);
// As in /admin/v1/quota.
[[nodiscard]] nlohmann::ordered_json window_json(const quota::MeterView& view, Instant now);
// As on a card of /admin/v1/status.
[[nodiscard]] nlohmann::ordered_json card_window_json(const quota::MeterView& view, Instant now);
[[nodiscard]] bool is_of_account(const quota::MeterView& view);
// Whether both are limits of one window.
[[nodiscard]] bool is_same_window(const quota::Limit& one, const quota::Limit& other);
// Text, whatever bytes are in it.
[[nodiscard]] std::string text_of(const nlohmann::ordered_json& json);

}  // namespace weir::admin
