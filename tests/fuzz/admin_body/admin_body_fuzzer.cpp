// What operators send is read without harm, and as a reader that builds a tree of it reads it.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "admin/body.hpp"
#include "weir/wire/names.hpp"

namespace {

constexpr std::size_t kMost = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

// The other reader's names, all of them.
std::size_t names_in(std::string_view body) {
  std::size_t names = 0;
  const auto count = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json&) {
    if (depth == 1 && event == nlohmann::json::parse_event_t::key) ++names;
    return true;
  };
  const nlohmann::json read = nlohmann::json::parse(body, count, false);
  return read.is_discarded() ? 0 : names;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> exact(data, data + size);
  const std::string_view body(exact.data(), exact.size());
  const auto members = weir::admin::read_members(body, kMost, "a test");
  if (!members) {
    require(members.error().message.size() < 300);
    return 0;
  }
  require(size <= kMost);
  const auto tree = nlohmann::json::parse(body, nullptr, false);
  // The other reader takes neither half a surrogate pair nor a number beyond a double; we keep both as text.
  if (tree.is_discarded()) return 0;
  require(tree.is_object() && tree.size() == members->size() && names_in(body) == members->size());
  for (const weir::wire::Member& member : *members) {
    const std::string_view value = weir::admin::value_of(body, *members, member.name);
    require(!value.empty() && value == member.value.of(body));
    const auto theirs = nlohmann::json::parse(value, nullptr, false);
    require(!theirs.is_discarded());
    const auto number = weir::wire::whole_number(value);
    require(!number || (theirs.is_number() && theirs.get<double>() == static_cast<double>(*number)));
  }
  return 0;
}
