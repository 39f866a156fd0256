#include "weir/base/log.hpp"

#include <fcntl.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/line_writer.hpp"
#include "weir/base/json_text.hpp"

namespace weir::log {
namespace {

constexpr std::size_t kPlainSecret = 6;  // as long as that, no part of an ordinary word
constexpr std::string_view kMask = "***";
constexpr std::size_t kMostKept = 200;

// Hands spdlog's lines to the writer.
class WriterSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit WriterSink(std::unique_ptr<LineWriter> writer) : writer_(std::move(writer)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    line_.clear();
    formatter_->format(message, line_);
    writer_->write({line_.data(), line_.size()});
  }
  void flush_() override { writer_->flush(); }

  const std::unique_ptr<LineWriter> writer_;
  spdlog::memory_buf_t line_;
};

struct Sink {
  std::mutex mutex;  // guards everything below
  Options options{.level = Level::info, .format = Format::text, .file = {}};
  bool json = false;
  std::shared_ptr<spdlog::logger> logger;
  std::vector<Secret> hidden;
  std::size_t shortest_hidden = std::numeric_limits<std::size_t>::max();
  std::deque<Kept> kept;
  std::string line;  // the one being written
};

// The one piece of global state: a process has one log.
Sink& sink() {
  static Sink instance;
  return instance;
}

std::atomic<Level> current_level{Level::info};
std::atomic<std::uint64_t> kept_number{0};

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      break;
  }
  return spdlog::level::off;
}

int open_file(const std::string& path) {
  constexpr mode_t kMode = 0600;
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) throw std::runtime_error("log.file: can't open " + path + ": " + std::strerror(errno));
  return fd;
}

std::string lost_line(std::uint64_t lines, bool json) {
  const std::string count = std::to_string(lines);
  return json ? R"({"level":"warn","event":"log_lines_lost","lines":)" + count + "}\n"
              : "log_lines_lost lines=" + count + "\n";
}

void open_locked(Sink& s) {
  const bool to_file = !s.options.file.empty();
  const int fd = to_file ? open_file(s.options.file) : STDERR_FILENO;
  const bool terminal = !to_file && ::isatty(STDERR_FILENO) == 1;
  s.json = s.options.format == Format::json || (s.options.format == Format::automatic && !terminal);
  auto writer = std::make_unique<LineWriter>(
      fd, to_file, [json = s.json](std::uint64_t lines) { return lost_line(lines, json); });
  auto logger = std::make_shared<spdlog::logger>("weir", std::make_shared<WriterSink>(std::move(writer)));
  logger->set_level(spdlog::level::trace);  // enabled() has decided already
  logger->set_pattern(s.json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%H:%M:%S.%e %L %v",
                      s.json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local);
  s.logger = std::move(logger);  // the one before writes what it has
}

// Names are made of these: "m" is a secret in "key m refused", and none in "groq/m".
bool is_of_a_word(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '/' || c == '#';
}

bool is_a_word(std::string_view text, std::size_t at, std::size_t size) {
  return (at == 0 || !is_of_a_word(text[at - 1])) &&
         (at + size == text.size() || !is_of_a_word(text[at + size]));
}

std::size_t find_secret(std::string_view text, std::string_view secret, std::size_t from) {
  std::size_t at = text.find(secret, from);
  while (secret.size() < kPlainSecret && at != std::string_view::npos && !is_a_word(text, at, secret.size()))
    at = text.find(secret, at + 1);
  return at;
}

void mask(std::string& text, const std::vector<Secret>& hidden) {
  for (const Secret& secret : hidden) {
    const std::string_view word = secret.reveal();
    for (auto at = find_secret(text, word, 0); at != std::string::npos;
         at = find_secret(text, word, at + kMask.size())) {
      text.replace(at, word.size(), kMask);
    }
  }
}

bool is_plain(char c) {
  return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7F;
}

void append_text(std::string& out, std::string_view text, bool json) {
  const bool plain = !json && !text.empty() && std::ranges::all_of(text, is_plain);
  if (plain)
    out += text;
  else
    append_json_string(out, text);
}

// Masked before it is escaped: afterwards a secret with a quote in it would not be found.
void append_masked(std::string& out, std::string_view text, const Sink& s, bool json) {
  const auto is_in = [text](const Secret& secret) {
    return find_secret(text, secret.reveal(), 0) != std::string_view::npos;
  };
  if (text.size() < s.shortest_hidden || std::ranges::none_of(s.hidden, is_in))
    return append_text(out, text, json);
  std::string masked(text);
  mask(masked, s.hidden);
  append_text(out, masked, json);
}

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

