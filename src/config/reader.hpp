#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.hpp"
#include "config/yaml_tree.hpp"
#include "weir/base/clock.hpp"
#include "weir/config/environment.hpp"

// Typed reading of the YAML tree. Each function reads one value, reports what is wrong with it once, and
// returns nothing then. Messages name the path: "providers.groq.limits.rpm: expected a count, got "thirty"".
namespace weir::config {

// What every reader needs beside the value at hand.
struct Reading {
  Report& report;
  const Environment& environment;          // with the env file's variables
  std::filesystem::path folder;            // of the file: relative paths in it count from here
  std::filesystem::path file;              // empty where the text is no file's
  std::set<std::string_view> said;         // warnings of which one is enough; static text
  std::set<std::string>* asked = nullptr;  // where set: takes each key that may stand, as "routing.sticky.by"
};

// A value and the way to it.
struct Field {
  const Node* node = nullptr;
  std::string path;
};

// What may stand there and what it means.
template <class T>
struct Choice {
  std::string_view word;
  T value;
};

struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
};

// Reports "path: expected ..., got ...", where `got` is what is written; a variable's value is never shown.
void report_unexpected(Reading& reading, const Field& field, std::string_view expected);
// Reports "path: message".
void report_error(Reading& reading, const Field& field, std::string_view message);

// A scalar with its variables put in.
[[nodiscard]] std::optional<std::string> read_text(Reading& reading, const Field& field,
                                                   std::string_view expected = "text");
// Whether the word stands there, its variables put in. Reports nothing: what stands there instead is to be
// read.
[[nodiscard]] bool is_word(const Reading& reading, const Field& field, std::string_view word);
[[nodiscard]] std::optional<bool> read_flag(Reading& reading, const Field& field);
[[nodiscard]] std::optional<std::uint64_t> read_count(Reading& reading, const Field& field, Range range = {});
[[nodiscard]] std::optional<std::uint64_t> read_size(Reading& reading, const Field& field, Range range = {});
// Within a nanosecond and `most`; `least` zero allows "0s".
[[nodiscard]] std::optional<Duration> read_duration(Reading& reading, const Field& field, Duration least,
                                                    Duration most);
// A decimal number above 0.
[[nodiscard]] std::optional<double> read_weight(Reading& reading, const Field& field);
// The entries of a map whose keys are names that the user gives, each with its path. A map that isn't there
// is empty.
struct NamedField {
  std::string name;
  Place place;  // of the name
  Field field;
};
[[nodiscard]] std::optional<std::vector<NamedField>> read_entries(Reading& reading, const Field& field,
                                                                  std::string_view expected);
// The items of a list, each with its path. A list that isn't there is empty.
[[nodiscard]] std::optional<std::vector<Field>> read_items(Reading& reading, const Field& field,
                                                           std::string_view expected = "a list");
// A list of texts; none may be empty.
[[nodiscard]] std::optional<std::vector<std::string>> read_texts(Reading& reading, const Field& field,
                                                                 std::string_view expected);

// Which of the words stands there, as an index.
[[nodiscard]] std::optional<std::size_t> read_word_index(Reading& reading, const Field& field,
                                                         const std::vector<std::string_view>& words);

template <class T>
[[nodiscard]] std::optional<T> read_word(Reading& reading, const Field& field,
                                         std::span<const Choice<T>> choices) {
  std::vector<std::string_view> words;
  for (const Choice<T>& choice : choices) words.push_back(choice.word);
  const auto index = read_word_index(reading, field, words);
  return index ? std::optional<T>(choices[*index].value) : std::nullopt;
}

// Letters, digits, "-", "_" and ".": what stands in headers, paths and log lines without quotes.
[[nodiscard]] bool is_plain_name(std::string_view name) noexcept;
inline constexpr std::string_view kPlainName = "a name of letters, digits, \"-\", \"_\" and \".\"";

// A map whose keys are known by the code that reads it. Every map ends with finish(), which reports the keys
// that nobody asked for.
class MapReader {
 public:
  // Reports a field that is no map, and is empty then. `expected` says what should stand there.
  MapReader(Reading& reading, const Field& field, std::string_view expected = "a map");
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;
  ~MapReader();

  // The value of a key, or nothing where the key is absent or its value was reported already.
  [[nodiscard]] std::optional<Field> take(std::string_view key);
  // The same for a key that must be there.
  [[nodiscard]] std::optional<Field> require(std::string_view key, std::string_view expected);
  // Whether the key stands there with a value.
  [[nodiscard]] bool has(std::string_view key) const;

  void flag(std::string_view key, bool& out);
  void duration(std::string_view key, Duration& out, Duration least, Duration most);

  template <class T>
  void word(std::string_view key, T& out, std::span<const Choice<T>> choices) {
    if (const auto field = take(key))
      if (const auto value = read_word(reading_, *field, choices)) out = *value;
  }

  template <class T>
  void count(std::string_view key, T& out, Range range = {}) {
    range.most = std::min<std::uint64_t>(range.most, std::numeric_limits<T>::max());
    if (const auto field = take(key))
      if (const auto value = read_count(reading_, *field, range)) out = static_cast<T>(*value);
  }

  void finish();

  [[nodiscard]] Reading& reading() { return reading_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] Place place() const { return node_->place; }
  // The map itself, for a message about the whole of it.
  [[nodiscard]] Field field() const { return {node_, path_}; }

 private:
  [[nodiscard]] const Node::Entry* find(std::string_view key) const;
  [[nodiscard]] std::string_view suggestion(std::string_view unknown) const;
  [[nodiscard]] bool looks_secret(std::string_view unknown, std::string_view suggested) const;

  Reading& reading_;
  const Node* node_;
  std::string path_;
  bool is_map_ = true;
  bool finished_ = false;
  std::vector<std::string> known_;
};

// A secret as written: `key`, or `key`_file beside it.
struct SecretField {
  enum class State : std::uint8_t {
    absent,
    given,    // possibly empty
    unset,    // its variable is not set
    invalid,  // reported
  };
  State state = State::absent;
  std::string value;
  std::string variable;  // the one that is not set
  Field field;           // for messages; the map's where the secret is absent
};

// Warns where others may read a file that a secret stands in.
void check_privacy(Reading& reading, const Field& field, const std::filesystem::path& file);
// The same of the configuration itself, for a secret that stands there as it is; once.
void check_own_privacy(Reading& reading, const Field& field);

// The value is masked in everything that is reported from here on. Line ends around it are taken off.
[[nodiscard]] SecretField read_secret(MapReader& map, std::string_view key);

void warn_of_short_secret(Reading& reading, const Field& field, std::string_view secret);

// A path that counts from the folder of the file.
[[nodiscard]] std::filesystem::path resolve_path(const Reading& reading, std::string_view path);

}  // namespace weir::config
