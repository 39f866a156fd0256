#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "weir/base/secret.hpp"

// The one way to log: an event name in snake_case and typed fields. Never prompts, answers or keys; the sink
// masks every secret that was announced with hide(). Threads: any.
namespace weir::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };
enum class Format : std::uint8_t { automatic, text, json };  // automatic: text on a terminal, else JSON lines

using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

struct Field {
  std::string_view key;
  Value value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, std::int64_t v) : key(k), value(v) {}
  Field(std::string_view k, std::uint64_t v) : key(k), value(v) {}
  Field(std::string_view k, int v) : key(k), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view k, unsigned v) : key(k), value(static_cast<std::uint64_t>(v)) {}
};
using Fields = std::initializer_list<Field>;

struct Options {
  Level level = Level::info;
  Format format = Format::automatic;
  std::string file;  // empty: stderr
};

// Opens the sink; until then records go to stderr as text. Throws std::runtime_error when the file can't be
// opened.
void open(const Options& options);
// Opens the file again under its name, after a rotation. One that can't be opened leaves the file before in
// use, and a warning says so there. Does nothing for stderr.
void reopen();
// Records are written by a thread of their own, a few milliseconds late. This returns once they have been: to
// be called before the process ends in another way than by main's return.
void flush();
void set_level(Level level);
// From now on the sink writes "***" for this text wherever it occurs. Secrets under 6 characters are masked
// only where they are a word of their own: they would mask parts of ordinary words.
void hide(const Secret& secret);
// Masks announced secrets in any text that leaves the process by another way, such as an error body.
[[nodiscard]] std::string redact(std::string_view text);

// A record that was kept for those who look while the daemon runs.
struct Kept {
  std::uint64_t number = 0;  // counts from 1
  std::chrono::system_clock::time_point at;
  Level level = Level::info;
  std::string event;
  std::string fields;  // a JSON object, masked
};
// The last records at info and above, whatever level is written, but for access lines: at most 200, oldest
// first, those with a number above `after`. Threads: any.
[[nodiscard]] std::vector<Kept> kept_since(std::uint64_t after);
// The number of the last one.
[[nodiscard]] std::uint64_t last_kept() noexcept;

[[nodiscard]] bool enabled(Level level) noexcept;
void write(Level level, std::string_view event, Fields fields);

inline void debug(std::string_view event, Fields fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, event, fields);
}
// The access line, which is written and not kept: requests have a list of their own.
void access(std::string_view event, Fields fields);
inline void info(std::string_view event, Fields fields = {}) {
  write(Level::info, event, fields);
}
inline void warn(std::string_view event, Fields fields = {}) {
  write(Level::warn, event, fields);
}
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace weir::log
