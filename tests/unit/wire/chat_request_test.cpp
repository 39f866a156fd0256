#include "weir/wire/chat_request.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::wire {
namespace {

constexpr const char* kMessages = R"("messages":[{"role":"user","content":"hi"}])";

std::string request_with(const std::string& members) {
  return R"({"model":"m",)" + std::string(kMessages) + (members.empty() ? "" : "," + members) + "}";
}

ChatRequest read(std::string_view body) {
  ChatRequest request;
  const auto failed = read_chat_request(body, request);
  EXPECT_FALSE(failed) << body << ": " << (failed ? failed->error.message : "");
  return request;
}

ReadFailure refusal(std::string_view body) {
  ChatRequest request;
  auto failed = read_chat_request(body, request);
  EXPECT_TRUE(failed) << body;
  return failed.value_or(ReadFailure{});
}

std::string_view cut(std::string_view body, Span span) {
  return body.substr(span.at, span.size);
}

std::vector<std::string> texts_of(const ChatRequest& request, std::string_view body) {
  std::vector<std::string> texts;
  for (const PromptText& text : request.texts) texts.push_back(text_of(text, body));
  return texts;
}

TEST(ChatRequest, SaysWhatTheGatewayMustKnow) {
  const std::string body = R"( {
    "messages": [ {"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"} ],
    "stream" : true, "max_tokens": 100,
    "model" : "groq/openai/gpt-oss-120b" , "temperature": 0.7
  } )";
  const ChatRequest request = read(body);
  EXPECT_EQ(request.model, "groq/openai/gpt-oss-120b");
  EXPECT_EQ(cut(body, request.model_value), R"("groq/openai/gpt-oss-120b")");
  EXPECT_EQ(body[request.first_member - 1], '{');
  EXPECT_TRUE(request.stream);
  EXPECT_EQ(request.max_tokens, 100U);
  EXPECT_EQ(request.messages, 2U);
  EXPECT_EQ(texts_of(request, body), (std::vector<std::string>{"be brief", "hi"}));
  EXPECT_FALSE(request.stream_options);
  EXPECT_FALSE(request.asks_for_usage || request.uses_tools || request.uses_images ||
               request.uses_json_schema);
}

TEST(ChatRequest, ForgetsWhatStoodThereBefore) {
  ChatRequest request;
  ASSERT_FALSE(read_chat_request(request_with(R"("stream":true,"max_tokens":5,"tools":[{}])"), request));
  ASSERT_FALSE(read_chat_request(request_with(""), request));
  EXPECT_FALSE(request.stream || request.uses_tools || request.max_tokens);
}

TEST(ChatRequest, TakesTheNewerNameOfTheTokenLimitFirst) {
  EXPECT_EQ(read(request_with(R"("max_tokens":1,"max_completion_tokens":2)")).max_tokens, 2U);
  EXPECT_EQ(read(request_with(R"("max_completion_tokens":2,"max_tokens":1)")).max_tokens, 2U);
  EXPECT_EQ(read(request_with(R"("max_completion_tokens":null,"max_tokens":1)")).max_tokens, 1U);
  EXPECT_TRUE(read(request_with(R"("max_completion_tokens":2,"max_tokens":1)")).limits_differ);
  EXPECT_FALSE(read(request_with(R"("max_completion_tokens":2,"max_tokens":2.0)")).limits_differ);
  EXPECT_FALSE(read(request_with(R"("max_completion_tokens":null,"max_tokens":1)")).limits_differ);
  EXPECT_EQ(read(request_with(R"("max_tokens":null)")).max_tokens, std::nullopt);
  EXPECT_EQ(read(request_with(R"("max_tokens":0)")).max_tokens, 0U);
  EXPECT_EQ(read(request_with(R"("max_tokens":256.0)")).max_tokens, 256U);
}

TEST(ChatRequest, KnowsHowManyAnswersAreAskedFor) {
  EXPECT_EQ(read(request_with("")).choices, 1U);
  EXPECT_EQ(read(request_with(R"("n":8)")).choices, 8U);
  EXPECT_EQ(read(request_with(R"("n":2.0)")).choices, 2U);
  EXPECT_EQ(read(request_with(R"("n":1000000)")).choices, kMaxChoices);
  for (const char* other :
       {R"("n":null)", R"("n":0)", R"("n":-3)", R"("n":1.5)", R"("n":"4")", R"("n":1e99)"})
    EXPECT_EQ(read(request_with(other)).choices, 1U) << other;
}

