#include "weir/wire/names.hpp"

#include <algorithm>
#include <list>
#include <vector>

#include "wire/json_scalar.hpp"

namespace weir::wire {

std::optional<std::string> name_given_twice(std::span<const Member> members) {
  std::list<std::string> unescaped;
  std::vector<std::string_view> names;
  names.reserve(members.size());
  for (const Member& member : members) {
    const bool is_plain = member.name.find('\\') == std::string_view::npos;
    auto text = is_plain ? std::nullopt : unescape(member.name);  // half a surrogate pair is no text
    names.push_back(text ? std::string_view(unescaped.emplace_back(*std::move(text))) : member.name);
  }
  std::ranges::sort(names);
  const auto found = std::ranges::adjacent_find(names);
  return found == names.end() ? std::nullopt : std::optional<std::string>(*found);
}

}  // namespace weir::wire
