#include "app/quota_table.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "weir/base/units.hpp"

namespace weir::app {
namespace {

using nlohmann::json;

constexpr std::size_t kColumns = 8;
using Row = std::array<std::string, kColumns>;

const Row kHeading{"window", "used", "reserved", "left", "limit", "next back", "kind", "source"};

// One account's lines, aligned.
class Table {
 public:
  void title(std::string text) { lines_.push_back({.text = std::move(text), .row = {}, .is_row = false}); }
  void row(Row row) { lines_.push_back({.text = {}, .row = std::move(row), .is_row = true}); }

  [[nodiscard]] std::string text() const {
    std::array<std::size_t, kColumns> widths{};
    for (const Line& line : lines_)
      for (std::size_t i = 0; line.is_row && i < kColumns; ++i)
        widths[i] = std::max(widths[i], line.row[i].size());
    std::string out;
    for (const Line& line : lines_) {
      if (!line.is_row) {
        out += line.text + "\n";
        continue;
      }
      std::string cells = "   ";
      for (std::size_t i = 0; i < kColumns; ++i) {
        const std::string padding(widths[i] - line.row[i].size(), ' ');
        const bool is_figure = i >= 1 && i <= 4;
        cells += " " + (is_figure ? padding + line.row[i] : line.row[i] + padding) + " ";
      }
      out += cells.substr(0, cells.find_last_not_of(' ') + 1) + "\n";
    }
    return out;
  }

 private:
  struct Line {
    std::string text;
    Row row;
    bool is_row = false;
  };
  std::vector<Line> lines_;
};

std::string figure(const json& value) {
  return value.is_null() ? "unknown" : std::to_string(value.get<std::uint64_t>());
}

Duration seconds_of(const json& value) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value.get<double>()));
}

// When time gives something back; nothing to come back is no unknown.
std::string next_back(const json& window) {
  const json& wait = window.at("reset_in_s");
  if (wait.is_null()) return "-";
  return "in " + format_for_people(seconds_of(wait));
}

std::string source(const json& window) {
  if (window.at("limit").is_null()) return "nobody has said; a refusal will show it";
  std::string text = window.at("source").get<std::string>();
  if (!window.at("as_of").is_null()) text += " of " + window.at("as_of").get<std::string>();
  const auto others = window.at("used_by_others").get<std::uint64_t>();
  if (others > 0) text += "; others have used " + std::to_string(others);
  return text;
}

Row row_of(const json& window) {
  std::string name = window.at("window").get<std::string>();
  if (window.contains("models")) {
    std::string globs;
    for (const json& glob : window.at("models"))
      globs += (globs.empty() ? "" : " ") + glob.get<std::string>();
    name += " (" + globs + ")";
  }
  return {name,
          figure(window.at("used")),
          figure(window.at("reserved")),
          figure(window.at("left")),
          figure(window.at("limit")),
          next_back(window),
          window.at("kind").get<std::string>(),
          source(window)};
}

// What blocks a model, through each key.
std::string blocks_of(const json& blocked, bool has_one_key) {
  std::string text;
  for (const json& block : blocked) {
    text += "    blocked" + (has_one_key ? "" : " for the key " + block.at("key").get<std::string>()) + ": " +
            block.at("cause").get<std::string>();
    if (!block.at("until_in_s").is_null())
      text += ", until " + block.at("until").get<std::string>() + " (in " +
              format_for_people(seconds_of(block.at("until_in_s"))) + ")";
    if (!block.at("remedy").is_null()) text += "; " + block.at("remedy").get<std::string>();
    text += "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string title_of(const json& account) {
  std::string labels;
  for (const json& label : account.at("keys"))
    labels += (labels.empty() ? "" : ", ") + label.get<std::string>();
  return account.at("provider").get<std::string>() + " (" +
         (account.at("keys").size() == 1 ? "key " : "keys ") + labels + ")";
}

bool has_key(const json& account, std::string_view key) {
  const json& keys = account.at("keys");
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// False where nothing of it is asked for.
bool add_account(Table& table, const json& account, std::string_view model_asked) {
  const auto is_asked = [&](const json& model) {
    return model_asked.empty() || model.at("model") == model_asked;
  };
  const json& models = account.at("models");
  if (std::none_of(models.begin(), models.end(), is_asked)) return false;
  table.title(title_of(account));
  if (!account.at("windows").empty()) {
    table.title("  all its models together");
    table.row(kHeading);
  }
  for (const json& window : account.at("windows")) table.row(row_of(window));
  for (const json& model : models) {
    if (!is_asked(model)) continue;
    table.title("  " + model.at("model").get<std::string>());
    const std::string blocks = blocks_of(model.at("blocked"), account.at("keys").size() == 1);
    if (!blocks.empty()) table.title(blocks);
    if (!model.at("windows").empty()) table.row(kHeading);
    for (const json& window : model.at("windows")) table.row(row_of(window));
  }
  return true;
}

// What client keys have left of limits of their own.
std::string clients_of(const json& all) {
  std::string out;
  for (const json& client : all.at("clients")) {
    Table table;
    table.title("client key " + client.at("client").get<std::string>());
    table.row(kHeading);
    for (const json& window : client.at("windows")) table.row(row_of(window));
    out += "\n" + table.text();
  }
  return out;
}

std::string state_line(const json& state) {
  if (!state.at("degraded").get<bool>()) return "";
  return "\ndegraded: " + state.at("reason").get<std::string>() + "\n";
}

}  // namespace

Result<std::string> quota_table(std::string_view report, std::string_view provider, std::string_view model,
                                std::string_view key) {
  try {
    const json all = json::parse(report);
    std::string out;
    for (const json& account : all.at("accounts")) {
      if (!provider.empty() && account.at("provider") != provider) continue;
      if (!key.empty() && !has_key(account, key)) continue;
      Table table;
      if (add_account(table, account, model)) out += (out.empty() ? "" : "\n") + table.text();
    }
    const bool is_all = provider.empty() && model.empty() && key.empty();
    if (out.empty())
      return Error{ErrorKind::config, "nothing of that name is in use; weir quota show lists all"};
    return out + (is_all ? clients_of(all) : "") + state_line(all.at("state"));
  } catch (const json::exception& e) {
    return Error{ErrorKind::io, std::string("the daemon's answer can't be read: ") + e.what()};
  }
}

}  // namespace weir::app
