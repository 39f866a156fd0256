#include "admin/body.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "weir/wire/chat_request.hpp"
#include "weir/wire/names.hpp"

namespace weir::admin {
namespace {

Error wrong(std::string message) {
  return {ErrorKind::invalid_request, std::move(message)};
}

}  // namespace

Result<std::vector<wire::Member>> read_members(std::string_view body, std::size_t most,
                                               std::string_view wanted) {
  if (body.size() > most)
    return Error{ErrorKind::request_too_large, "the body has " + std::to_string(body.size()) +
                                                   " bytes, and here no more than " + std::to_string(most) +
                                                   " are read; " + std::string(wanted)};
  const std::size_t begin = std::min(body.find_first_not_of(" \t\r\n"), body.size());
  std::vector<wire::Member> members;
  if (body.substr(begin).starts_with('{')) members = wire::members_of(body, {0, body.size()});
  if (members.empty())
    return wrong("the body must be a JSON object, no deeper than " + std::to_string(wire::kMaxDepth) +
                 " levels; " + std::string(wanted));
  if (wire::name_given_twice(members))
    return wrong("a name stands twice in the body; " + std::string(wanted));
  return members;
}

std::string_view value_of(std::string_view body, const std::vector<wire::Member>& members,
                          std::string_view name) {
  const auto found = std::ranges::find(members, name, &wire::Member::name);
  return found == members.end() ? std::string_view() : found->value.of(body);
}

}  // namespace weir::admin
