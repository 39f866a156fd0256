#include "providers/refusal_prose.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "providers/value_formats.hpp"
#include "weir/providers/signals.hpp"

namespace weir::providers {
namespace {

constexpr auto kNowhere = std::string_view::npos;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

struct WindowCode {
  std::string_view code;
  Counted counted;
  Span::Unit unit;
};
constexpr std::array kWindowCodes{
    WindowCode{"(rps)", Counted::requests, Span::Unit::second},
    WindowCode{"(rpm)", Counted::requests, Span::Unit::minute},
    WindowCode{"(rph)", Counted::requests, Span::Unit::hour},
    WindowCode{"(rpd)", Counted::requests, Span::Unit::day},
    WindowCode{"(tpm)", Counted::tokens, Span::Unit::minute},
    WindowCode{"(tph)", Counted::tokens, Span::Unit::hour},
    WindowCode{"(tpd)", Counted::tokens, Span::Unit::day},
    WindowCode{"(itpm)", Counted::input_tokens, Span::Unit::minute},
    WindowCode{"(otpm)", Counted::output_tokens, Span::Unit::minute},
    WindowCode{"(ash)", Counted::audio_seconds, Span::Unit::hour},
    WindowCode{"(asd)", Counted::audio_seconds, Span::Unit::day},
    WindowCode{"limit_rpm/", Counted::requests, Span::Unit::minute},
    WindowCode{"limit_rpd/", Counted::requests, Span::Unit::day},
};

// A kind of limit without a window is that of the minute (Azure, Mistral).
constexpr std::array kBareLimits{
    WindowCode{"token rate limit", Counted::tokens, Span::Unit::minute},
    WindowCode{"tokens rate limit", Counted::tokens, Span::Unit::minute},
    WindowCode{"requests rate limit", Counted::requests, Span::Unit::minute},
    WindowCode{"request rate limit", Counted::requests, Span::Unit::minute},
    WindowCode{"call rate limit", Counted::requests, Span::Unit::minute},
};

struct UnitWord {
  std::string_view word;
  Span::Unit unit;
};
// Longer names first.
constexpr std::array kUnits{UnitWord{"second", Span::Unit::second}, UnitWord{"minute", Span::Unit::minute},
                            UnitWord{"hour", Span::Unit::hour},     UnitWord{"week", Span::Unit::week},
                            UnitWord{"month", Span::Unit::month},   UnitWord{"day", Span::Unit::day},
                            UnitWord{"sec", Span::Unit::second},    UnitWord{"min", Span::Unit::minute},
                            UnitWord{"hr", Span::Unit::hour},       UnitWord{"s", Span::Unit::second}};
constexpr std::array kAdjectives{UnitWord{"daily", Span::Unit::day}, UnitWord{"monthly", Span::Unit::month},
                                 UnitWord{"weekly", Span::Unit::week}, UnitWord{"hourly", Span::Unit::hour},
                                 UnitWord{"your session", Span::Unit::session}};

struct CountedWord {
  std::string_view word;
  Counted counted;
};
// More exact names first: they win over what they contain.
constexpr std::array kCounted{CountedWord{"input_token", Counted::input_tokens},
                              CountedWord{"input token", Counted::input_tokens},
                              CountedWord{"inputtoken", Counted::input_tokens},
                              CountedWord{"prompt token", Counted::input_tokens},
                              CountedWord{"output_token", Counted::output_tokens},
                              CountedWord{"output token", Counted::output_tokens},
                              CountedWord{"completion token", Counted::output_tokens},
                              CountedWord{"audio second", Counted::audio_seconds},
                              CountedWord{"seconds of audio", Counted::audio_seconds},
                              CountedWord{"token", Counted::tokens},
                              CountedWord{"request", Counted::requests},
                              CountedWord{"quer", Counted::requests},
                              CountedWord{"call", Counted::requests},
                              CountedWord{"free-models", Counted::requests},
                              CountedWord{"message", Counted::requests},
                              CountedWord{"neuron", Counted::neurons},
                              CountedWord{"credit", Counted::credits_usd},
                              CountedWord{"usage", Counted::usage}};

// Whether a number goes on behind this character: "10,000", "10 000".
bool divides_number(std::string_view text, std::size_t at) {
  if (at == 0 || !is_digit(text[at - 1]) || (text[at] != ',' && text[at] != ' ')) return false;
  std::size_t digits = 0;
  while (at + 1 + digits < text.size() && is_digit(text[at + 1 + digits])) ++digits;
  return text[at] == ',' ? digits >= 3 : digits == 3;
}

// "k" and the like, as the zeros that they stand for; 0 where that is no such letter.
std::size_t zeros_of(std::string_view text) {
  if (text.empty() || (text.size() > 1 && (is_letter(text[1]) || is_digit(text[1])))) return 0;
  return text[0] == 'k' ? 3 : text[0] == 'm' ? 6 : text[0] == 'b' ? 9 : 0;
}

// "6000", "~12903", "10,000", "30k", "1.5m". Part of a name or of another fraction is no number.
std::optional<std::uint64_t> read_number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == ':' || text.front() == '=' ||
                           text.front() == '~' || text.front() == '(' || text.front() == '`'))
    text.remove_prefix(1);
  std::string digits;
  std::size_t at = 0;
  for (; at < text.size() && digits.size() < 20; ++at) {
    if (is_digit(text[at]))
      digits += text[at];
    else if (!divides_number(text, at))
      break;
  }
  std::string fraction;
  if (at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1]))
    for (++at; at < text.size() && is_digit(text[at]); ++at) fraction += text[at];
  const std::string_view rest = text.substr(at);
  if (const std::size_t zeros = zeros_of(rest); zeros > 0 && !digits.empty()) {
    fraction.resize(zeros, '0');
    return parse_count_value(digits + fraction);
  }
  const bool goes_on = !fraction.empty() || (!rest.empty() && is_letter(rest.front()));
  return goes_on ? std::nullopt : parse_count_value(digits);
}