TEST(ChatRequest, KnowsWhatTheModelMustBeAbleToDo) {
  const auto with_content = [](const std::string& content) {
    return read(R"({"model":"m","messages":[{"role":"user","content":)" + content + "}]}");
  };
  EXPECT_TRUE(with_content(R"([{"type":"image_url","image_url":{"url":"data:..."}}])").uses_images);
  EXPECT_TRUE(with_content(R"([{"input_audio":{"data":"..."},"type":"input_audio"}])").uses_images);
  EXPECT_TRUE(with_content(R"([{"type":"text","text":"a"},{"type":"image\u005furl"}])").uses_images);
  EXPECT_FALSE(with_content(R"([{"type":"text","text":"image_url"}])").uses_images);
  EXPECT_FALSE(with_content(R"("image_url")").uses_images);
  EXPECT_TRUE(read(request_with(R"("tools":[{"type":"function"}])")).uses_tools);
  EXPECT_FALSE(read(request_with(R"("tools":[ ])")).uses_tools);
  EXPECT_FALSE(read(request_with(R"("tools":null)")).uses_tools);
  EXPECT_TRUE(read(request_with(R"("response_format":{"json_schema":{"type":"text"},"type":"json_schema"})"))
                  .uses_json_schema);
  EXPECT_TRUE(read(request_with(R"("response_format":{"type":"json_object"})")).uses_json_schema);
  EXPECT_FALSE(read(request_with(R"("response_format":{"type":"text"})")).uses_json_schema);
  EXPECT_TRUE(read(request_with(R"("response_format":{"type":"json_schema"})")).needs_json_schema);
  EXPECT_FALSE(read(request_with(R"("response_format":{"type":"json_object"})")).needs_json_schema);
  EXPECT_FALSE(read(request_with(R"("response_format":null)")).uses_json_schema);
}

// The text of a span of the body.
std::string_view opening_of(std::string_view body) {
  const ChatRequest request = read(body);
  return body.substr(request.opening.at, request.opening.size);
}

TEST(ChatRequest, KnowsHowAConversationBegins) {
  EXPECT_EQ(
      opening_of(
          R"({"model":"m","messages": [ {"role":"system","content":"s"}, {"content":"u","role":"user"} ,)"
          R"({"role":"assistant","content":"a"},{"role":"user","content":"2"}]})"),
      R"([ {"role":"system","content":"s"}, {"content":"u","role":"user"})");
  EXPECT_EQ(
      opening_of(R"({"messages":[{"role":"user","content":[{"type":"text","text":"x"}]}],"model":"m"})"),
      R"([{"role":"user","content":[{"type":"text","text":"x"}]})");
  EXPECT_EQ(opening_of(R"({"model":"m","messages":[{"role":"system","content":"user"}]})"),
            R"([{"role":"system","content":"user"}])");
}

TEST(ChatRequest, KnowsAPromptCacheKeyThatIsText) {
  const std::string body = request_with(R"("prompt_cache_key": "thread-7")");
  const ChatRequest request = read(body);
  ASSERT_TRUE(request.prompt_cache_key);
  EXPECT_EQ(body.substr(request.prompt_cache_key->at, request.prompt_cache_key->size), R"("thread-7")");
  for (const char* other :
       {R"("prompt_cache_key":"")", R"("prompt_cache_key":null)", R"("prompt_cache_key":[1])"})
    EXPECT_FALSE(read(request_with(other)).prompt_cache_key) << other;
}

TEST(ChatRequest, KnowsTheTextAndToolsThatAModelReadsButNoPictures) {
  const std::string body = (R"({"model":"m","messages":[)"
                            R"({"role":"user","content":[{"type":"text","text":"12345"},{"type":"image_url",)"
                            R"("image_url":{"url":"data:image/png;base64,AAAAAAAAAAAA"}}]},)"
                            R"({"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},)"
                            R"({"role":"tool","content":"a\nb"}],)"
                            R"("tools":[{"a":1}]})");
  const ChatRequest request = read(body);
  EXPECT_EQ(request.messages, 3U);
  EXPECT_EQ(request.media, 1U);
  EXPECT_EQ(texts_of(request, body),
            (std::vector<std::string>{"12345", R"([{"id":"1"}])", "a\nb", R"([{"a":1}])"}));
}

