#include "app/status_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "weir/base/units.hpp"

namespace weir::app {
namespace {

using nlohmann::json;

constexpr std::size_t kBar = 20;
constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;  // window, bar, left, reset, source

std::string in_words(const json& seconds) {
  const auto wait = std::chrono::duration<double>(seconds.get<double>());
  return "in " + format_for_people(std::chrono::duration_cast<Duration>(wait));
}

// What is used, held and left: "########+...........". A window that has been used isn't shown as untouched.
std::string bar_of(const json& window) {
  if (window.at("limit").is_null()) return "[" + std::string(kBar, '?') + "]";
  const double limit = std::max(window.at("limit").get<double>(), 1.0);
  const auto cells = [&](double amount) {
    const double share = std::clamp(amount / limit, 0.0, 1.0) * static_cast<double>(kBar);
    return amount > 0 ? std::max<std::size_t>(static_cast<std::size_t>(std::lround(share)), 1) : 0;
  };
  const double free = window.at("left").get<double>();
  const std::size_t least = free < limit ? 1 : 0;
  const std::size_t taken = std::max(kBar - std::min(cells(free), kBar), least);
  const std::size_t held = std::min(cells(window.at("reserved").get<double>()), taken);
  std::string bar = std::string(taken - held, '#') + std::string(held, '+');
  bar.resize(kBar, '.');
  return "[" + bar + "]";
}

std::string left_of(const json& window) {
  if (window.at("limit").is_null())
    return std::to_string(window.at("used").get<std::uint64_t>()) + " used, limit unknown";
  return std::to_string(window.at("left").get<std::uint64_t>()) + " of " +
         std::to_string(window.at("limit").get<std::uint64_t>()) + " left";
}

std::string source_of(const json& window) {
  if (!window.at("unknown").is_null()) return window.at("unknown").get<std::string>();
  std::string text = window.at("source").get<std::string>();
  if (!window.at("as_of").is_null()) text += " of " + window.at("as_of").get<std::string>();
  if (const auto others = window.at("used_by_others").get<std::uint64_t>(); others > 0)
    text += "; others have used " + std::to_string(others);
  return text;
}

Row row_of(const json& window) {
  std::string name = window.at("window").get<std::string>();
  if (!window.at("model").is_null()) name = window.at("model").get<std::string>() + " " + name;
  const json& reset = window.at("reset_in_s");
  return {name, bar_of(window), left_of(window), reset.is_null() ? "" : "back " + in_words(reset),
          source_of(window)};
}

// Windows of models that nobody has used say little; there may be hundreds of them.
bool is_worth_a_line(const json& window) {
  return window.at("model").is_null() || window.at("used").get<std::uint64_t>() > 0 ||
         window.at("reserved").get<std::uint64_t>() > 0;
}

std::string title_of(const json& card) {
  std::string text = card.at("provider").get<std::string>() + " (key " + card.at("key").get<std::string>() +
                     "): " + card.at("state").get<std::string>();
  if (card.at("state") == "ready" && card.at("models_ready") != card.at("models"))
    text += ", " + card.at("models_ready").dump() + " of " + card.at("models").dump() + " models";
  if (!card.at("why").is_null()) text += ", " + card.at("why").get<std::string>();
  if (!card.at("back_in_s").is_null()) text += ", back " + in_words(card.at("back_in_s"));
  if (!card.at("remedy").is_null()) text += "; " + card.at("remedy").get<std::string>();
  return text + "\n";
}

std::string rows_of(const json& card) {
  std::vector<Row> rows;
  std::array<std::size_t, kColumns> widths{};
  std::size_t left_out = 0;
  for (const json& window : card.at("windows")) {
    if (!is_worth_a_line(window)) {
      ++left_out;
      continue;
    }
    rows.push_back(row_of(window));
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], rows.back()[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = " ";
    for (std::size_t i = 0; i < kColumns; ++i)
      line += " " + row[i] + std::string(widths[i] - row[i].size(), ' ') + " ";
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  if (left_out > 0)
    text += "  and " + std::to_string(left_out) + " windows of models that nothing was sent to\n";
  return text;
}

std::string cooldowns_of(const json& card) {
  std::string text;
  for (const json& cooldown : card.at("cooldowns")) {
    if (cooldown.at("model").is_null()) continue;  // the title says it
    text += "  " + cooldown.at("model").get<std::string>() + ": " + cooldown.at("cause").get<std::string>();
    if (!cooldown.at("until_in_s").is_null()) text += ", back " + in_words(cooldown.at("until_in_s"));
    if (!cooldown.at("remedy").is_null()) text += "; " + cooldown.at("remedy").get<std::string>();
    text += "\n";
  }
  return text;
}

// 1.07: two digits behind the point.
std::string hundredths(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, 2).ptr;
  return {text.begin(), end};
}

// How the models' own counts of tokens differ from ours. Those that taught most; --json has all.
std::string countings_of(const json& status) {
  constexpr std::size_t kMost = 10;
  std::vector<json> all = status.at("counting").get<std::vector<json>>();
  std::ranges::stable_sort(all, std::ranges::greater(),
                           [](const json& one) { return one.at("answers").get<std::uint64_t>(); });
  std::size_t widest = 0;
  for (std::size_t i = 0; i < std::min(all.size(), kMost); ++i)
    widest = std::max(widest, all[i].at("target").get_ref<const std::string&>().size());
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), kMost); ++i) {
    const json& one = all[i];
    const auto name = one.at("target").get<std::string>();
    const auto overhead = one.at("overhead").get<std::int64_t>();
    const auto spread = std::llround(100 * one.at("spread").get<double>());
    const auto answers = one.at("answers").get<std::uint64_t>();
    text += "  " + name + std::string(widest - name.size(), ' ') + "  x " +
            hundredths(one.at("ratio").get<double>()) + (overhead < 0 ? " - " : " + ") +
            std::to_string(std::abs(overhead)) + ", give or take " + std::to_string(spread) + " %, from " +
            std::to_string(answers) + (answers == 1 ? " answer\n" : " answers\n");
  }
  if (all.size() > kMost) text += "  and " + std::to_string(all.size() - kMost) + " more\n";
  return text.empty() ? text : "\nprompt tokens as each model counts them, from our estimate\n" + text;
}

std::string summary_of(const json& status) {
  const json& totals = status.at("totals");
  std::string text = status.at("sentence").get<std::string>() + "\n" + totals.at("requests").dump() +
                     " requests in " + in_words(status.at("uptime_s")).substr(3) + ": " +
                     totals.at("ok").dump() + " ok, " + totals.at("failed").dump() + " failed, " +
                     totals.at("cancelled").dump() + " cancelled; " + status.at("in_flight").dump() +
                     " under way, " + status.at("waiting").dump() + " waiting\n";
  const json& store = status.at("store");
  if (store.at("degraded").get<bool>()) text += "degraded: " + store.at("reason").get<std::string>() + "\n";
  return text;
}

}  // namespace

Result<std::string> status_table(std::string_view status) {
  try {
    const json all = json::parse(status);
    std::string out = summary_of(all);
    for (const json& card : all.at("cards"))
      out += "\n" + title_of(card) + rows_of(card) + cooldowns_of(card);
    return out + countings_of(all);
  } catch (const json::exception& e) {
    return Error{ErrorKind::io, std::string("the daemon's answer can't be read: ") + e.what()};
  }
}

}  // namespace weir::app
