#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "weir/wire/answer.hpp"

namespace weir::wire {
namespace {

using Json = nlohmann::json;

void append_event(std::string& out, const Json& chunk) {
  out.append("data: ").append(chunk.dump(-1, ' ', false, Json::error_handler_t::replace)).append("\n\n");
}

// Of a message's tool calls a chunk says the place too.
void number_calls(Json& delta) {
  const auto calls = delta.find("tool_calls");
  if (calls == delta.end() || !calls->is_array()) return;
  std::size_t place = 0;
  for (Json& call : *calls) {
    if (call.is_object()) call.emplace("index", place);
    ++place;
  }
}

// "message" becomes "delta"; what finished it is for the next chunk.
void make_delta(Json& choice, Json& ends) {
  Json end{{"index", choice.value("index", Json(ends.size()))}, {"delta", Json::object()}};
  end["finish_reason"] = std::exchange(choice["finish_reason"], nullptr);
  choice["index"] = end["index"];
  choice["delta"] = choice.value("message", Json::object());
  choice.erase("message");
  number_calls(choice["delta"]);
  ends.push_back(std::move(end));
}

bool is_object(const Json& value) {
  return value.is_object();
}

}  // namespace

std::optional<std::string> as_events(std::string_view body, bool wants_usage) {
  Json chunk = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!chunk.is_object()) return std::nullopt;
  const auto choices = chunk.find("choices");
  if (choices == chunk.end() || !choices->is_array() || !std::ranges::all_of(*choices, is_object))
    return std::nullopt;
  chunk["object"] = "chat.completion.chunk";
  const Json usage = chunk.value("usage", Json());
  chunk.erase("usage");
  Json ends = Json::array();
  for (Json& choice : chunk["choices"]) make_delta(choice, ends);
  std::string out;
  out.reserve(body.size() * 2);
  append_event(out, chunk);
  chunk["choices"] = std::move(ends);
  append_event(out, chunk);
  if (wants_usage && usage.is_object()) {
    chunk["choices"] = Json::array();
    chunk["usage"] = usage;
    append_event(out, chunk);
  }
  return out.append("data: [DONE]\n\n");
}

}  // namespace weir::wire
