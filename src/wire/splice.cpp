#include "weir/wire/splice.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "wire/json_reader.hpp"

namespace weir::wire {
namespace {

// Hands the pieces of the text and its edits to `add`, in order; some may be empty.
template <typename Add>
void splice(std::string_view text, std::span<const Edit> edits, const Add& add) {
  std::size_t done = 0;
  for (const Edit& edit : edits) {
    assert(edit.span.at >= done && edit.span.end() <= text.size());
    add(text.substr(done, edit.span.at - done));
    add(std::string_view(edit.text));
    done = edit.span.end();
  }
  add(text.substr(done));
}

}  // namespace

void put_in_order(std::vector<Edit>& edits) {
  if (edits.size() < 2) return;
  std::ranges::stable_sort(edits, [](const Edit& a, const Edit& b) {
    if (a.span.at != b.span.at) return a.span.at < b.span.at;
    if ((a.span.size == 0) != (b.span.size == 0)) return a.span.size == 0;
    return a.span.size > b.span.size;
  });
  std::size_t done = 0;
  std::erase_if(edits, [&done](const Edit& edit) {
    const bool is_void = edit.span.at < done;
    if (!is_void) done = edit.span.end();
    return is_void;
  });
}

SplicedBody::SplicedBody(std::string_view body, std::vector<Edit> edits) : edits_(std::move(edits)) {
  pieces_.reserve(2 * edits_.size() + 1);
  splice(body, edits_, [this](std::string_view piece) {
    if (piece.empty()) return;
    pieces_.push_back(piece);
    size_ += piece.size();
  });
}

void append_spliced(std::string& out, std::string_view text, std::span<const Edit> edits) {
  splice(text, edits, [&out](std::string_view piece) { out += piece; });
}

std::string_view bare(std::string_view value) {
  return value.starts_with('"') ? inside(value) : value;
}

std::vector<Member> members_of(std::string_view text, Span place) {
  std::vector<Member> members;
  JsonReader json(place.of(text));
  const bool is_object = json.kind() == JsonReader::Kind::object;
  if (!is_object && json.kind() != JsonReader::Kind::array) return members;
  json.enter();
  while (is_object ? json.next_member() : json.next_element()) {
    Member member;
    if (is_object) member.name = json.raw_key();
    const std::size_t begin = place.at + json.offset();
    json.skip();
    member.value = {begin, place.at + json.behind() - begin};
    const auto from = is_object ? static_cast<std::size_t>(member.name.data() - text.data()) - 1 : begin;
    member.whole = {from, member.value.end() - from};
    members.push_back(member);
  }
  if (!json.finish()) members.clear();
  return members;
}

Draft::Draft(std::size_t first, std::span<const Member> members) : first_(first) {
  parts_.reserve(members.size());
  for (const Member& member : members)
    parts_.push_back({.member = member, .name = member.name, .value = std::nullopt});
}

Draft::Part* Draft::find(std::string_view name) {
  for (auto* const parts : {&parts_, &added_}) {
    const auto part =
        std::ranges::find_if(*parts, [&](const Part& p) { return !p.dropped && p.name == name; });
    if (part != parts->end()) return &*part;
  }
  return nullptr;
}

void Draft::add(std::string_view name, std::string value) {
  added_.push_back({.member = {}, .name = name, .value = std::move(value)});
}

void Draft::write(std::vector<Edit>& edits) const {
  const bool any_left = std::ranges::any_of(parts_, [](const Part& part) { return !part.dropped; });
  std::string added;
  for (const Part& part : added_)
    if (!part.dropped) added.append("\"").append(part.name).append("\":").append(*part.value).append(",");
  if (!any_left && !added.empty()) added.pop_back();
  if (!added.empty()) edits.push_back({{first_, 0}, std::move(added)});
  std::size_t kept_end = 0;  // of the last part that stays
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.dropped) {
      std::size_t behind = i + 1;
      while (behind < parts_.size() && parts_[behind].dropped) ++behind;
      // A run goes with the comma behind it; the last one, with the comma before it.
      const bool last = behind == parts_.size();
      const std::size_t begin = last && kept_end != 0 ? kept_end : part.member.whole.at;
      const std::size_t end = last ? parts_.back().member.whole.end() : parts_[behind].member.whole.at;
      edits.push_back({{begin, end - begin}, ""});
      i = behind - 1;
      continue;
    }
    kept_end = part.member.whole.end();
    if (part.name != part.member.name)
      edits.push_back({{part.member.whole.at + 1, part.member.name.size()}, std::string(part.name)});
    if (part.value) edits.push_back({part.member.value, *part.value});
  }
}

}  // namespace weir::wire
