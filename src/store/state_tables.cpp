#include "store/state_tables.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::store {
namespace {

using namespace weir::quota;  // NOLINT(google-build-using-namespace)

constexpr const char* kSchema = R"sql(
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, boot_id TEXT NOT NULL, ended_cleanly INTEGER NOT NULL
) STRICT;
CREATE TABLE account (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, position INTEGER NOT NULL,
  boot_ns INTEGER NOT NULL, wall_ns INTEGER NOT NULL, clock_offset_ns INTEGER NOT NULL,
  cooldown TEXT NOT NULL, cooldown_until_ns INTEGER
) STRICT;
CREATE TABLE meter (
  account INTEGER NOT NULL, place INTEGER NOT NULL, scope TEXT NOT NULL,
  dimension TEXT NOT NULL, amount INTEGER NOT NULL, period_ns INTEGER NOT NULL, period_unit TEXT NOT NULL,
  window TEXT NOT NULL, zone TEXT NOT NULL, expires_day INTEGER, models TEXT NOT NULL,
  source TEXT NOT NULL, as_of TEXT NOT NULL,
  header INTEGER, learnt INTEGER, learnt_at_ns INTEGER NOT NULL, full_until_ns INTEGER NOT NULL, drift INTEGER NOT NULL,
  learning BLOB NOT NULL, tally BLOB NOT NULL, counts BLOB NOT NULL,
  PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE model (
  account INTEGER NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL, meters BLOB NOT NULL,
  made_by_answers INTEGER NOT NULL, failures_count INTEGER NOT NULL, cooldown TEXT NOT NULL, cooldown_until_ns INTEGER,
  PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE provider_key (
  account INTEGER NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL, cooldown TEXT NOT NULL, cooldown_until_ns INTEGER,
  PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE under_way (
  account INTEGER NOT NULL, id INTEGER NOT NULL, model INTEGER NOT NULL, provider_key INTEGER NOT NULL, requests INTEGER NOT NULL,
  tokens INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, is_sent INTEGER NOT NULL,
  charges BLOB NOT NULL, PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
)sql";

// Came later; a version that doesn't know it leaves it alone.
constexpr const char* kNotes =
    "CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID";

constexpr std::array kUnitNames{std::pair{Period::Unit::span, std::string_view("span")},
                                std::pair{Period::Unit::day, std::string_view("day")},
                                std::pair{Period::Unit::month, std::string_view("month")}};

std::string_view name(Period::Unit unit) {
  return std::ranges::find(kUnitNames, unit, &decltype(kUnitNames)::value_type::first)->second;
}

// The value of an enumeration by its name.
template <class Enum>
std::optional<Enum> named(std::string_view text, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (name(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  return std::nullopt;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1))
    lines.emplace_back(text.substr(0, end));
  return lines;
}

std::optional<std::int64_t> signed_of(const std::optional<std::uint64_t>& value) {
  return value ? std::optional(static_cast<std::int64_t>(*value)) : std::nullopt;
}
std::optional<std::uint64_t> unsigned_of(const std::optional<std::int64_t>& value) {
  return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

void bind(Statement& statement, const std::optional<Cooldown>& cooldown) {
  statement.bind(cooldown ? name(cooldown->cause) : std::string_view());
  statement.bind(cooldown ? std::optional(std::int64_t{cooldown->until.time_since_epoch().count()})
                          : std::nullopt);
}

std::optional<Cooldown> cooldown_in(const Statement& row, int column) {
  const auto cause = named(row.text(column), CooldownCause::failing);
  if (!cause) return std::nullopt;
  return Cooldown{.cause = *cause, .until = BootTime(Duration(row.integer(column + 1)))};
}

// Limits whose period makes no sense would divide by it.
std::optional<Limit> limit_in(const Statement& row, int first) {
  const auto dimension = named(row.text(first), Dimension::in_flight);
  const auto unit = named(row.text(first + 3), Period::Unit::month);
  const auto window = named(row.text(first + 4), WindowKind::concurrency);
  const auto source = named(row.text(first + 8), Source::inferred);
  if (!dimension || !unit || !window || !source || row.integer(first + 2) < 0) return std::nullopt;
  Limit limit;
  limit.dimension = *dimension;
  limit.amount = static_cast<std::uint64_t>(row.integer(first + 1));
  limit.period = {*unit, Duration(row.integer(first + 2))};
  limit.window = *window;
  limit.zone = row.text(first + 5);
  if (const auto day = row.maybe_integer(first + 6))
    limit.expires = std::chrono::sys_days(std::chrono::days(*day));
  limit.models = split(row.text(first + 7));
  limit.source = *source;
  limit.as_of = row.text(first + 9);
  return limit;
}

}  // namespace

int version_of(Connection& connection) {
  Statement statement(connection, "PRAGMA user_version");
  return statement.step() ? static_cast<int>(statement.integer(0)) : 0;
}

StateTables::StateTables(Connection& connection) : connection_(connection) {
  if (version_of(connection) != kVersion) {
    Transaction transaction(connection);
    connection.run(kSchema);
    transaction.commit();
  }
  connection.run(kNotes);
}

RunFacts StateTables::run_facts() {
  Statement row(connection_, "SELECT epoch, boot_id, ended_cleanly FROM run");
  if (!row.step()) return {};
  return {.epoch = static_cast<std::uint32_t>(row.integer(0)),
          .boot_id = row.text(1),
          .ended_cleanly = row.integer(2) != 0};
}

void StateTables::write(const RunFacts& facts) {
  Statement row(connection_, "INSERT OR REPLACE INTO run VALUES (1, ?, ?, ?)");
  row.bind(std::uint64_t{facts.epoch})
      .bind(std::string_view(facts.boot_id))
      .bind(std::int64_t{facts.ended_cleanly});
  row.run();
}

std::vector<std::pair<std::string, std::string>> StateTables::notes() {
  std::vector<std::pair<std::string, std::string>> notes;
  Statement row(connection_, "SELECT name, text FROM note");
  while (row.step()) notes.emplace_back(row.text(0), row.text(1));
  return notes;
}

void StateTables::write_note(std::string_view name, std::string_view text) {
  Statement(connection_, "INSERT OR REPLACE INTO note VALUES (?, ?)").bind(name).bind(text).run();
}

void StateTables::clear() {
  for (const char* const sql : {"DELETE FROM account", "DELETE FROM meter", "DELETE FROM model",
                                "DELETE FROM provider_key", "DELETE FROM under_way"})
    connection_.run(sql);
}

void StateTables::write(const AccountState& state) {
  const std::uint64_t number = state.number;
  for (const char* const sql :
       {"DELETE FROM account WHERE number = ?", "DELETE FROM meter WHERE account = ?",
        "DELETE FROM model WHERE account = ?", "DELETE FROM provider_key WHERE account = ?",
        "DELETE FROM under_way WHERE account = ?"})
    Statement(connection_, sql).bind(number).run();

  Statement account(connection_, "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  account.bind(number).bind(std::string_view(state.name)).bind(state.position);
  account.bind(std::int64_t{state.at.boot.time_since_epoch().count()});
  account.bind(std::int64_t{state.at.wall.time_since_epoch().count()});
  account.bind(std::int64_t{state.clock_offset.count()});
  bind(account, state.cooldown);
  account.run();
  write_meters(state);
  write_models(state);
  write_keys(state);
  write_open(state);
}

void StateTables::write_meters(const AccountState& state) {
  const std::uint64_t number = state.number;
  Statement meter(connection_,
                  "INSERT INTO meter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < state.meters.size(); ++i) {
    const MeterState& one = state.meters[i];
    const Limit& limit = one.limit;
    meter.bind(number).bind(std::uint64_t{i}).bind(std::string_view(one.scope));
    meter.bind(name(limit.dimension)).bind(limit.amount).bind(std::int64_t{limit.period.length.count()});
    meter.bind(name(limit.period.unit)).bind(name(limit.window)).bind(std::string_view(limit.zone));
    meter.bind(limit.expires ? std::optional(std::int64_t{limit.expires->time_since_epoch().count()})
                             : std::nullopt);
    meter.bind(std::string_view(joined(limit.models)))
        .bind(name(limit.source))
        .bind(std::string_view(limit.as_of));
    meter.bind(signed_of(one.header)).bind(signed_of(one.learnt));
    meter.bind(std::int64_t{one.learnt_at.time_since_epoch().count()});
    meter.bind(std::int64_t{one.full_until.time_since_epoch().count()}).bind(one.drift);
    meter.bind(std::span(one.learning)).bind(std::span(one.tally)).bind(std::span(one.window));
    meter.run();
  }
}

void StateTables::write_models(const AccountState& state) {
  const std::uint64_t number = state.number;
  Statement model(connection_, "INSERT INTO model VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < state.models.size(); ++i) {
    const ModelState& one = state.models[i];
    const Words meters(one.meters.begin(), one.meters.end());
    model.bind(number).bind(std::uint64_t{i}).bind(std::string_view(one.id)).bind(std::span(meters));
    model.bind(one.made_by_answers).bind(std::int64_t{one.failures_count});
    bind(model, one.cooldown);
    model.run();
  }
}

void StateTables::write_keys(const AccountState& state) {
  const std::uint64_t number = state.number;
  Statement key(connection_, "INSERT INTO provider_key VALUES (?, ?, ?, ?, ?)");
  for (std::size_t i = 0; i < state.keys.size(); ++i) {
    key.bind(number).bind(std::uint64_t{i}).bind(std::string_view(state.keys[i].id));
    bind(key, state.keys[i].cooldown);
    key.run();
  }
}

void StateTables::write_open(const AccountState& state) {
  const std::uint64_t number = state.number;
  Statement open(connection_, "INSERT INTO under_way VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const OpenState& one : state.open) {
    open.bind(number).bind(std::uint64_t{one.id}).bind(std::uint64_t{one.model});
    open.bind(std::uint64_t{one.key}).bind(one.cost.requests);
    open.bind(one.cost.tokens).bind(one.cost.input_tokens).bind(one.cost.output_tokens);
    open.bind(std::int64_t{one.is_sent}).bind(std::span(one.charges));
    open.run();
  }
}

std::vector<AccountState> StateTables::read(std::size_t& senseless) {
  std::vector<AccountState> states;
  Statement row(connection_, "SELECT * FROM account ORDER BY number");
  while (row.step()) {
    AccountState& state = states.emplace_back();
    state.number = static_cast<std::uint32_t>(row.integer(0));
    state.name = row.text(1);
    state.position = static_cast<std::uint64_t>(row.integer(2));
    state.at = {.boot = BootTime(Duration(row.integer(3))), .wall = WallTime(Duration(row.integer(4)))};
    state.clock_offset = Duration(row.integer(5));
    state.cooldown = cooldown_in(row, 6);
    read_meters(state, senseless);
    read_models(state, senseless);
    read_keys(state, senseless);
    read_open(state, senseless);
  }
  return states;
}

void StateTables::read_meters(AccountState& state, std::size_t& senseless) {
  Statement row(connection_, "SELECT * FROM meter WHERE account = ? ORDER BY place");
  row.bind(std::uint64_t{state.number});
  while (row.step()) {
    const auto limit = limit_in(row, 3);
    // Others are spoken of by their place: after one that is missing none can be trusted.
    if (!limit || static_cast<std::size_t>(row.integer(1)) != state.meters.size()) {
      ++senseless;
      continue;
    }
    MeterState& meter = state.meters.emplace_back();
    meter.limit = *limit;
    meter.scope = row.text(2);
    meter.header = unsigned_of(row.maybe_integer(13));
    meter.learnt = unsigned_of(row.maybe_integer(14));
    meter.learnt_at = WallTime(Duration(row.integer(15)));
    meter.full_until = BootTime(Duration(row.integer(16)));
    meter.drift = static_cast<std::uint64_t>(row.integer(17));
    meter.learning = row.words(18);
    meter.tally = row.words(19);
    meter.window = row.words(20);
  }
}

void StateTables::read_models(AccountState& state, std::size_t& senseless) {
  Statement row(connection_, "SELECT * FROM model WHERE account = ? ORDER BY place");
  row.bind(std::uint64_t{state.number});
  while (row.step()) {
    if (static_cast<std::size_t>(row.integer(1)) != state.models.size()) {
      ++senseless;
      continue;
    }
    ModelState& model = state.models.emplace_back();
    model.id = row.text(2);
    for (const std::uint64_t meter : row.words(3)) model.meters.push_back(meter);
    model.made_by_answers = static_cast<std::uint64_t>(row.integer(4));
    model.failures_count = row.integer(5) != 0;
    model.cooldown = cooldown_in(row, 6);
  }
}

void StateTables::read_keys(AccountState& state, std::size_t& senseless) {
  Statement row(connection_, "SELECT * FROM provider_key WHERE account = ? ORDER BY place");
  row.bind(std::uint64_t{state.number});
  while (row.step()) {
    if (static_cast<std::size_t>(row.integer(1)) != state.keys.size()) {
      ++senseless;
      continue;
    }
    KeyState& key = state.keys.emplace_back();
    key.id = row.text(2);
    key.cooldown = cooldown_in(row, 3);
  }
}

void StateTables::read_open(AccountState& state, std::size_t& senseless) {
  Statement row(connection_, "SELECT * FROM under_way WHERE account = ?");
  row.bind(std::uint64_t{state.number});
  while (row.step()) {
    if (row.integer(1) < 0 || row.integer(2) < 0) {
      ++senseless;
      continue;
    }
    OpenState& open = state.open.emplace_back();
    open.id = static_cast<std::uint32_t>(row.integer(1));
    open.model = static_cast<std::size_t>(row.integer(2));
    open.key = static_cast<std::uint8_t>(row.integer(3));
    open.cost = {.requests = static_cast<std::uint64_t>(row.integer(4)),
                 .tokens = static_cast<std::uint64_t>(row.integer(5)),
                 .input_tokens = static_cast<std::uint64_t>(row.integer(6)),
                 .output_tokens = static_cast<std::uint64_t>(row.integer(7))};
    open.is_sent = row.integer(8) != 0;
    open.charges = row.words(9);
  }
}

}  // namespace weir::store