TEST(ChatRequest, ASchemaAndFunctionsAreReadByTheModelLikeTools) {
  const std::string body = R"({"model":"m","response_format":{"type":"json_schema",)"
                           R"("json_schema":{"name":"s","schema":{"type":"object"}}},)"
                           R"("messages":[{"role":"user","content":"hi"},)"
                           R"({"role":"assistant","content":null,"function_call":{"name":"f"}}],)"
                           R"("functions":[{"name":"f"}]})";
  EXPECT_EQ(texts_of(read(body), body),
            (std::vector<std::string>{R"({"name":"s","schema":{"type":"object"}})", "hi", R"({"name":"f"})",
                                      R"([{"name":"f"}])"}));
  const std::string other = request_with(R"("response_format":{"type":"json_object"},"functions":null)");
  EXPECT_EQ(texts_of(read(other), other), std::vector<std::string>{"hi"});
}

TEST(ChatRequest, TextIsWhatItsEscapesMean) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"\u00e9 \ud83d\ude00 \ud83d \"q\" \\"}]})";
  EXPECT_EQ(texts_of(read(body), body),
            (std::vector<std::string>{"\xC3\xA9 \xF0\x9F\x98\x80 \xEF\xBF\xBD \"q\" \\"}));
}

TEST(ChatRequest, ReadsStreamOptionsWhereTheyStand) {
  const std::string body = request_with(R"("stream_options" : { "x":[1], "include_usage" : true } )");
  const ChatRequest request = read(body);
  EXPECT_TRUE(request.asks_for_usage);
  EXPECT_EQ(cut(body, *request.stream_options), R"({ "x":[1], "include_usage" : true })");
  EXPECT_EQ(cut(body, *request.include_usage), "true");
  EXPECT_FALSE(read(request_with(R"("stream_options":{"include_usage":false})")).asks_for_usage);
  EXPECT_FALSE(read(request_with(R"("stream_options":{"include_usage":null})")).asks_for_usage);
  EXPECT_TRUE(read(request_with(R"("stream_options":null)")).stream_options);
}

TEST(ChatRequest, ComparesKeysAsTheyAreMeant) {
  const std::string body = R"({"mod\u0065l":"\u0067pt","\u006dessages":[{}]})";
  const ChatRequest request = read(body);
  EXPECT_EQ(request.model, "gpt");
  EXPECT_EQ(cut(body, request.model_value), R"("\u0067pt")");
  EXPECT_EQ(request.messages, 1U);
}

TEST(ChatRequest, RefusesWrongTypesAndNamesTheField) {
  const std::vector<std::pair<std::string, const char*>> rows = {
      {R"({"messages":[{}]})", "model"},
      {R"({"model":"m"})", "messages"},
      {R"({"model":null,"messages":[{}]})", "model"},
      {R"({"model":7,"messages":[{}]})", "model"},
      {R"({"model":"","messages":[{}]})", "model"},
      {R"({"model":["m"],"messages":[{}]})", "model"},
      {R"({"model":"a\ud800","messages":[{}]})", "model"},
      {R"({"model":")" + std::string(257, 'm') + R"(","messages":[{}]})", "model"},
      {R"({"model":"m","messages":[]})", "messages"},
      {R"({"model":"m","messages":{}})", "messages"},
      {R"({"model":"m","messages":"hi"})", "messages"},
      {R"({"model":"m","messages":[{},"hi"]})", "messages"},
      {R"({"model":"m","messages":null})", "messages"},
      {request_with(R"("stream":"true")"), "stream"},
      {request_with(R"("stream":1)"), "stream"},
      {request_with(R"("max_tokens":-1)"), "max_tokens"},
      {request_with(R"("max_tokens":1.5)"), "max_tokens"},
      {request_with(R"("max_tokens":"9")"), "max_tokens"},
      {request_with(R"("max_tokens":18446744073709551617)"), "max_tokens"},
      {request_with(R"("max_completion_tokens":1e99)"), "max_completion_tokens"},
      {request_with(R"("stream_options":[])"), "stream_options"},
      {request_with(R"("stream_options":true)"), "stream_options"},
      {request_with(R"("stream_options":{"include_usage":1})"), "stream_options"},
      {request_with(R"("stream_options":{"include_usage":true,"include_usage":false})"), "stream_options"},
  };
  for (const auto& [body, param] : rows) {
    const ReadFailure failed = refusal(body);
    EXPECT_EQ(failed.error.kind, ErrorKind::invalid_request) << body;
    EXPECT_EQ(failed.param, param) << body;
    EXPECT_NE(failed.error.message.find(param), std::string::npos) << failed.error.message;
  }
  read(R"({"model":")" + std::string(256, 'm') + R"(","messages":[{}]})");
  EXPECT_FALSE(read(request_with(R"("stream":null)")).stream);
}

