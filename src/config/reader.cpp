#include "config/reader.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/interpolation.hpp"
#include "weir/base/units.hpp"

namespace weir::config {
namespace {

// Words of other gateways, and the key here that means the same.
constexpr std::pair<std::string_view, std::string_view> kSynonyms[] = {
    {"fallback", "targets"},
    {"fallbacks", "targets"},
    {"host", "listen"},
    {"port", "listen"},
    {"bind", "listen"},
    {"address", "listen"},
    {"url", "base_url"},
    {"api_base", "base_url"},
    {"endpoint", "base_url"},
    {"type", "preset"},
    {"token", "api_key"},
    {"key", "api_key"},
    {"api_keys", "keys"},
    {"api_key", "value"},
    {"api_key", "key"},
    {"model_list", "models"},
    {"master_key", "keys"},
    {"rate_limits", "limits"},
    {"timeout", "timeouts"},
    {"routing_strategy", "strategy"},
    {"retries", "max_attempts"},
    {"num_retries", "max_attempts"},
    {"max_retries", "max_attempts"},
    {"max_tokens", "max_output"},
    {"max_output_tokens", "max_output"},
    {"context_length", "context"},
    {"context_window", "context"},
    {"model", "target"},
    {"priority", "tier"},
    {"amount", "limit"},
    {"period", "per"},
    {"timezone", "zone"},
};

std::string got(const Node& node) {
  switch (node.kind) {
    case Node::Kind::scalar:
      return in_quotes(node.text) + (has_variables(node.text) ? " with its variables put in" : "");
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::null:
    case Node::Kind::invalid:
      break;
  }
  return "nothing";
}

// Reports what expand() found; true where there was nothing.
bool report_expansion(Reading& reading, const Field& field, const Expansion& expansion) {
  if (!expansion.problem.empty()) {
    report_error(reading, field, expansion.problem);
  } else if (!expansion.unset.empty()) {
    report_error(reading, field,
                 expansion.unset + " is not set; set it, or give a default: ${" + expansion.unset + ":-...}");
  } else {
    return true;
  }
  return false;
}

void read_secret_text(Reading& reading, SecretField& secret) {
  const Node& node = *secret.field.node;
  if (node.kind != Node::Kind::scalar) return report_unexpected(reading, secret.field, "text");
  if (!has_variables(node.text)) reading.report.mask(node.text);
  Expansion expansion = expand(node.text, reading.environment);
  if (!expansion.problem.empty()) return report_error(reading, secret.field, expansion.problem);
  secret.value = std::move(expansion.value);
  secret.variable = std::move(expansion.unset);
  secret.state = secret.variable.empty() ? SecretField::State::given : SecretField::State::unset;
  if (!secret.value.empty() && secret.value != "none") check_own_privacy(reading, secret.field);
}

void read_secret_file(Reading& reading, SecretField& secret) {
  const auto path = read_text(reading, secret.field, "a file's path");
  if (!path) return;
  if (path->empty()) return report_unexpected(reading, secret.field, "a file's path");
  const std::filesystem::path file = resolve_path(reading, *path);
  auto content = reading.environment.read_file(file);
  if (!content) return report_error(reading, secret.field, "can't read " + printable(file.string()));
  check_privacy(reading, secret.field, file);
  secret.value = std::move(*content);
  secret.state = SecretField::State::given;
}

std::string in_range(std::string_view what, Range range) {
  constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint32_t>::max();
  std::string out(what);
  if (range.most < kNoEnd)
    return out + " from " + std::to_string(range.least) + " to " + std::to_string(range.most);
  return range.least > 0 ? out + " of at least " + std::to_string(range.least) : out;
}

}  // namespace

// What stands where a map or a list should may be a key in the wrong place: it isn't repeated.
void report_no_container(Reading& reading, const Field& field, std::string_view expected) {
  if (field.node->kind == Node::Kind::invalid) return;
  const bool is_text = field.node->kind == Node::Kind::scalar;
  report_error(reading, field,
               "expected " + std::string(expected) + ", got " + (is_text ? "a text" : got(*field.node)));
}

void report_unexpected(Reading& reading, const Field& field, std::string_view expected) {
  if (field.node->kind == Node::Kind::invalid) return;
  report_error(reading, field, "expected " + std::string(expected) + ", got " + got(*field.node));
}

void report_error(Reading& reading, const Field& field, std::string_view message) {
  const std::string prefix = field.path.empty() ? "" : field.path + ": ";
  reading.report.error(field.node->place, prefix + std::string(message));
}

void check_privacy(Reading& reading, const Field& field, const std::filesystem::path& file) {
  if (!reading.environment.is_open_to_others(file)) return;
  const std::string name = printable(file.string());
  reading.report.warning(field.node->place,
                         field.path + ": other users can read " + name + ": chmod 600 " + name);
}

void check_own_privacy(Reading& reading, const Field& field) {
  if (has_variables(field.node->text) || reading.file.empty() || !reading.said.insert("open file").second)
    return;
  check_privacy(reading, field, reading.file);
}

std::optional<std::string> read_text(Reading& reading, const Field& field, std::string_view expected) {
  if (field.node->kind != Node::Kind::scalar) {
    report_unexpected(reading, field, expected);
    return std::nullopt;
  }
  if (!has_variables(field.node->text)) return field.node->text;
  Expansion expansion = expand(field.node->text, reading.environment);
  if (!report_expansion(reading, field, expansion)) return std::nullopt;
  return std::move(expansion.value);
}

bool is_word(const Reading& reading, const Field& field, std::string_view word) {
  if (field.node->kind != Node::Kind::scalar) return false;
  const Expansion expansion = expand(field.node->text, reading.environment);
  return expansion.problem.empty() && expansion.unset.empty() && expansion.value == word;
}

std::optional<bool> read_flag(Reading& reading, const Field& field) {
  constexpr std::string_view kExpected = "true or false";
  const auto text = read_text(reading, field, kExpected);
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  report_unexpected(reading, field, kExpected);
  return std::nullopt;
}

std::optional<std::uint64_t> read_count(Reading& reading, const Field& field, Range range) {
  const std::string expected = in_range("a count", range);
  const auto text = read_text(reading, field, expected);
  if (!text) return std::nullopt;
  const auto value = parse_count(*text);
  if (value && *value >= range.least && *value <= range.most) return value;
  report_unexpected(reading, field, value ? std::string_view(expected) : "a count");
  return std::nullopt;
}

std::optional<std::uint64_t> read_size(Reading& reading, const Field& field, Range range) {
  constexpr std::string_view kExpected = "a size like 32MiB";
  const auto text = read_text(reading, field, kExpected);
  if (!text) return std::nullopt;
  const auto value = parse_size(*text);
  if (value && *value >= range.least && *value <= range.most) return value;
  report_unexpected(reading, field, value ? in_range("bytes", range) : std::string(kExpected));
  return std::nullopt;
}

std::optional<Duration> read_duration(Reading& reading, const Field& field, Duration least, Duration most) {
  constexpr std::string_view kExpected = "a duration like 30s";
  const auto text = read_text(reading, field, kExpected);
  if (!text) return std::nullopt;
  const auto value = parse_duration(*text);
  if (value && *value >= least && *value <= most) return value;
  report_unexpected(reading, field,
                    value ? "a duration from " + format_duration(least) + " to " + format_duration(most)
                          : std::string(kExpected));
  return std::nullopt;
}

std::optional<double> read_weight(Reading& reading, const Field& field) {
  constexpr std::string_view kExpected = "a number above 0";
  constexpr double kHeaviest = 1e6;
  constexpr double kLightest = 1e-6;
  const auto text = read_text(reading, field, kExpected);
  if (!text) return std::nullopt;
  double value = 0;
  const auto [end, status] =
      std::from_chars(text->data(), text->data() + text->size(), value, std::chars_format::fixed);
  if (status == std::errc() && end == text->data() + text->size() && value >= kLightest && value <= kHeaviest)
    return value;
  report_unexpected(reading, field, kExpected);
  return std::nullopt;
}

std::optional<std::vector<NamedField>> read_entries(Reading& reading, const Field& field,
                                                    std::string_view expected) {
  std::vector<NamedField> entries;
  if (field.node->kind == Node::Kind::null) return entries;
  if (field.node->kind != Node::Kind::map) {
    report_no_container(reading, field, expected);
    return std::nullopt;
  }
  for (const Node::Entry& entry : field.node->entries)
    entries.push_back({.name = entry.key,
                       .place = entry.place,
                       .field = {entry.value, field.path + "." + printable(entry.key)}});
  return entries;
}

std::optional<std::vector<Field>> read_items(Reading& reading, const Field& field,
                                             std::string_view expected) {
  std::vector<Field> items;
  if (field.node->kind == Node::Kind::null) return items;
  if (field.node->kind != Node::Kind::sequence) {
    report_no_container(reading, field, expected);
    return std::nullopt;
  }
  for (std::size_t i = 0; i < field.node->items.size(); ++i) {
    const Node* item = field.node->items[i];
    if (item->kind != Node::Kind::invalid)
      items.push_back({item, field.path + "[" + std::to_string(i) + "]"});
  }
  return items;
}

std::optional<std::vector<std::string>> read_texts(Reading& reading, const Field& field,
                                                   std::string_view expected) {
  const auto items = read_items(reading, field);
  if (!items) return std::nullopt;
  std::vector<std::string> out;
  bool good = true;
  for (const Field& item : *items) {
    auto text = read_text(reading, item, expected);
    if (text && text->empty()) report_unexpected(reading, item, expected);
    good = good && text && !text->empty();
    if (text) out.push_back(std::move(*text));
  }
  return good ? std::optional(std::move(out)) : std::nullopt;
}

std::optional<std::size_t> read_word_index(Reading& reading, const Field& field,
                                           const std::vector<std::string_view>& words) {
  const std::string expected = one_of(words);
  const auto text = read_text(reading, field, expected);
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(words, std::string_view(*text));
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  report_unexpected(reading, field, expected);
  return std::nullopt;
}

bool is_plain_name(std::string_view name) noexcept {
  constexpr std::size_t kLongest = 64;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, fits);
}