// A status that stands among the words is no amount.
constexpr std::uint64_t kStatus = 429;

// The number behind a word such as "limit", with or without a small word between.
std::optional<std::uint64_t> named_number(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != kNowhere; at = text.find(word, at + 1)) {
    if (at > 0 && is_letter(text[at - 1])) continue;
    std::string_view rest = text.substr(at + word.size());
    if (rest.starts_with("ed ")) rest.remove_prefix(3);  // "limited to"
    while (rest.starts_with(' ') || rest.starts_with(':')) rest.remove_prefix(1);
    for (const std::string_view small : {"is ", "of ", "to ", "was "})
      if (rest.starts_with(small)) rest.remove_prefix(small.size());
    if (const auto number = read_number(rest); number && (word != "limit" || number != kStatus))
      return number;
  }
  return std::nullopt;
}

struct Place {
  std::size_t at = kNowhere;
  std::size_t end = kNowhere;
  WindowName window;
};

// A length in seconds as people name it: "per 86400s" is the day.
Span span_of_seconds(std::uint64_t seconds) {
  if (seconds == 0) return {Span::Unit::none};
  if (seconds == 1) return {Span::Unit::second};
  if (seconds == 60) return {Span::Unit::minute};
  if (seconds == 3600) return {Span::Unit::hour};
  if (seconds == 86'400) return {Span::Unit::day};
  if (seconds == 604'800) return {Span::Unit::week};
  if (seconds > 40'000'000) return {};
  return {Span::Unit::seconds, static_cast<std::uint32_t>(seconds)};
}

// The unit that text begins with, behind a number of them if there is one: "minute", "86400s", "-min".
std::optional<std::pair<Span, std::size_t>> read_span(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && (text[at] == ' ' || text[at] == '-' || text[at] == '_')) ++at;
  std::uint64_t count = 1;
  if (at < text.size() && is_digit(text[at])) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789", at), text.size()) - at;
    const auto number = parse_count_value(text.substr(at, digits));
    if (!number || *number > 40'000'000) return std::nullopt;
    count = *number;
    at += digits;
    while (at < text.size() && (text[at] == ' ' || text[at] == '-')) ++at;
  }
  for (const UnitWord& unit : kUnits) {
    if (!text.substr(at).starts_with(unit.word)) continue;
    const std::size_t end = at + unit.word.size();
    const bool is_short = unit.word.size() <= 3 && unit.word != "day";
    const bool goes_on = end < text.size() && is_letter(text[end]) && !text.substr(end).starts_with("s ");
    if (is_short && goes_on) continue;
    if (count == 1 && unit.word != "s") return std::pair{Span{unit.unit}, end};
    const auto each = static_cast<std::uint64_t>(length_of({unit.unit}) / std::chrono::seconds(1));
    return std::pair{span_of_seconds(count * each), end};
  }
  return std::nullopt;
}

