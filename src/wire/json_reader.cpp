#include "wire/json_reader.hpp"

#include "weir/wire/chat_request.hpp"
#include "wire/json_scalar.hpp"

namespace weir::wire {
namespace {

static_assert(kMaxDepth == 64, "JsonReader keeps its levels in 64 bits");

// An index is four times as large as its text. Each thread keeps one, unless a large text has made it grow.
constexpr std::size_t kKeptCapacity = 512U * 1024U;

thread_local std::unique_ptr<JsonIndex> spare_index;

std::unique_ptr<JsonIndex> take_index() {
  return spare_index ? std::move(spare_index) : std::make_unique<JsonIndex>();
}

std::string_view reason_of(JsonIndex::Fault fault) {
  switch (fault) {
    case JsonIndex::Fault::none:
      break;
    case JsonIndex::Fault::empty:
      return "there is nothing";
    case JsonIndex::Fault::not_utf8:
      return "not UTF-8";
    case JsonIndex::Fault::control_character:
      return "a control character in a string must be escaped";
    case JsonIndex::Fault::open_string:
      return "a string that doesn't end";
    case JsonIndex::Fault::too_large:
      return "too large";
  }
  return {};
}

constexpr std::array<JsonReader::Kind, 256> kinds_by_first_byte() {
  using Kind = JsonReader::Kind;
  std::array<Kind, 256> kinds{};
  for (unsigned char digit = '0'; digit <= '9'; ++digit) kinds[digit] = Kind::number;
  kinds['-'] = Kind::number;
  kinds['{'] = Kind::object;
  kinds['['] = Kind::array;
  kinds['"'] = Kind::string;
  kinds['t'] = kinds['f'] = Kind::boolean;
  kinds['n'] = Kind::null;
  return kinds;
}

}  // namespace

constinit const std::array<JsonReader::Kind, 256> JsonReader::kKinds = kinds_by_first_byte();

JsonReader::JsonReader(std::string_view text)
    : text_(text), index_(take_index()), fault_(index_->build(text)) {
  if (fault_ != JsonIndex::Fault::none) {
    fail(locate(fault_, text), reason_of(fault_));
    return;
  }
  next_ = index_->starts().data();
  end_ = next_ + index_->starts().size();
  // All at once: outside of strings a backslash is no token, so there it is found later.
  const std::size_t first = text.find('\\');
  if (first == std::string_view::npos) return;
  has_escapes_ = true;
  const std::size_t escape = find_bad_escape(text);
  if (escape != std::string_view::npos) fail(escape, "no such escape");
}

JsonReader::~JsonReader() {
  if (index_->capacity() <= kKeptCapacity) spare_index = std::move(index_);
}

void JsonReader::enter() {
  const Kind container = kind();
  if (container != Kind::object && container != Kind::array)
    return fail(offset(), "expected an object or an array");
  if (depth_ == kMaxDepth) return fail(offset(), "deeper than 64 levels");
  ++depth_;
  objects_ = (objects_ << 1U) | (container == Kind::object ? 1U : 0U);
  fresh_ = true;
  advance();
}

bool JsonReader::next_member() {
  if (!next('}', "expected ',' or '}'")) return false;
  // Nearly always: a key, right behind it its colon, and a value.
  if (end_ - next_ >= 3) {
    const char* const text = text_.data();
    const std::size_t begin = next_[0];
    const std::size_t colon = next_[1];
    const bool is_key = text[begin] == '"' && text[colon] == ':' && text[colon - 1] == '"';
    if (is_key && kKinds[static_cast<unsigned char>(text[next_[2]])] != Kind::none) {
      raw_key_ = key_ = std::string_view(text + begin + 1, colon - begin - 2);
      behind_ = colon + 1;
      next_ += 2;
      return true;
    }
  }
  take_key();
  if (kind() == Kind::none) fail(offset(), "expected a value");
  return ok();
}

void JsonReader::take_key() {
  if (peek() != '"') return fail(offset(), "expected a key in quotes");
  const std::string_view name = token();
  if (name.back() != '"') return fail(offset(), "expected ':'");
  raw_key_ = key_ = inside(name);
  advance();
  if (peek() != ':') return fail(offset(), "expected ':'");
  advance();
}

bool JsonReader::next_element() {
  if (!next(']', "expected ',' or ']'")) return false;
  if (kind() == Kind::none) fail(offset(), "expected a value");
  return ok();
}

void JsonReader::unescape_key() {
  if (key_.data() == unescaped_key_.data() || key_.find('\\') == std::string_view::npos) return;
  // A key that isn't Unicode equals no name we know; as it stands it is told from others well enough.
  unescaped_key_ = unescape(key_).value_or(std::string(key_));
  key_ = unescaped_key_;
}

std::string_view JsonReader::skip() {
  const std::size_t begin = offset();
  const std::size_t outside = depth_;
  take();
  while (depth_ > outside) {
    const bool more = (objects_ & 1U) != 0 ? next_member() : next_element();
    if (more) take();
  }
  return ok() ? text_.substr(begin, behind_ - begin) : std::string_view();
}

std::optional<std::string> JsonReader::take_string() {
  const bool is_string = kind() == Kind::string;
  const std::string_view value = skip();
  if (!is_string || !ok()) return std::nullopt;
  return unescape(inside(value));
}

bool JsonReader::finish() {
  if (ok() && next_ != end_) fail(offset(), "more stands behind the value");
  return ok();
}

void JsonReader::take() {
  const Kind next = kind();
  if (next == Kind::object || next == Kind::array)
    enter();
  else
    take_scalar(next);
}

void JsonReader::take_scalar(Kind kind) {
  if (kind == Kind::none) return fail(offset(), "expected a value");
  const std::string_view text = token();
  bool holds = false;
  switch (kind) {
    case Kind::string:
      holds = text.back() == '"';
      break;
    case Kind::number:
      holds = is_number(text);
      break;
    default:
      holds = text == "true" || text == "false" || text == "null";
  }
  if (!holds) return fail(offset(), kind == Kind::number ? "not a number" : "expected a value");
  behind_ = *next_++ + text.size();
}

void JsonReader::fail(std::size_t at, std::string_view reason) {
  if (!flaw_) flaw_ = JsonFlaw{at, reason};
  next_ = end_;
  depth_ = 0;
  key_ = {};
}

}  // namespace weir::wire