MapReader::MapReader(Reading& reading, const Field& field, std::string_view expected)
    : reading_(reading), node_(field.node), path_(field.path) {
  is_map_ = node_->kind == Node::Kind::map;
  if (!is_map_ && node_->kind != Node::Kind::null) report_no_container(reading, field, expected);
}

MapReader::~MapReader() {
  assert(finished_);
}

std::optional<Field> MapReader::take(std::string_view key) {
  known_.emplace_back(key);
  const Node::Entry* entry = find(key);
  if (entry == nullptr || entry->value->kind == Node::Kind::invalid) return std::nullopt;
  return Field{entry->value, path_of(key)};
}

std::optional<Field> MapReader::require(std::string_view key, std::string_view expected) {
  const Node::Entry* entry = find(key);
  if (entry == nullptr && (is_map_ || node_->kind == Node::Kind::null))
    report_error(reading_, {node_, path_of(key)}, "expected " + std::string(expected) + ", got nothing");
  return take(key);
}

bool MapReader::has(std::string_view key) const {
  const Node::Entry* entry = find(key);
  return entry != nullptr && entry->value->kind != Node::Kind::null;
}

void MapReader::flag(std::string_view key, bool& out) {
  if (const auto field = take(key))
    if (const auto value = read_flag(reading_, *field)) out = *value;
}