// "per minute", "/ month", "-per-day", "a minute", "every 10 seconds".
Place find_period(std::string_view words) {
  Place first;
  for (const std::string_view opening : {"per", "/", " a ", " an ", " each ", " every ", "by"}) {
    for (std::size_t at = words.find(opening); at < first.at; at = words.find(opening, at + 1)) {
      const bool is_word = is_letter(opening.front());
      const std::size_t behind = at + opening.size();
      // "by" only as in "usermodelbyday".
      if (opening == "by" && (at == 0 || !is_letter(words[at - 1]))) continue;
      if (is_word && opening == "by" && behind < words.size() && !is_letter(words[behind])) continue;
      const auto span = read_span(words.substr(behind));
      if (!span) continue;
      first = {at, behind + span->second, {Counted::unknown, span->first}};
      break;
    }
  }
  return first;
}

// "40 RPM", "the TPM limit": without the brackets that kWindowCodes has.
Place find_bare_code(std::string_view words) {
  Place first;
  for (const WindowCode& code : kWindowCodes) {
    if (code.code.front() != '(') continue;
    const std::string_view bare = code.code.substr(1, code.code.size() - 2);
    for (std::size_t at = words.find(bare); at < first.at; at = words.find(bare, at + 1)) {
      const std::size_t end = at + bare.size();
      if (at > 0 && (is_letter(words[at - 1]) || words[at - 1] == '_')) continue;
      if (end < words.size() && (is_letter(words[end]) || words[end] == '_')) continue;
      first = {at, end, {code.counted, {code.unit}}};
      break;
    }
  }
  return first;
}

Place find_adjective(std::string_view words) {
  Place first;
  for (const UnitWord& adjective : kAdjectives) {
    const std::size_t at = words.find(adjective.word);
    if (at < first.at) first = {at, at + adjective.word.size(), {Counted::unknown, {adjective.unit}}};
  }
  return first;
}

// What is counted: the nearest word before the period, else the first one behind it, in its sentence.
Counted counted_near(std::string_view words, const Place& place) {
  constexpr std::size_t kReach = 64;
  const std::size_t from = place.at > kReach ? place.at - kReach : 0;
  const std::string_view before = words.substr(from, place.at - from);
  const std::string_view behind = words.substr(place.end, kReach);
  const auto last = [](std::string_view text, std::string_view word) { return text.rfind(word); };
  Counted nearest = Counted::unknown;
  std::size_t best = 0;
  for (const CountedWord& word : kCounted) {
    const std::size_t at = last(before, word.word);
    if (at == kNowhere) continue;
    const std::size_t end = at + word.word.size();
    if (nearest != Counted::unknown && end <= best) continue;
    nearest = word.counted;
    best = end;
  }
  if (nearest != Counted::unknown) return nearest;
  std::size_t first = kNowhere;
  for (const CountedWord& word : kCounted) {
    const std::size_t at = behind.substr(0, behind.find_first_of(".\n")).find(word.word);
    if (at >= first) continue;
    first = at;
    nearest = word.counted;
  }
  return nearest;
}