void append_value(std::string& out, const Value& value, const Sink& s, bool json) {
  std::visit(
      [&](auto v) {
        using T = decltype(v);
        if constexpr (std::is_same_v<T, std::string_view>) {
          append_masked(out, v, s, json);
        } else if constexpr (std::is_same_v<T, bool>) {
          out += v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          if (std::isfinite(v))
            append_number(out, v);
          else
            out += "null";  // JSON has no word for it
        } else {
          append_number(out, v);
        }
      },
      value);
}

// As log.level has them.
std::string_view name(Level level) {
  constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warn", "error", "off"};
  return kNames[static_cast<std::size_t>(level)];
}

// The event and the keys are words of our own.
void format(Level level, std::string_view event, Fields fields, const Sink& s, std::string& line) {
  if (s.json)
    line.append(R"("level":")").append(name(level)).append(R"(","event":")").append(event).append("\"");
  else
    line.append(event);
  for (const Field& field : fields) {
    if (s.json)
      line.append(",\"").append(field.key).append("\":");
    else
      line.append(" ").append(field.key).append("=");
    append_value(line, field.value, s, s.json);
  }
}

void keep(Level level, std::string_view event, Fields fields, Sink& s) {
  std::string json = "{";
  for (const Field& field : fields) {
    json.append(json.size() > 1 ? ",\"" : "\"").append(field.key).append("\":");
    append_value(json, field.value, s, true);
  }
  const std::uint64_t number = kept_number.load(std::memory_order_relaxed) + 1;
  s.kept.push_back({.number = number,
                    .at = spdlog::details::os::now(),
                    .level = level,
                    .event = std::string(event),
                    .fields = std::move(json) + "}"});
  if (s.kept.size() > kMostKept) s.kept.pop_front();
  kept_number.store(number, std::memory_order_release);
}

void write_locked(Level level, std::string_view event, Fields fields, Sink& s) {
  if (!s.logger) open_locked(s);
  s.line.clear();
  format(level, event, fields, s, s.line);
  const std::string& line = s.line;
  s.logger->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void open(const Options& options) {
  Sink& s = sink();
  const std::lock_guard lock(s.mutex);
  s.options = options;
  current_level = options.level;
  open_locked(s);
}

void reopen() {
  Sink& s = sink();
  std::string why;
  {
    const std::lock_guard lock(s.mutex);
    if (s.options.file.empty()) return;
    try {
      open_locked(s);
      return;
    } catch (const std::runtime_error& e) {
      why = e.what();
    }
  }
  log::warn("log_not_reopened",
            {{"why", why}, {"effect", "records go on into the file that was open before"}});
}

void flush() {
  Sink& s = sink();
  const std::lock_guard lock(s.mutex);
  if (s.logger) s.logger->flush();
}

void set_level(Level level) {
  current_level = level;
}

void hide(const Secret& secret) {
  if (secret.empty()) return;
  Sink& s = sink();
  const std::lock_guard lock(s.mutex);
  const auto same = [&](const Secret& known) { return known.reveal() == secret.reveal(); };
  if (std::ranges::any_of(s.hidden, same)) return;
  // The longer first: where one secret begins another, masking the short one would leave the other's end.
  const auto is_shorter = [&](const Secret& known) { return known.reveal().size() < secret.reveal().size(); };
  s.hidden.insert(std::ranges::find_if(s.hidden, is_shorter), secret);
  s.shortest_hidden = s.hidden.back().reveal().size();
}

std::string redact(std::string_view text) {
  std::string out(text);
  Sink& s = sink();
  const std::lock_guard lock(s.mutex);
  mask(out, s.hidden);
  return out;
}

bool enabled(Level level) noexcept {
  return level >= current_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, Fields fields) {
  const bool kept = level >= Level::info;
  if (!kept && !enabled(level)) return;
  Sink& s = sink();
  const std::lock_guard lock(s.mutex);
  if (kept) keep(level, event, fields, s);
  if (enabled(level)) write_locked(level, event, fields, s);
}

void access(std::string_view event, Fields fields) {
  if (!enabled(Level::info)) return;
  Sink& s = sink();
  const std::lock_guard lock(s.mutex);
  write_locked(Level::info, event, fields, s);
}

std::vector<Kept> kept_since(std::uint64_t after) {
  std::vector<Kept> out;
  Sink& s = sink();
  const std::lock_guard lock(s.mutex);
  for (const Kept& kept : s.kept)
    if (kept.number > after) out.push_back(kept);
  return out;
}

std::uint64_t last_kept() noexcept {
  return kept_number.load(std::memory_order_acquire);
}

}  // namespace weir::log
