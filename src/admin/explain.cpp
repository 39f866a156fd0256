#include "admin/explain.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "weir/base/units.hpp"
#include "weir/providers/dialect.hpp"
#include "weir/routing/planner.hpp"
#include "weir/tokens/estimator.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using providers::Capability;

// What is asked about.
struct Question {
  std::string model;
  routing::Ask ask;
  std::optional<routing::Priority> priority;
  std::string request;  // as text; empty where none was given
  wire::ChatRequest chat;
};

Error wrong(const std::string& what) {
  return {ErrorKind::invalid_request, what};
}

void need(routing::Ask& ask, Capability capability) {
  ask.needs.capabilities |= static_cast<providers::Capabilities>(capability);
}

std::optional<Error> read_count(const json& body, const char* name, std::optional<std::uint64_t>& count) {
  const auto found = body.find(name);
  if (found == body.end()) return std::nullopt;
  if (!found->is_number_unsigned()) return wrong(std::string(name) + " must be a count of tokens");
  count = found->get<std::uint64_t>();
  return std::nullopt;
}

bool is_true(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_boolean() && found->get<bool>();
}

std::optional<Error> read_request(const json& request, Question& question) {
  question.request = request.dump();
  if (auto failure = wire::read_chat_request(question.request, question.chat))
    return wrong("request: " + failure->error.message);
  const wire::ChatRequest& chat = question.chat;
  const tokens::Estimate estimate = tokens::estimate(chat.prompt_bytes, chat.messages, chat.max_tokens);
  question.model = chat.model;
  question.ask.prompt_tokens = estimate.prompt;
  question.ask.output_tokens = estimate.output;
  question.ask.max_tokens = chat.max_tokens;
  if (chat.uses_tools) need(question.ask, Capability::tools);
  if (chat.uses_images) need(question.ask, Capability::images);
  if (chat.needs_json_schema) need(question.ask, Capability::json_schema);
  return std::nullopt;
}

std::optional<Error> read_sizes(const json& body, Question& question) {
  std::optional<std::uint64_t> prompt;
  if (auto error = read_count(body, "tokens", prompt)) return error;
  if (auto error = read_count(body, "max_tokens", question.ask.max_tokens)) return error;
  question.ask.prompt_tokens = prompt.value_or(0);
  question.ask.output_tokens = question.ask.max_tokens.value_or(tokens::kTypicalOutput);
  if (is_true(body, "tools")) need(question.ask, Capability::tools);
  if (is_true(body, "images")) need(question.ask, Capability::images);
  if (is_true(body, "json_schema")) need(question.ask, Capability::json_schema);
  return std::nullopt;
}

// Into a question that stands where it will stay: the chat request points into its text.
std::optional<Error> read_question(std::string_view text, Question& question) {
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object())
    return wrong("the body must be an object like {\"model\": \"smart\", \"tokens\": 1200}");
  const auto request = body.find("request");
  auto error = request != body.end() ? read_request(*request, question) : read_sizes(body, question);
  if (error) return error;
  if (const auto model = body.find("model"); model != body.end() && model->is_string())
    question.model = model->get<std::string>();
  question.ask.needs.no_training = is_true(body, "no_training");
  if (const auto asked = body.find("priority"); asked != body.end()) {
    if (asked->is_string()) question.priority = routing::priority_named(asked->get<std::string>());
    if (!question.priority) return wrong("priority must be interactive, normal or batch");
  }
  if (question.model.empty()) return wrong("model is missing: name what a client would ask for");
  return std::nullopt;
}

ordered_json describe(const routing::Candidacy& one, const Question& question, Instant now) {
  ordered_json out;
  out["target"] = one.target->name();
  out["key"] = one.target->key->label;
  out["tier"] = one.tier;
  out["has_room"] = one.score.has_value();
  out["score"] = one.score ? ordered_json(*one.score) : ordered_json();
  if (one.fitted.max_tokens && !one.skip.too_large) out["max_tokens"] = *one.fitted.max_tokens;
  if (!one.score) {
    out["why"] = one.skip.reason;
    const bool returns = one.skip.available_at != BootTime::max();
    out["available_at"] =
        returns ? ordered_json(format_utc(now.wall_at(one.skip.available_at))) : ordered_json();
    out["too_large"] = one.skip.too_large;
    if (!one.skip.remedy.empty()) out["remedy"] = one.skip.remedy;
  }
  if (!question.request.empty())
    out["changes"] = providers::translate(one.target->provider->preset->dialect, one.target->model->id,
                                          question.chat, question.request, one.fitted.max_tokens)
                         .changes;
  return out;
}

}  // namespace

Result<std::string> explain(const routing::Catalogue& catalogue, const routing::RoutingConfig& routing,
                            std::string_view body, Instant now) {
  Question question;
  if (auto error = read_question(body, question)) return *std::move(error);
  const routing::Priority priority = question.priority.value_or(routing.default_class);
  routing::apply(routing, priority, question.ask);
  if (routing.no_training) question.ask.needs.no_training = true;
  const routing::Route* const route = catalogue.find(question.model);
  if (route == nullptr) {
    std::string message = "no model \"" + question.model + "\"";
    const auto similar = catalogue.similar(question.model);
    if (!similar.empty()) message += "; did you mean \"" + similar.front() + "\"?";
    return Error{ErrorKind::model_not_found, std::move(message)};
  }
  ordered_json out;
  out["model"] = question.model;
  out["route"] = route->name;
  out["strategy"] = routing::name(route->strategy);
  out["priority"] = routing::name(priority);
  out["prompt_tokens"] = question.ask.prompt_tokens;
  out["output_tokens"] = question.ask.output_tokens;
  out["targets"] = ordered_json::array();
  for (const routing::Candidacy& one : routing::dry_run(*route, question.ask, now))
    out["targets"].push_back(describe(one, question, now));
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace weir::admin
