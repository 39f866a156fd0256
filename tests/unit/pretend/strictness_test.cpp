// What each manner refuses of requests that OpenAI would take, and in which words.
#include "pretend/strictness.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "pretend/manner.hpp"

namespace weir::pretend {
namespace {

using nlohmann::json;

// To a provider that has the request's model.
Reply answer(Manner manner, const std::string& request) {
  ProviderSpec spec;
  spec.name = "test";
  spec.manner = manner;
  spec.models = {"m",
                 "openai/gpt-oss-20b",
                 "qwen/qwen3.8-27b",
                 "groq/compound",
                 "gemini-3.5-flash",
                 "gemini-2.5-flash",
                 "gemma-3-27b-it"};
  const Reading reading = read_chat(spec, request);
  return reading.refusal.value_or(json_reply(200, std::string("{}")));
}

std::string hello(const std::string& more, const std::string& model = "m") {
  return R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hi"}])" +
         (more.empty() ? "" : "," + more) + "}";
}

std::string history(const std::string& messages, const std::string& model = "m") {
  return R"({"model":")" + model + R"(","messages":[)" + messages + "]}";
}

struct Case {
  Manner manner;
  int status;
  std::string request;
};

TEST(Strictness, MembersOfARequest) {
  const std::string gpt_oss = "openai/gpt-oss-20b";
  const Case cases[] = {
      {Manner::groq, 400, hello(R"("logprobs":true)")},
      {Manner::groq, 400, hello(R"("top_logprobs":2)")},
      {Manner::groq, 400, hello(R"("logit_bias":{})")},
      {Manner::groq, 400, hello(R"("n":2)")},
      {Manner::groq, 200, hello(R"("n":1,"user":"u","seed":1,"logprobs":null)")},
      {Manner::groq, 400, hello(R"("reasoning_effort":"none")", gpt_oss)},
      {Manner::groq, 200, hello(R"("reasoning_effort":"low")", gpt_oss)},
      {Manner::groq, 200, hello(R"("reasoning_effort":"none")", "qwen/qwen3.8-27b")},
      {Manner::groq, 400, hello(R"("reasoning_effort":"high")", "qwen/qwen3.8-27b")},
      {Manner::groq, 400, hello(R"("tools":[{}])", "groq/compound")},
      {Manner::mistral, 422, hello(R"("max_completion_tokens":5)")},
      {Manner::mistral, 422, hello(R"("seed":5)")},
      {Manner::mistral, 422, hello(R"("user":"u")")},
      {Manner::mistral, 422, hello(R"("store":false)")},
      {Manner::mistral, 422, hello(R"("logprobs":false)")},
      {Manner::mistral, 422, hello(R"("stream_options":{"include_usage":true})")},
      {Manner::mistral, 422, hello(R"("temperature":1.6)")},
      {Manner::mistral, 200,
       hello(R"("temperature":1.5,"random_seed":1,"max_tokens":9,"n":2,"metadata":{})")},
      {Manner::mistral, 422, hello(R"("reasoning_effort":"low")")},
      {Manner::mistral, 200, hello(R"("reasoning_effort":"high","tool_choice":"required")")},
      {Manner::mistral, 422, hello(R"("tool_choice":"must")")},
      {Manner::gemini, 400, hello(R"("logprobs":true)")},
      {Manner::gemini, 400, hello(R"("logit_bias":{})")},
      {Manner::gemini, 400, hello(R"("user":"u")")},
      {Manner::gemini, 400, hello(R"("store":true)")},
      {Manner::gemini, 400, hello(R"("metadata":{})")},
      {Manner::gemini, 400, hello(R"("service_tier":"auto")")},
      {Manner::gemini, 400, hello(R"("seed":7)")},
      {Manner::gemini, 400, hello(R"("parallel_tool_calls":true)")},
      {Manner::gemini, 200, hello(R"("max_completion_tokens":9,"stream_options":{"include_usage":true})")},
      {Manner::gemini, 400, hello(R"("tools":[{}])", "gemma-3-27b-it")},
      {Manner::cerebras, 400, hello(R"("frequency_penalty":0)")},
      {Manner::cerebras, 400, hello(R"("presence_penalty":0)")},
      {Manner::cerebras, 400, hello(R"("logit_bias":{})")},
      {Manner::cerebras, 400, hello(R"("parallel_tool_calls":false)")},
      {Manner::cerebras, 400, hello(R"("n":2)")},
      {Manner::cerebras, 200, hello(R"("n":1,"user":"u","reasoning_effort":"medium")")},
      {Manner::cohere, 422, hello(R"("n":1)")},
      {Manner::cohere, 422, hello(R"("logit_bias":{})")},
      {Manner::cohere, 422, hello(R"("top_logprobs":1)")},
      {Manner::cohere, 422, hello(R"("store":true)")},
      {Manner::cohere, 422, hello(R"("metadata":{})")},
      {Manner::cohere, 422, hello(R"("service_tier":"auto")")},
      {Manner::cohere, 422, hello(R"("parallel_tool_calls":true)")},
      {Manner::cohere, 422, hello(R"("reasoning_effort":"low")")},
      {Manner::cohere, 200, hello(R"("reasoning_effort":"high","seed":1,"presence_penalty":1)")},
      {Manner::cohere, 422, hello(R"("presence_penalty":1.5)")},
      {Manner::cohere, 422, hello(R"("tools":[{"type":"function","function":{"name":"f","strict":true}}])")},
      {Manner::nvidia, 400, hello(R"("max_completion_tokens":5)")},
      {Manner::nvidia, 400, hello(R"("reasoning_effort":"low")")},
      {Manner::nvidia, 200, hello(R"("max_tokens":5,"seed":1)")},
      {Manner::plain, 200, hello(R"("logprobs":true,"n":3,"anything":1)")},
  };
  for (const Case& one : cases)
    EXPECT_EQ(answer(one.manner, one.request).head.status, one.status)
        << name(one.manner) << " " << one.request << " " << answer(one.manner, one.request).body;
}

TEST(Strictness, MembersOfMessages) {
  const std::string thought =
      R"({"role":"assistant","content":"a","reasoning_content":"r"},{"role":"user","content":"b"})";
  const std::string named = R"({"role":"user","content":"a","name":"me"})";
  const Case cases[] = {
      {Manner::groq, 400, history(thought)},
      {Manner::groq, 400, history(named)},
      {Manner::mistral, 422, history(thought)},
      {Manner::mistral, 422, history(named)},
      {Manner::gemini, 400, history(thought)},
      {Manner::gemini, 400, history(named)},
      {Manner::cerebras, 400, history(thought)},
      {Manner::cerebras, 200, history(named)},
      {Manner::cohere, 200, history(named)},
      {Manner::nvidia, 200, history(thought)},
      {Manner::mistral, 422, history(R"({"role":"developer","content":"a"})")},
      {Manner::nvidia, 400, history(R"({"role":"developer","content":"a"})")},
      {Manner::groq, 200, history(R"({"role":"developer","content":"a"})")},
      {Manner::gemini, 400, history(R"({"role":"system","content":"a"})", "gemma-3-27b-it")},
      {Manner::mistral, 400, history(R"({"role":"assistant","content":""},{"role":"user","content":"b"})")},
  };
  for (const Case& one : cases)
    EXPECT_EQ(answer(one.manner, one.request).head.status, one.status)
        << name(one.manner) << " " << one.request << " " << answer(one.manner, one.request).body;
}

TEST(Strictness, EachInItsWords) {
  EXPECT_EQ(json::parse(answer(Manner::groq, hello(R"("logprobs":true)")).body)["error"]["message"],
            "property 'logprobs' is unsupported");
  EXPECT_EQ(
      answer(Manner::mistral, hello(R"("seed":5,"user":"u")")).body,
      R"({"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted","input":5},{"type":"extra_forbidden","loc":["body","user"],"msg":"Extra inputs are not permitted","input":"u"}]},"type":"invalid_request_error","param":null,"code":null,"raw_status_code":422})");
  const json gemini = json::parse(answer(Manner::gemini, hello(R"("seed":5)")).body);
  EXPECT_EQ(gemini[0]["error"]["status"], "INVALID_ARGUMENT");
  EXPECT_EQ(gemini[0]["error"]["message"],
            "Invalid JSON payload received. Unknown name \"seed\": Cannot find field.");
  const json cerebras = json::parse(
      answer(Manner::cerebras, history(R"({"role":"assistant","content":"a","reasoning_content":"r"})"))
          .body);
  EXPECT_EQ(cerebras["message"],
            "body.messages.0.reasoning_content: property 'body.messages.0.reasoning_content' is unsupported");
  EXPECT_EQ(
      json::parse(answer(Manner::cohere, hello(R"("reasoning_effort":"low")")).body)["message"],
      "unprocessable entity: reasoning_effort 'medium' and 'low' are not supported. Use 'high' instead");
  EXPECT_EQ(
      json::parse(answer(Manner::nvidia, hello(R"("reasoning_effort":"low")")).body)["error"]["message"],
      "Validation: Unsupported parameter(s): `reasoning_effort`");
}

// A turn in which a tool was called, with more members in the call.
std::string tool_turn(const std::string& id, const std::string& more, const std::string& model) {
  return history(R"({"role":"user","content":"w"},{"role":"assistant","content":null,"tool_calls":[{"id":")" +
                     id + R"(","type":"function","function":{"name":"f","arguments":"{}"})" + more +
                     R"(}]},{"role":"tool","tool_call_id":")" + id + R"(","content":"r"})",
                 model);
}

