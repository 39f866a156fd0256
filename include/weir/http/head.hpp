#pragma once

#include <string>

#include "weir/http/field_lines.hpp"
#include "weir/http/fields.hpp"

namespace weir::http {

struct RequestHead {
  std::string method;     // as sent: "POST"
  std::string target;     // "/v1/models?x=1"; an absolute form has been reduced to this behind the guard
  int minor_version = 1;  // HTTP/1.minor_version
  Fields fields;

  // The target up to '?'.
  [[nodiscard]] std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

struct ResponseHead {
  int status = 200;
  int minor_version = 1;
  Fields fields;
  FieldLines lines;  // beside those, of an answer of ours
};

}  // namespace weir::http
