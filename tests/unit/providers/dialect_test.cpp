#include "weir/providers/dialect.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "weir/providers/preset.hpp"

namespace weir::providers {
namespace {

using Json = nlohmann::ordered_json;

struct Translated {
  std::string body;
  std::vector<std::string> changes;
  [[nodiscard]] Json json() const { return Json::parse(body); }
};

Translated translated(Dialect dialect, const std::string& body, std::string_view model = "m",
                      std::optional<std::uint64_t> max_tokens = {}) {
  wire::ChatRequest request;
  const auto failed = wire::read_chat_request(body, request);
  EXPECT_FALSE(failed) << body << failed->error.message;
  Translation translation = translate(dialect, model, request, body, max_tokens);
  Translated result{.body = {}, .changes = std::move(translation.changes)};
  const wire::SplicedBody spliced(body, std::move(translation.edits));
  for (const std::string_view piece : spliced.pieces()) result.body += piece;
  return result;
}

Translated for_preset(std::string_view preset, const Json& body, std::string_view model = "m") {
  return translated(find_preset(preset)->dialect, body.dump(), model);
}

Json request_with(const Json& members) {
  Json body = Json::parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
  body.update(members);
  return body;
}

// What an SDK sends in the middle of a conversation: everything that some provider refuses.
Json full_request() {
  return Json::parse(R"({
    "model": "smart",
    "messages": [
      {"role": "developer", "content": "Be short.\nAnd \"kind\"."},
      {"role": "system", "content": [{"type": "text", "text": "Metric units."}]},
      {"role": "user", "name": "ann", "content": [
        {"type": "text", "text": "Weather in Rome \u00e9?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
      {"role": "assistant", "content": null, "refusal": null, "annotations": [],
       "reasoning_content": "I should ask the tool.",
       "tool_calls": [
         {"id": "call_8mPz31LkQvT0", "index": 0, "type": "function",
          "function": {"name": "weather", "arguments": "{\"city\":\"Rome\"}",
                       "parsed_arguments": {"city": "Rome"}}},
         {"id": "call_b", "index": 1, "type": "function",
          "function": {"name": "weather", "arguments": "{\"city\":\"Oslo\"}"}}]},
      {"role": "tool", "tool_call_id": "call_8mPz31LkQvT0", "content": "21"},
      {"role": "tool", "tool_call_id": "call_b", "content": "4"},
      {"role": "user", "content": "Thanks. And \ud83d\ude00?"}
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "strict": true, "parameters": {
      "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
      "properties": {"city": {"type": "string"}, "strict": {"type": "boolean"},
                     "additionalProperties": {"type": "object", "additionalProperties": false}},
      "required": ["city"], "additionalProperties": false}}}],
    "tool_choice": "auto", "parallel_tool_calls": true,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
    "temperature": 1.80, "top_p": 0.9, "seed": 7, "n": 2, "max_completion_tokens": 300,
    "logprobs": true, "top_logprobs": 2, "logit_bias": {"50256": -100},
    "frequency_penalty": -0.5, "presence_penalty": 1.5, "user": "u-1", "store": false,
    "metadata": {"a": "b"}, "service_tier": "auto", "reasoning_effort": "low", "verbosity": "low",
    "stream": true, "stream_options": {"include_usage": true}
  })");
}

bool has_key(const Json& value, const std::string& key) {
  if (value.is_object() && value.contains(key)) return true;
  if (!value.is_structured()) return false;
  for (const Json& child : value)
    if (has_key(child, key)) return true;
  return false;
}

TEST(Dialect, AMaxTokensThatIsLoweredStandsUnderTheProvidersName) {
  const auto lowered = [](std::string_view preset, const Json& members) {
    return translated(find_preset(preset)->dialect, request_with(members).dump(), "m", 7400).json();
  };
  EXPECT_EQ(lowered("groq", {{"max_tokens", 80000}})["max_tokens"], 7400);
  EXPECT_EQ(lowered("groq", {{"max_completion_tokens", 80000}})["max_completion_tokens"], 7400);
  EXPECT_EQ(lowered("mistral", {{"max_completion_tokens", 80000}})["max_tokens"], 7400);
  EXPECT_EQ(lowered("openai", {{"max_tokens", 80000}})["max_completion_tokens"], 7400);
  const Json both = lowered("groq", {{"max_completion_tokens", 80000}, {"max_tokens", 300}});
  EXPECT_EQ(both["max_completion_tokens"], 7400);
  EXPECT_EQ(both["max_tokens"], 7400) << "the newer name is what the client means";
  const Json older = lowered("openai", {{"max_completion_tokens", 80000}, {"max_tokens", 300}});
  EXPECT_EQ(older["max_completion_tokens"], 7400);
}

TEST(Dialect, AMaxTokensThatTheClientDidNotSendIsAddedUnderTheProvidersName) {
  const auto added = [](std::string_view preset, const std::string& body) {
    return translated(find_preset(preset)->dialect, body, "m", 4096).json();
  };
  const std::string plain = request_with(Json::object()).dump();
  EXPECT_EQ(added("groq", plain)["max_tokens"], 4096);
  const Json for_openai = added("openai", plain);
  EXPECT_EQ(for_openai["max_completion_tokens"], 4096);
  EXPECT_FALSE(for_openai.contains("max_tokens"));
  EXPECT_EQ(added("cloudflare", plain)["max_tokens"], 4096) << "in place of the one that its dialect adds";
  EXPECT_EQ(added("groq", request_with({{"max_tokens", nullptr}}).dump())["max_tokens"], 4096);
}

TEST(Dialect, ChangesNothingThatNeedsNoChange) {
  const std::string body =
      "{ \"model\" : \"m\",\n \"messages\":[ {\"role\":\"user\",\"content\":\"caf\\u00e9\"} ], "
      "\"temperature\":1.50 }";
  for (const Preset& preset : builtin_presets()) {
    if (preset.name == "cloudflare") continue;  // adds max_tokens
    wire::ChatRequest request;
    ASSERT_FALSE(wire::read_chat_request(body, request));
    const Translation translation = translate(preset.dialect, "m", request, body);
    EXPECT_TRUE(translation.edits.empty()) << preset.name;
    EXPECT_TRUE(translation.changes.empty()) << preset.name;
  }
}

TEST(Dialect, KeepsTheBytesOfWhatItDoesNotChange) {
  const std::string body =
      "{ \"seed\" : 7 ,\"messages\":[ {\"role\":\"user\",\"content\":\"caf\\u00e9\"} ],\"user\":\"x\", "
      "\"temperature\":0.50 , \"model\":\"m\", \"store\":true }";
  EXPECT_EQ(translated(find_preset("mistral")->dialect, body).body,
            "{ \"random_seed\" : 7 ,\"messages\":[ {\"role\":\"user\",\"content\":\"caf\\u00e9\"} ],"
            "\"temperature\":0.50 , \"model\":\"m\" }");
}

// Whatever a provider wants, the request stays one: valid, with the same texts and calls that find their
// results, and what was adapted once needs no more.
TEST(Dialect, EveryPresetLeavesAWholeRequest) {
  for (const Preset& preset : builtin_presets()) {
    for (const std::string model : {"m", "gemini-3.5-flash", "codestral-latest", "openai/gpt-oss-120b"}) {
      SCOPED_TRACE(std::string(preset.name) + "/" + model);
      const Translated result = for_preset(preset.name, full_request(), model);
      const Json json = result.json();
      std::string conversation;
      std::vector<std::string> calls;
      std::vector<std::string> results;
      for (const Json& message : json["messages"]) {
        conversation += message["content"].dump();
        if (message.contains("tool_calls"))
          for (const Json& call : message["tool_calls"]) calls.push_back(call["id"]);
        if (message.contains("tool_call_id")) results.push_back(message["tool_call_id"]);
      }
      for (const std::string text : {"Be short.\\nAnd \\\"kind\\\".", "Metric units.", "Weather in Rome",
                                     "data:image/png;base64,AAAA", "21", "Thanks."})
        EXPECT_NE(conversation.find(text), std::string::npos) << text;
      EXPECT_EQ(calls.size(), 2U);
      EXPECT_EQ(calls, results);
      EXPECT_EQ(json["tools"][0]["function"]["parameters"]["properties"]["city"]["type"], "string");
      EXPECT_TRUE(json["tools"][0]["function"]["parameters"]["properties"].contains("strict"));
      EXPECT_TRUE(json["tools"][0]["function"]["parameters"]["properties"].contains("additionalProperties"));
      EXPECT_EQ(json["response_format"]["type"], "json_schema");
      EXPECT_EQ(json["stream"], true);
      const Translated again = translated(preset.dialect, result.body, model);
      EXPECT_EQ(again.body, result.body);
      EXPECT_TRUE(again.changes.empty()) << again.changes.front();
    }
  }
}

TEST(Dialect, MistralTakesOnlyWhatItsSchemaNames) {
  const Json json = for_preset("mistral", full_request()).json();
  for (const char* name : {"seed", "max_completion_tokens", "logprobs", "top_logprobs", "logit_bias", "user",
                           "store", "service_tier", "verbosity", "stream_options"})
    EXPECT_FALSE(json.contains(name)) << name;
  EXPECT_EQ(json["random_seed"], 7);
  EXPECT_EQ(json["max_tokens"], 300);
  EXPECT_EQ(json["temperature"], 1.5);
  EXPECT_EQ(json["reasoning_effort"], "none");
  EXPECT_EQ(json["n"], 2);
  EXPECT_EQ(json["metadata"]["a"], "b");
  const Json& messages = json["messages"];
  EXPECT_EQ(messages[0]["role"], "system");
  EXPECT_FALSE(messages[2].contains("name"));
  for (const char* field : {"reasoning_content", "refusal", "annotations", "parsed_arguments"})
    EXPECT_FALSE(has_key(messages, field)) << field;
  const std::string id = messages[3]["tool_calls"][0]["id"];
  EXPECT_EQ(id.size(), 9U);
  EXPECT_TRUE(
      std::ranges::all_of(id, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }));
  EXPECT_NE(id, messages[3]["tool_calls"][1]["id"]);
}

TEST(Dialect, AToolCallKeepsItsNineCharactersForever) {
  const Json first = for_preset("mistral", full_request()).json();
  const Json second = for_preset("mistral", full_request()).json();
  EXPECT_EQ(first["messages"][3], second["messages"][3]);
  EXPECT_EQ(first["messages"][4]["tool_call_id"], first["messages"][3]["tool_calls"][0]["id"]);
  // A value that others may have stored: it must not change with a release.
  EXPECT_EQ(first["messages"][3]["tool_calls"][0]["id"], "6C8T3AYGH");
  Json body = full_request();
  body["messages"][3]["tool_calls"][0]["id"] = body["messages"][4]["tool_call_id"] = "aB3dE5gH9";
  EXPECT_EQ(for_preset("mistral", body).json()["messages"][3]["tool_calls"][0]["id"], "aB3dE5gH9");
}

TEST(Dialect, GroqKnowsReasoningByAnotherNameAndNoNames) {
  const Json json = for_preset("groq", full_request(), "openai/gpt-oss-120b").json();
  for (const char* name : {"logprobs", "top_logprobs", "logit_bias", "n", "verbosity"})
    EXPECT_FALSE(json.contains(name)) << name;
  EXPECT_EQ(json["messages"][3]["reasoning"], "I should ask the tool.");
  EXPECT_FALSE(has_key(json["messages"], "reasoning_content"));
  EXPECT_FALSE(json["messages"][2].contains("name"));
  EXPECT_EQ(json["reasoning_effort"], "low");
  const auto effort = [](const char* asked, const char* model) {
    return for_preset("groq", request_with({{"reasoning_effort", asked}}), model).json()["reasoning_effort"];
  };
  EXPECT_EQ(effort("none", "openai/gpt-oss-20b"), "low");
  EXPECT_EQ(effort("high", "qwen/qwen3.8-27b"), "default");
  EXPECT_EQ(effort("minimal", "qwen/qwen3.8-27b"), "none");
}

TEST(Dialect, GeminiGetsASignatureWhereNoCallHasOne) {
  Json body = full_request();
  Json json = for_preset("gemini", body, "gemini-3.5-flash").json();
  const std::string dummy = "skip_thought_signature_validator";
  EXPECT_EQ(json["messages"][3]["tool_calls"][0]["extra_content"]["google"]["thought_signature"], dummy);
  EXPECT_FALSE(json["messages"][3]["tool_calls"][1].contains("extra_content"));
  // Its own comes back untouched.
  body["messages"][3]["tool_calls"][0]["extra_content"]["google"]["thought_signature"] = "Cr+/CA==";
  json = for_preset("gemini", body, "gemini-3.5-flash").json();
  EXPECT_EQ(json["messages"][3]["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "Cr+/CA==");
  // Nobody else sees it.
  for (const char* other : {"groq", "mistral", "cerebras", "cohere", "nvidia", "openai"})
    EXPECT_FALSE(has_key(for_preset(other, body).json()["messages"], "extra_content")) << other;
  const Json older = for_preset("gemini", full_request(), "gemini-2.5-flash").json();
  EXPECT_FALSE(has_key(older["messages"], "extra_content"));
}

TEST(Dialect, SchemasLoseKeywordsButNoProperties) {
  const Json schema = for_preset("gemini", full_request()).json()["tools"][0]["function"]["parameters"];
  EXPECT_FALSE(schema.contains("$schema"));
  EXPECT_FALSE(schema.contains("additionalProperties"));
  EXPECT_TRUE(schema["properties"].contains("additionalProperties"));
  EXPECT_FALSE(schema["properties"]["additionalProperties"].contains("additionalProperties"));
  EXPECT_FALSE(for_preset("cohere", full_request()).json()["tools"][0]["function"].contains("strict"));
}

TEST(Dialect, FoldsSystemMessagesIntoTheFirstUserMessage) {
  const auto folded = [](const char* messages) {
    Json body = request_with(Json::object());
    body["messages"] = Json::parse(messages);
    return for_preset("codestral", body, "codestral-latest").json()["messages"].dump();
  };
  EXPECT_EQ(folded(R"([{"role":"system","content":"a\n"},{"role":"user","content":"b"}])"),
            R"([{"role":"user","content":"a\n\n\nb"}])");
  EXPECT_EQ(folded(R"([{"role":"user","content":"b"},{"role":"developer","content":"a"}])"),
            R"([{"role":"user","content":"a\n\nb"}])");
  EXPECT_EQ(
      folded(R"([{"role":"system","content":"a"},{"role":"system","content":[{"type":"text","text":"c"}]},)"
             R"({"role":"user","content":[{"type":"text","text":"b"}]}])"),
      R"([{"role":"user","content":[{"type":"text","text":"a\n\nc"},{"type":"text","text":"b"}]}])");
  EXPECT_EQ(folded(R"([{"role":"system","content":"a"}])"), R"([{"role":"user","content":"a"}])");
  // A user message now: what such a one may not have goes too.
  EXPECT_EQ(folded(R"([{"role":"system","name":"x","content":"a"}])"), R"([{"role":"user","content":"a"}])");
  EXPECT_EQ(folded(R"([{"role":"system","content":"a"},{"role":"assistant","content":"b"}])"),
            R"([{"role":"user","content":"a"},{"role":"assistant","content":"b"}])");
  EXPECT_EQ(folded(R"([{"role":"system","content":"a"},{"role":"user","content":null}])"),
            R"([{"role":"user","content":"a"}])");
  // A message that goes takes what is in it along.
  EXPECT_EQ(
      folded(R"([{"role":"system","content":"a","tool_calls":[{"id":"x"}]},{"role":"user","content":"b"}])"),
      R"([{"role":"user","content":"a\n\nb"}])");
}

TEST(Dialect, OfTwoNamesForOneThingTheNewerHolds) {
  const Json both = request_with({{"max_tokens", 5}, {"max_completion_tokens", 9}});
  EXPECT_EQ(for_preset("mistral", both).json()["max_tokens"], 9);
  for (const Preset& preset : builtin_presets()) {
    const Json json = for_preset(preset.name, both).json();
    for (const char* name : {"max_tokens", "max_completion_tokens"})
      EXPECT_EQ(json.value(name, 9), 9) << preset.name << " " << name;
    EXPECT_TRUE(json.contains("max_tokens") || json.contains("max_completion_tokens")) << preset.name;
  }
  const Json null = request_with({{"max_completion_tokens", nullptr}, {"max_tokens", 5}});
  EXPECT_EQ(for_preset("mistral", null).json()["max_tokens"], 5);
  EXPECT_EQ(for_preset("openai", request_with({{"max_tokens", 5}})).json()["max_completion_tokens"], 5);
}

// As translate() does it.
TEST(Dialect, TellsHowManyAnswersReachTheModel) {
  for (const Preset& preset : builtin_presets()) {
    const Json json = for_preset(preset.name, request_with({{"n", 8}})).json();
    EXPECT_EQ(choices_sent(preset.dialect, "m", 8), json.value("n", 1U)) << preset.name;
    EXPECT_EQ(choices_sent(preset.dialect, "m", 1), 1U) << preset.name;
  }
  EXPECT_EQ(choices_sent(find_preset("groq")->dialect, "m", 8), 1U);
  EXPECT_EQ(choices_sent(find_preset("openai")->dialect, "m", 8), 8U);
}

TEST(Dialect, SaysWhatItChanged) {
  const Translated result = for_preset(
      "mistral", request_with({{"seed", 1}, {"user", "x"}, {"temperature", 2}, {"tools", Json::array()}}));
  EXPECT_EQ(result.changes, (std::vector<std::string>{"seed becomes random_seed", "drop user", "drop tools",
                                                      "temperature becomes 1.5"}));
  EXPECT_EQ(for_preset("cloudflare", request_with(Json::object())).json()["max_tokens"], 2048);
  EXPECT_EQ(for_preset("cloudflare", request_with({{"max_completion_tokens", 7}})).json()["max_tokens"], 7);
}

TEST(Dialect, ClampsNumbersAndDropsWhatIsNotAccepted) {
  const Json json = for_preset("cohere", request_with({{"frequency_penalty", -0.5},
                                                       {"presence_penalty", 1.5},
                                                       {"tool_choice", "auto"},
                                                       {"reasoning_effort", "medium"}}))
                        .json();
  EXPECT_EQ(json["frequency_penalty"], 0);
  EXPECT_EQ(json["presence_penalty"], 1);
  EXPECT_FALSE(json.contains("tool_choice"));
  EXPECT_EQ(json["reasoning_effort"], "high");
  EXPECT_EQ(for_preset("cohere", request_with({{"tool_choice", "required"}})).json()["tool_choice"],
            "required");
}

// Names and values that mean something else to JSON than to us are nobody's practice, and must do no harm.
TEST(Dialect, StandsOddRequests) {
  for (
      const char* body : {
          R"({"s\u0065ed":1,"model":"m","messages":[{"role":"user"}]})",
          R"({"seed":{"a":[1]},"user":["x"],"model":"m","messages":[{"r\u006fle":"system","content":1}]})",
          R"({"tools":[1,{"function":2},{"function":{"parameters":3}}],"model":"m","messages":[{"tool_calls":4}]})",
          R"({"model":"m","messages":[{"tool_calls":[5,{"id":6}],"role":7,"tool_call_id":null,"name":"x"}]})",
          R"({"temperature":"hot","n":null,"model":"m","messages":[{}]})",
      }) {
    for (const Preset& preset : builtin_presets()) {
      const Translated result = translated(preset.dialect, body, "gemini-3-codestral");
      EXPECT_TRUE(Json::accept(result.body)) << preset.name << result.body;
    }
  }
}

}  // namespace
}  // namespace weir::providers
