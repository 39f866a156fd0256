#include "admin/explain.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/body.hpp"
#include "weir/base/units.hpp"
#include "weir/gateway/prompt_facts.hpp"
#include "weir/providers/dialect.hpp"
#include "weir/routing/planner.hpp"
#include "weir/tokens/estimator.hpp"
#include "weir/wire/chat_request.hpp"
#include "weir/wire/names.hpp"

namespace weir::admin {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using providers::Capability;

constexpr std::size_t kLargestQuestion = 1U << 20U;
constexpr std::string_view kWanted =
    "send an object like {\"model\": \"smart\", \"tokens\": 1200}, where \"tokens\" stands for a long "
    "request";

// What is asked about.
struct Question {
  std::string model;
  routing::Ask ask;
  std::optional<routing::Priority> priority;
  std::string_view request;  // as it stands in the body; empty where none was given
  wire::ChatRequest chat;
};

Error wrong(const std::string& what) {
  return {ErrorKind::invalid_request, what};
}

void need(routing::Ask& ask, Capability capability) {
  ask.needs.capabilities |= static_cast<providers::Capabilities>(capability);
}

// The body of a question, as its members.
struct Body {
  std::string_view text;
  std::vector<wire::Member> members;

  [[nodiscard]] std::string_view value(std::string_view name) const { return value_of(text, members, name); }
};

std::optional<Error> read_count(const Body& body, std::string_view name,
                                std::optional<std::uint64_t>& count) {
  const std::string_view value = body.value(name);
  if (value.empty()) return std::nullopt;
  count = wire::whole_number(value);
  if (!count) return wrong(std::string(name) + " must be a count of tokens");
  return std::nullopt;
}

bool is_true(const Body& body, std::string_view name) {
  return body.value(name) == "true";
}

// Nothing where it is no string.
std::optional<std::string> string_of(std::string_view value) {
  if (!value.starts_with('"')) return std::nullopt;
  const json parsed = json::parse(value, nullptr, false);
  if (!parsed.is_string()) return std::nullopt;
  return parsed.get<std::string>();
}

std::optional<Error> read_request(std::string_view request, Question& question) {
  question.request = request;
  if (auto failure = wire::read_chat_request(request, question.chat))
    return wrong("request: " + failure->error.message);
  const wire::ChatRequest& chat = question.chat;
  question.model = chat.model;
  question.ask.size = tokens::by_bytes(gateway::prompt_facts(chat, request));
  question.ask.prompt_tokens =
      static_cast<std::uint64_t>(std::llround(question.ask.size->of(tokens::Family::gpt)));
  question.ask.output_tokens = chat.max_tokens.value_or(tokens::kTypicalOutput);
  question.ask.max_tokens = chat.max_tokens;
  question.ask.choices = chat.choices;
  if (chat.uses_tools) need(question.ask, Capability::tools);
  if (chat.uses_images) need(question.ask, Capability::images);
  if (chat.needs_json_schema) need(question.ask, Capability::json_schema);
  return std::nullopt;
}

std::optional<Error> read_sizes(const Body& body, Question& question) {
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

// The name asked for: the question's own goes before its request's.
std::optional<Error> read_model(const Body& body, Question& question) {
  if (auto model = string_of(body.value("model"))) question.model = *std::move(model);
  if (question.model.empty()) return wrong("model is missing: name what a client would ask for");
  if (question.model.size() > wire::kMaxModelName)
    return wrong("model must not be longer than " + std::to_string(wire::kMaxModelName) + " bytes");
  return std::nullopt;
}

// Into a question that stands where it will stay: the chat request points into the text.
std::optional<Error> read_question(std::string_view text, Question& question) {
  auto members = read_members(text, kLargestQuestion, kWanted);
  if (!members) return std::move(members).error();
  const Body body{text, *std::move(members)};
  const std::string_view request = body.value("request");
  auto error = request.empty() ? read_sizes(body, question) : read_request(request, question);
  if (!error) error = read_model(body, question);
  if (error) return error;
  question.ask.needs.no_training = is_true(body, "no_training");
  if (const std::string_view asked = body.value("priority"); !asked.empty()) {
    if (const auto name = string_of(asked)) question.priority = routing::priority_named(*name);
    if (!question.priority) return wrong("priority must be interactive, normal or batch");
  }
  return std::nullopt;
}

ordered_json describe(const routing::Candidacy& one, const Question& question, Instant now) {
  ordered_json out;
  out["target"] = one.target->name();
  out["key"] = one.target->key->label;
  out["tier"] = one.tier;
  out["has_room"] = one.score.has_value();
  out["prompt_tokens"] = routing::prompt_tokens(*one.target, question.ask);
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

Result<std::string> explain(const gateway::AdminContext& context, std::string_view body, Instant now) {
  const routing::Catalogue& catalogue = context.catalogue;
  const routing::RoutingConfig& routing = context.routing;
  Question question;
  question.ask.quantile = context.quantile;
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