TEST(ChatRequest, RefusesAKeyTwiceHoweverItIsSpelled) {
  EXPECT_EQ(refusal(R"({"model":"a","messages":[{}],"model":"b"})").param, "model");
  EXPECT_EQ(refusal(R"({"model":"a","messages":[{}],"m\u006fdel":"b"})").param, "model");
  EXPECT_EQ(refusal(request_with(R"("x":1,"y":2,"x":1)")).param, "x");
  EXPECT_EQ(refusal(request_with(R"("\u0078":1,"y":2,"\u0078":1)")).param, "x");
  read(request_with(R"("x":1,"X":2,"metadata":{"x":1,"x":2})"));
  const std::string key = std::string(63, 'k') + "\xC3\xA9" + std::string(100'000, 'k');
  const ReadFailure failed = refusal(request_with("\"" + key + "\":1,\"" + key + "\":2"));
  EXPECT_EQ(failed.param, std::string(63, 'k')) << "a long key is cut, and not inside a character";
}

TEST(ChatRequest, RefusesBrokenJsonAnywhereAndSaysWhere) {
  const ReadFailure failed = refusal("{\"model\":\"m\",\n \"messages\":[{\"content\":tru}]}");
  EXPECT_EQ(failed.param, "");
  EXPECT_NE(failed.error.message.find("line 2, column 25"), std::string::npos) << failed.error.message;
  for (const char* broken : {
           R"("x":01)",
           R"("x":{"y":[nul]})",
           R"("x":"\q")",
           R"("x":"\u12")",
           R"("x":"a)",
           R"("x":)",
           R"("x")",
           R"(,)",
           "\"x\":\"\n\"",
           "\"x\":\"\xFF\"",
           R"("tools":[{]})",
           R"("response_format":{"type":"json_object",})",
           R"("stream_options":{"include_usage":tru})",
           R"("max_tokens":1.)",
           R"("stream":truefalse)",
       }) {
    EXPECT_EQ(refusal(request_with(broken)).param, "") << broken;
  }
  EXPECT_EQ(refusal(R"({"model":"m","messages":[{"content":[{"type":"text","text":"\q"}]}]})").param, "");
}

TEST(ChatRequest, RefusesWhatIsNoObjectOrMoreThanOne) {
  for (const std::string& body :
       {std::string(), std::string("  "), std::string("[]"), std::string("\"model\""), std::string("null"),
        request_with("") + "{}", request_with("") + "x", "\xEF\xBB\xBF" + request_with("")}) {
    EXPECT_EQ(refusal(body).param, "") << body;
  }
  EXPECT_NE(refusal("\xEF\xBB\xBF{}").error.message.find("byte order mark"), std::string::npos);
}

TEST(ChatRequest, RefusesWhatIsTooDeep) {
  const auto nested = [](std::size_t depth) {
    return request_with(R"("x":)" + std::string(depth, '[') + std::string(depth, ']'));
  };
  read(nested(63));
  EXPECT_NE(refusal(nested(64)).error.message.find("64 levels"), std::string::npos);
  refusal(R"({"model":"m","messages":[{"content":)" + std::string(1'000'000, '['));
}

TEST(ChatRequest, LeavesOddButValidValuesAlone) {
  read(request_with(
      R"("x":"\ud800 alone","y":123456789012345678901234567890,"z":1e999,"":0,"\u0000":0,"w":"\u0000")"));
  read(R"({"model":"m","messages":[{"role":7,"content":{"odd":1}},{"content":[1,"two",null]}],)"
       R"("tools":"none"})");
}

TEST(ChatRequest, RefusesMoreMembersThanAnybodyNeeds) {
  const auto with_keys = [](std::size_t count) {
    std::string keys = R"("key0":0)";
    for (std::size_t i = 1; i < count; ++i) keys += ",\"key" + std::to_string(i) + "\":0";
    return request_with(keys);
  };
  const std::size_t own = read(request_with("")).members.size();
  read(with_keys(1000 - own));
  EXPECT_NE(refusal(with_keys(1001 - own)).error.message.find("more than 1000 members"), std::string::npos);
  refusal(with_keys(2'000'000));
}

// Not timed: a quadratic reading would take minutes and end at the test's time-out.
TEST(ChatRequest, StaysLinearInEscapes) {
  std::string escapes;
  for (int i = 0; i < 5'000'000; ++i) escapes += "\\n";
  read(R"({"model":"m","messages":[{"content":")" + escapes + "\"}]}");
  std::string units;
  for (int i = 0; i < 1'600'000; ++i) units += R"(\ud83d\ude00)";
  read(request_with("\"x\":\"" + units + "\""));
}

}  // namespace
}  // namespace weir::wire