TEST(Strictness, MistralsToolCallsHaveIdsOfNineAndNoMore) {
  EXPECT_EQ(answer(Manner::mistral, tool_turn("D681PevKs", "", "m")).head.status, 200);
  const Reply wrong_id = answer(Manner::mistral, tool_turn("call_abc", "", "m"));
  EXPECT_EQ(wrong_id.head.status, 400);
  const json body = json::parse(wrong_id.body);
  EXPECT_EQ(body["code"], "3280");
  EXPECT_EQ(body["message"], "Tool call id was call_abc but must be a-z, A-Z, 0-9, with a length of 9.");
  const Reply extra = answer(Manner::mistral, tool_turn("D681PevKs", R"(,"extra_content":{})", "m"));
  EXPECT_EQ(extra.head.status, 422);
  EXPECT_EQ(json::parse(extra.body)["message"]["detail"][0]["loc"],
            json({"body", "messages", 1, "assistant", "tool_calls", 0, "extra_content"}));
}

TEST(Strictness, GeminiThreeWantsItsSignatures) {
  const auto signed_by = [](const std::string& signature) {
    return R"(,"extra_content":{"google":{"thought_signature":")" + signature + R"("}})";
  };
  const Reply unsigned_call = answer(Manner::gemini, tool_turn("id", "", "gemini-3.5-flash"));
  EXPECT_EQ(unsigned_call.head.status, 400);
  EXPECT_TRUE(json::parse(unsigned_call.body)[0]["error"]["message"].get<std::string>().starts_with(
      "Function call is missing a thought_signature in functionCall parts."));
  EXPECT_EQ(answer(Manner::gemini, tool_turn("id", signed_by("other"), "gemini-3.5-flash")).head.status, 400);
  for (const std::string& signature : {std::string(kSkipSignature), std::string(kPretendSignature) + "1"})
    EXPECT_EQ(answer(Manner::gemini, tool_turn("id", signed_by(signature), "gemini-3.5-flash")).head.status,
              200);
  EXPECT_EQ(answer(Manner::gemini, tool_turn("id", "", "gemini-2.5-flash")).head.status, 200);
  // A turn that is over.
  json old = json::parse(tool_turn("id", "", "gemini-3.5-flash"));
  old["messages"].push_back({{"role", "user"}, {"content", "and now?"}});
  EXPECT_EQ(answer(Manner::gemini, old.dump()).head.status, 200);
}

