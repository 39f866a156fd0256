#pragma once

#include <nlohmann/json.hpp>
#include <string>

// Reading JSON that may have any shape: what isn't there, or isn't what it should be, is as good as absent.
namespace weir::pretend {

// null for nothing.
[[nodiscard]] inline const nlohmann::json& member_of(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kNothing;
  if (!object.is_object()) return kNothing;
  const auto member = object.find(name);
  return member == object.end() ? kNothing : *member;
}

[[nodiscard]] inline std::string text_member(const nlohmann::json& object, const char* name) {
  const nlohmann::json& member = member_of(object, name);
  return member.is_string() ? member.get<std::string>() : std::string();
}

[[nodiscard]] inline const nlohmann::json& list_member(const nlohmann::json& object, const char* name) {
  static const nlohmann::json kEmpty = nlohmann::json::array();
  const nlohmann::json& member = member_of(object, name);
  return member.is_array() ? member : kEmpty;
}

}  // namespace weir::pretend
