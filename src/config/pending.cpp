#include "config/pending.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/base/units.hpp"

namespace weir::config {
namespace {

enum class Kind : std::uint8_t { flag, duration, size, word, text };

struct PendingKey {
  std::string_view section;
  std::string_view key;
  Kind kind;
  std::string_view fallback;  // the default, as one writes it
  std::string_view words;     // what a word may be, parted by spaces
};

constexpr std::array kPending{
    PendingKey{"cache", "enabled", Kind::flag, "false", ""},
    PendingKey{"cache", "max_size", Kind::size, "64MiB", ""},
    PendingKey{"cache", "ttl", Kind::duration, "1h", ""},
    PendingKey{"log", "bodies", Kind::flag, "false", ""},
};

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return words;
}

// How the default is written in YAML.
std::string shown(const PendingKey& key) {
  return key.fallback.empty() ? "\"\"" : std::string(key.fallback);
}

std::optional<bool> is_default_duration(Reading& reading, const Field& field, const PendingKey& key) {
  const auto value = read_duration(reading, field, Duration::zero(), Duration::max());
  return value ? std::optional(value == parse_duration(key.fallback)) : std::nullopt;
}

std::optional<bool> is_default(Reading& reading, const Field& field, const PendingKey& key) {
  const auto compare = [](const auto& value, const auto& fallback) {
    return value ? std::optional<bool>(*value == fallback) : std::nullopt;
  };
  switch (key.kind) {
    case Kind::flag:
      return compare(read_flag(reading, field), key.fallback == "true");
    case Kind::size:
      return compare(read_size(reading, field), parse_size(key.fallback).value_or(0));
    case Kind::text:
      return compare(read_text(reading, field), key.fallback);
    case Kind::duration:
      return is_default_duration(reading, field, key);
    case Kind::word: {
      const auto words = split_words(key.words);
      const auto index = read_word_index(reading, field, words);
      return index ? std::optional(words[*index] == key.fallback) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

void read_pending(MapReader& map, std::string_view section) {
  for (const PendingKey& key : kPending) {
    if (key.section != section) continue;
    const auto field = map.take(key.key);
    if (!field) continue;
    if (is_default(map.reading(), *field, key) == false) {
      report_pending(map.reading(), *field, shown(key));
    }
  }
}

void read_pending_section(MapReader& root, std::string_view section) {
  const auto field = root.take(section);
  if (!field) return;
  MapReader map(root.reading(), *field);
  read_pending(map, section);
  map.finish();
}

void report_pending(Reading& reading, const Field& field, std::string_view fallback, std::string_view what) {
  const std::string subject = what.empty() ? field.path : field.path + ": " + std::string(what);
  reading.report.error(field.node->place,
                       subject + " is not supported yet; remove it or leave it at " + std::string(fallback));
}

}  // namespace weir::config
