#include "gateway/tokenize.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "gateway/token_counter.hpp"
#include "weir/base/json_text.hpp"
#include "weir/gateway/prompt_facts.hpp"
#include "weir/tokens/encoder.hpp"
#include "weir/wire/splice.hpp"

namespace weir::gateway {
namespace {

// {"text": "..."} as the chat in which a user says that. Anything else is a chat already, or none.
std::string chat_of(std::string_view body) {
  const auto members = wire::members_of(body, {0, body.size()});
  const auto text = std::ranges::find(members, "text", &wire::Member::name);
  const auto has = [&](std::string_view name) {
    return std::ranges::find(members, name, &wire::Member::name) != members.end();
  };
  if (text == members.end() || has("messages") || !text->value.of(body).starts_with('"'))
    return std::string(body);
  std::string chat(body.substr(0, text->whole.at));
  chat.append(R"("messages":[{"role":"user","content":)").append(text->value.of(body)).append("}]");
  chat.append(body.substr(text->whole.end()));
  return chat;
}

std::string decimal(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::fixed, 3).ptr;
  return {text.begin(), end};
}

void append_target(std::string& out, const routing::Target& target, const tokens::PromptSize& size,
                   double quantile) {
  const auto [likely, upper] = target.counting->prompt(size, quantile);
  const auto learned = target.counting->summary(size.method);
  out += "{\"target\":";
  append_json_string(out, target.name());
  out += ",\"tokenizer\":";
  append_json_string(out, tokens::name(target.counting->family()));
  out += ",\"estimate\":" + std::to_string(likely) + ",\"upper\":" + std::to_string(upper) +
         ",\"spread\":" + decimal(learned.spread) + ",\"answers\":" + std::to_string(learned.answers) + "}";
}

std::string describe(const wire::ChatRequest& chat, const routing::Route& route,
                     const tokens::PromptSize& size, const std::optional<std::uint64_t>& count,
                     double quantile) {
  std::string out = "{\"object\":\"tokenize\",\"model\":";
  append_json_string(out, chat.model);
  out += ",\"count\":" + (count ? std::to_string(*count) : "null") + ",\"method\":\"" +
         (size.method == tokens::Method::encoder ? "encoder" : "bytes") +
         "\",\"quantile\":" + decimal(quantile) + ",\"targets\":[";
  std::set<const tokens::Calibration*> told;  // a model's keys count alike
  for (const routing::Candidate& candidate : route.candidates) {
    if (!told.insert(candidate.target->counting).second) continue;
    if (told.size() > 1) out += ',';
    append_target(out, *candidate.target, size, quantile);
  }
  return out + "]}";
}

}  // namespace

net::Awaitable<LocalAnswer> tokenize(Lane& lane, std::shared_ptr<const Snapshot> current,
                                     const transport::Request& request, net::Cancellation& cancellation,
                                     telemetry::RequestRecord& record) {
  const auto client = current->client_of(request.head->fields);
  if (!client) co_return LocalAnswer{Refusal{.error = client.error()}};
  if (*client != nullptr) record.client = (*client)->name;
  const std::string body = chat_of(request.body_text());
  wire::ChatRequest chat;
  if (auto failure = wire::read_chat_request(body, chat)) {
    LocalAnswer refused{Refusal{.error = std::move(failure->error), .param = std::move(failure->param)}};
    co_return refused;
  }
  record.model = chat.model;
  const routing::Route* const route = current->catalogue.find(chat.model);
  if (route == nullptr) co_return LocalAnswer{unknown_model(current->catalogue, chat.model)};
  if (!may_use(*client, chat.model)) co_return LocalAnswer{model_not_allowed(**client, chat.model)};
  const tokens::PromptFacts facts = prompt_facts(chat, body);
  std::optional<std::uint64_t> count;
  if (tokens::has_encoder()) {
    const auto counted = co_await lane.counter->count(*lane.loop, chat, body, cancellation);
    if (cancellation.requested() && !cancellation.client_gone()) co_return LocalAnswer{shutting_down()};
    count = counted;
  }
  tokens::PromptSize size = tokens::by_bytes(facts);
  if (count) size = tokens::by_encoder(facts, *count);
  LocalAnswer answer{describe(chat, *route, size, count, current->tokens.quantile)};
  co_return answer;
}

}  // namespace weir::gateway
