#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// JSON edited in place: what stays keeps its bytes.
namespace weir::wire {

// A stretch of bytes.
struct Span {
  std::size_t at = 0;
  std::size_t size = 0;

  [[nodiscard]] std::size_t end() const noexcept { return at + size; }
  [[nodiscard]] std::string_view of(std::string_view text) const { return text.substr(at, size); }
};

// One replacement: `text` instead of the bytes of `span` (an empty span inserts).
struct Edit {
  Span span;
  std::string text;
};

// Puts edits in the order of their places, an insertion before what is replaced at the same place. An edit
// inside of what another one replaces is void.
void put_in_order(std::vector<Edit>& edits);

// The body with its edits, as views into both, for one gathered write. Edits must be in order and not
// overlap. The body outlives it.
class SplicedBody {
 public:
  SplicedBody(std::string_view body, std::vector<Edit> edits);
  SplicedBody(const SplicedBody&) = delete;
  SplicedBody& operator=(const SplicedBody&) = delete;

  [[nodiscard]] std::span<const std::string_view> pieces() const { return pieces_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::vector<Edit> edits_;
  std::vector<std::string_view> pieces_;
  std::size_t size_ = 0;
};

// Appends the text with its edits, of which the same is asked.
void append_spliced(std::string& out, std::string_view text, std::span<const Edit> edits);

// A member of an object, or an element of an array. The name is as it stands in the text: one that is written
// with escapes equals no name we know.
struct Member {
  std::string_view name;  // empty for an element
  Span whole;             // from the key's quote to the value's end
  Span value;
};
// A scalar's text: a string's without its quotes.
[[nodiscard]] std::string_view bare(std::string_view value);
// Those of the object or array at `place` of a text; nothing where something else stands there, or no JSON.
[[nodiscard]] std::vector<Member> members_of(std::string_view text, Span place);

// Changes to the members of one object (or to the elements of one array), written as edits that leave its
// commas right.
class Draft {
 public:
  // `first` is right behind the opening bracket.
  Draft(std::size_t first, std::span<const Member> members);

  struct Part {
    Member member;
    std::string_view name;             // the new one where it is renamed; outlives the draft
    std::optional<std::string> value;  // JSON, in place of its own
    bool dropped = false;
  };
  // Those that were there, in order, dropped ones too.
  [[nodiscard]] std::span<Part> parts() { return parts_; }
  // The part that has this name now, whether it was there or was added; null where there is none.
  [[nodiscard]] Part* find(std::string_view name);
  // One more member, in front. The name needs no escapes, and outlives the draft.
  void add(std::string_view name, std::string value);

  void write(std::vector<Edit>& edits) const;

 private:
  std::size_t first_;
  std::vector<Part> parts_;
  std::vector<Part> added_;
};

}  // namespace weir::wire