// Behind these words a number is an amount; behind another it may be part of a name, as in "llama 3".
constexpr std::array<std::string_view, 22> kBeforeAmounts{
    "of",   "is",   "to",     "at", "most", "only",    "than",    "limit",   "limits",  "limited", "exceeded",
    "over", "make", "allows", "up", "max",  "maximum", "allowed", "exceeds", "reached", "exceed",  "are"};

// Whether the number that begins there is no part of a name or a fraction.
bool stands_alone(std::string_view words, std::size_t begin) {
  if (begin == 0) return true;
  if (is_letter(words[begin - 1]) || words[begin - 1] == '.' || words[begin - 1] == '-') return false;
  if (words[begin - 1] != ' ') return true;
  const std::string_view before = words.substr(0, begin - 1);
  std::size_t from = before.size();
  while (from > 0 && is_letter(before[from - 1])) --from;
  const std::string_view word = before.substr(from);
  return word.empty() || std::ranges::find(kBeforeAmounts, word) != kBeforeAmounts.end();
}

// "60 queries per minute", "50 per 86400s": the number that this period ends, with few words between.
std::optional<std::uint64_t> amount_before(std::string_view words, std::size_t end) {
  std::size_t at = end;
  constexpr std::size_t kReach = 40;
  while (at > 0 && end - at < kReach) {
    const char c = words[at - 1];
    if (is_digit(c)) break;
    if (!is_letter(c) && c != ' ' && c != '-' && c != '_') return std::nullopt;
    --at;
  }
  if (at == 0 || !is_digit(words[at - 1])) return std::nullopt;
  std::size_t begin = at;
  const auto goes_on = [&](std::size_t i) {
    return is_digit(words[i]) || divides_number(words, i) ||
           (words[i] == '.' && i > 0 && is_digit(words[i - 1]));
  };
  while (begin > 0 && goes_on(begin - 1)) --begin;
  if (!stands_alone(words, begin)) return std::nullopt;
  const auto number = read_number(words.substr(begin));
  return number == kStatus ? std::nullopt : number;
}

void find_window(std::string_view words, RefusalProse& prose) {
  Place place;
  for (const WindowCode& code : kWindowCodes) {
    const std::size_t at = words.find(code.code);
    if (at < place.at) place = {at, at + code.code.size(), {code.counted, {code.unit}}};
  }
  if (place.at == kNowhere) {
    place = find_period(words);
    if (place.at != kNowhere) {
      const Counted counted = counted_near(words, place);
      // Nobody limits anything else without saying so.
      place.window.counted = counted == Counted::unknown ? Counted::requests : counted;
    }
  }
  if (place.at == kNowhere) place = find_bare_code(words);
  if (place.at == kNowhere) {
    place = find_adjective(words);
    if (place.at != kNowhere) {
      // "daily free allocation of 10,000 neurons": what is counted stands behind.
      const Counted behind = counted_near(words, {0, place.end, {}});
      place.window.counted = behind != Counted::unknown ? behind : counted_near(words, place);
    }
  }
  for (const WindowCode& bare : kBareLimits) {
    if (place.at != kNowhere) break;
    const std::size_t at = words.find(bare.code);
    if (at == kNowhere) continue;
    place = {at, at + bare.code.size(), {bare.counted, {bare.unit}}};
    prose.names_no_span = true;
  }
  if (place.at == kNowhere) return;
  prose.window = place.window;
  if (prose.names_no_span) return;
  const std::string_view behind = words.substr(place.end);
  prose.is_stated = behind.starts_with(" limit exceeded") || behind.starts_with(" limit reached") ||
                    behind.starts_with(" quota exceeded");
  if (const auto amount = amount_before(words, place.at); amount && !prose.limit) prose.limit = amount;
  if (!prose.limit) prose.limit = named_number(behind, "allocation");
}

