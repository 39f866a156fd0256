#include "weir/wire/model_list.hpp"

#include "wire/json_reader.hpp"

namespace weir::wire {
namespace {

using Kind = JsonReader::Kind;

constexpr std::string_view kGooglePrefix = "models/";

std::optional<std::string> read_id(JsonReader& json) {
  std::optional<std::string> id;
  if (json.kind() != Kind::object) {
    json.skip();
    return id;
  }
  json.enter();
  while (json.next_member()) {
    if (json.key() == "id")
      id = json.take_string();
    else
      json.skip();
  }
  return id;
}

void read_array(JsonReader& json, std::optional<std::vector<std::string>>& ids) {
  if (json.kind() != Kind::array) {
    json.skip();
    return;
  }
  ids.emplace();
  json.enter();
  while (json.next_element()) {
    auto id = read_id(json);
    if (!id) continue;
    if (id->starts_with(kGooglePrefix)) id->erase(0, kGooglePrefix.size());
    ids->push_back(*std::move(id));
  }
}

}  // namespace

std::optional<std::vector<std::string>> read_model_ids(std::string_view body) {
  std::optional<std::vector<std::string>> ids;
  JsonReader json(body);
  if (json.kind() == Kind::object) {
    json.enter();
    while (json.next_member()) {
      if (json.key() == "data")
        read_array(json, ids);
      else
        json.skip();
    }
  } else {
    read_array(json, ids);
  }
  return json.finish() ? ids : std::nullopt;
}

}  // namespace weir::wire