void MapReader::duration(std::string_view key, Duration& out, Duration least, Duration most) {
  if (const auto field = take(key))
    if (const auto value = read_duration(reading_, *field, least, most)) out = *value;
}

void MapReader::finish() {
  finished_ = true;
  if (reading_.asked != nullptr)
    for (const std::string& key : known_) reading_.asked->insert(path_of(key));
  for (const Node::Entry& entry : node_->entries) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    if (reading_.report.full()) return;
    const std::string_view suggested = suggestion(entry.key);
    if (looks_secret(entry.key, suggested)) reading_.report.mask(entry.value->text);
    reading_.report.error(entry.place, "unknown key " + in_quotes(entry.key) +
                                           (path_.empty() ? "" : " in " + path_) + did_you_mean(suggested));
  }
}

std::string MapReader::path_of(std::string_view key) const {
  return path_.empty() ? printable(key) : path_ + "." + printable(key);
}

const Node::Entry* MapReader::find(std::string_view key) const {
  const auto found = std::ranges::find(node_->entries, key, &Node::Entry::key);
  return found == node_->entries.end() ? nullptr : &*found;
}

std::string_view MapReader::suggestion(std::string_view unknown) const {
  const std::vector<std::string_view> candidates(known_.begin(), known_.end());
  if (const std::string_view near = nearest(unknown, candidates); !near.empty()) return near;
  for (const auto& [word, key] : kSynonyms)
    if (word == unknown && std::ranges::find(candidates, key) != candidates.end()) return key;
  return {};
}

// A misspelt `api_key` must not show its value in the source line.
bool MapReader::looks_secret(std::string_view unknown, std::string_view suggested) const {
  for (const std::string_view word : {"key", "token", "secret", "password"})
    if (unknown.find(word) != std::string_view::npos) return true;
  return std::ranges::find(known_, std::string(suggested) + "_file") != known_.end();
}

SecretField read_secret(MapReader& map, std::string_view key) {
  Reading& reading = map.reading();
  const std::string file_key = std::string(key) + "_file";
  const bool both = map.has(key) && map.has(file_key);
  const auto text = map.take(key);
  const auto file = map.take(file_key);
  SecretField secret;
  secret.field = text ? *text : file ? *file : map.field();
  if (!text && !file) return secret;
  secret.state = SecretField::State::invalid;
  if (text) read_secret_text(reading, secret);
  if (both) {
    secret.state = SecretField::State::invalid;
    report_error(reading, *file, "give " + std::string(key) + " or " + file_key + ", not both");
  } else if (!text) {
    read_secret_file(reading, secret);
  }
  const auto is_line_end = [](char c) { return c == '\n' || c == '\r'; };
  while (!secret.value.empty() && is_line_end(secret.value.back())) secret.value.pop_back();
  reading.report.mask(secret.value);
  return secret;
}

void warn_of_short_secret(Reading& reading, const Field& field, std::string_view secret) {
  constexpr std::size_t kShort = 6;  // characters
  if (secret.empty() || secret.size() >= kShort) return;
  reading.report.warning(field.node->place,
                         field.path + ": a key of fewer than " + std::to_string(kShort) +
                             " characters is soon guessed, and can't be told from a word where it must be " +
                             "hidden; take a longer one, as openssl rand -hex 16 makes it");
}

std::filesystem::path resolve_path(const Reading& reading, std::string_view path) {
  const std::filesystem::path given{std::string(path)};
  return given.is_absolute() ? given : reading.folder / given;
}

}  // namespace weir::config
