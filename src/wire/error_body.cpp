#include "weir/wire/error_body.hpp"

#include "weir/base/json_text.hpp"

namespace weir::wire {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  append_json_string(out, name);
  out += ':';
  append_json_string(out, value);
}

void append_string_or_null(std::string& out, std::string_view value) {
  if (value.empty())
    out += "null";
  else
    append_json_string(out, value);
}

void append_attempt(std::string& out, const AttemptNote& attempt) {
  out += '{';
  append_member(out, "target", attempt.target);
  out += ',';
  append_member(out, "key", attempt.key);
  out += ',';
  append_member(out, "outcome", attempt.outcome);
  if (attempt.ms >= 0) out += ",\"ms\":" + std::to_string(attempt.ms);
  if (!attempt.resets_at.empty()) {
    out += ',';
    append_member(out, "resets_at", attempt.resets_at);
  }
  out += '}';
}

}  // namespace

std::string error_body(const Error& error, std::string_view param, std::string_view request_id,
                       std::span<const AttemptNote> attempts) {
  const ErrorTraits& kind = traits(error.kind);
  std::string out = "{\"error\":{";
  append_member(out, "message", error.message);
  out += ',';
  append_member(out, "type", kind.type);
  out += ",\"param\":";
  append_string_or_null(out, param);
  out += ",\"code\":";
  append_string_or_null(out, kind.code);
  out += ",\"weir\":{";
  append_member(out, "request_id", request_id);
  out += ",\"attempts\":[";
  for (const AttemptNote& attempt : attempts) {
    if (&attempt != attempts.data()) out += ',';
    append_attempt(out, attempt);
  }
  out += "]}}}";
  return out;
}

}  // namespace weir::wire
