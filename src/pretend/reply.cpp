#include "pretend/reply.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace weir::pretend {

using nlohmann::ordered_json;

Reply json_reply(int status, std::string body) {
  Reply reply;
  reply.head.status = status;
  reply.head.fields.add("content-type", "application/json");
  reply.body = std::move(body);
  return reply;
}

Reply json_reply(int status, const ordered_json& body) {
  return json_reply(status, text_of(body));
}

std::string text_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Reply error_reply(int status, const std::string& message, const std::string& type, const std::string& code) {
  ordered_json body;
  body["error"]["message"] = message;
  body["error"]["type"] = type;
  if (!code.empty()) body["error"]["code"] = code;
  return json_reply(status, body);
}

}  // namespace weir::pretend