TEST(Strictness, GeminiWantsResultsOfCallsThatWereMade) {
  EXPECT_EQ(answer(Manner::gemini, history(R"({"role":"user","content":"w"},
                                               {"role":"tool","tool_call_id":"x","content":"r"})"))
                .head.status,
            400);
}

// Whatever it is answered, nothing is thrown.
TEST(Strictness, WrongShapesAreOnlyWrong) {
  const std::string odd[] = {
      "1",
      R"("x")",
      "[]",
      "[1]",
      "{}",
      R"({"a":1})",
      R"([{"function":1}])",
      "null",
      R"([{"function":{"name":1,"parameters":{"required":[1,"a"],"properties":[]}}}])"};
  for (const Manner manner : kManners) {
    for (const std::string& value : odd) {
      for (const char* member :
           {"tools", "tool_choice", "stream_options", "reasoning_effort", "n", "max_tokens"})
        EXPECT_NE(answer(manner, hello("\"" + std::string(member) + "\":" + value)).head.status, 500);
      for (const char* member : {"content", "role", "tool_calls", "tool_call_id", "name"})
        EXPECT_NE(
            answer(manner, history("{\"" + std::string(member) + "\":" + value + "}", "gemini-3.5-flash"))
                .head.status,
            500);
    }
  }
}

}  // namespace
}  // namespace weir::pretend