// "try again in 4.77s", "wait 5631 seconds before", "retry after 6 seconds".
void find_wait(std::string_view words, RefusalProse& prose) {
  for (const std::string_view opening :
       {"try again in ", "retry in ", "retry after ", "try again after ", "please wait ", "wait for ",
        "wait ", "available in ", "reset in ", "resets in ", "reset after ", "retrying in ", "again in "}) {
    for (std::size_t at = words.find(opening); at != kNowhere; at = words.find(opening, at + 1)) {
      std::string_view rest = words.substr(at + opening.size());
      for (const std::string_view small : {"about ", "approximately ", "at least ", "another ", "~"})
        if (rest.starts_with(small)) rest.remove_prefix(small.size());
      if (const auto wait = read_worded_duration(rest)) {
        prose.wait = wait;
        return;
      }
    }
  }
  for (const std::string_view opening : {"try again at ", "retry at ", "resets at ", "reset at ", "until "}) {
    const std::size_t at = words.find(opening);
    if (at == kNowhere) continue;
    std::string_view rest = words.substr(at + opening.size());
    rest = rest.substr(0, rest.find_first_of(" ,;\n"));
    while (rest.ends_with('.')) rest.remove_suffix(1);
    prose.until = parse_moment(rest, ValueFormat::rfc3339);
    if (prose.until) return;
  }
}

}  // namespace

RefusalProse read_refusal_prose(std::string_view words) {
  RefusalProse prose;
  prose.limit = named_number(words, "limit");
  prose.used = named_number(words, "used");
  prose.requested = named_number(words, "requested");
  prose.requested_roughly = has_phrase(words, "requested ~");
  find_window(words, prose);
  find_wait(words, prose);
  prose.is_stated = prose.is_stated || (prose.limit && prose.names_window());
  return prose;
}

WindowName read_quota_id(std::string_view id) {
  const Place place = find_period(id);
  if (place.at == kNowhere) return {};
  // "generatecontentinputtokenspermodelperminute": what is counted may stand far before.
  return {counted_near(id, place), place.window.span};
}

Counted read_quota_metric(std::string_view metric) {
  if (has_phrase(metric, "input_token")) return Counted::input_tokens;
  if (has_phrase(metric, "output_token")) return Counted::output_tokens;
  if (has_phrase(metric, "token")) return Counted::tokens;
  return has_phrase(metric, "request") ? Counted::requests : Counted::unknown;
}

bool has_phrase(std::string_view words, std::string_view phrase) {
  std::size_t from = 0;
  while (!phrase.empty()) {
    const std::size_t end = std::min(phrase.find('*'), phrase.size());
    const std::size_t at = words.find(phrase.substr(0, end), from);
    if (at == kNowhere) return false;
    from = at + end;
    phrase.remove_prefix(std::min(end + 1, phrase.size()));
  }
  return true;
}

std::optional<std::uint64_t> number_behind(std::string_view words, std::string_view phrase) {
  const std::size_t at = words.find(phrase);
  if (at == kNowhere) return std::nullopt;
  const std::size_t digit = words.find_first_of("0123456789", at + phrase.size());
  constexpr std::size_t kReach = 24;
  if (digit == kNowhere || digit > at + phrase.size() + kReach) return std::nullopt;
  return read_number(words.substr(digit));
}

std::optional<std::uint64_t> number_before(std::string_view words, std::string_view phrase) {
  const std::size_t at = words.find(phrase);
  if (at == kNowhere || at == 0) return std::nullopt;
  const std::size_t last = words.find_last_of("0123456789", at - 1);
  constexpr std::size_t kReach = 24;
  if (last == kNowhere || at - last > kReach) return std::nullopt;
  std::size_t begin = last;
  while (begin > 0 && (is_digit(words[begin - 1]) || words[begin - 1] == ',')) --begin;
  return read_number(words.substr(begin));
}

}  // namespace weir::providers
