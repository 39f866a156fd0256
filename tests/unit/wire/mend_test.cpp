#include "weir/wire/mend.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "weir/wire/answer.hpp"

namespace weir::wire {
namespace {

const AnswerOrigin kOrigin{.request_id = "req_1", .model = "vendor/\"m\"", .created = 42};
const CountedUsage kCounted{.prompt_tokens = 7, .completion_tokens = 3, .estimated = true};

// As the gateway does it: the second look only where the first one asks for it.
std::string mended(const std::string& body) {
  if (!read_answer(body).may_need_mending) return body;
  std::string out;
  append_spliced(out, body, edits_for_answer(body, kOrigin, kCounted));
  return out;
}

class Chunks {
 public:
  std::string next(const std::string& data, ChunkUsage usage = ChunkUsage::pass) {
    if (usage == ChunkUsage::pass && !mender_.wants(read_event(data))) return data;
    std::string out;
    append_spliced(out, data, mender_.edits(data, usage));
    return out;
  }

 private:
  ChunkMender mender_{kOrigin};
};

std::string answer(const std::string& choice) {
  return R"({"id":"a","object":"chat.completion","created":1,"model":"m","choices":[)" + choice +
         R"(],"usage":{"total_tokens":1}})";
}
constexpr const char* kRole = R"("role":"assistant")";
std::string message(const std::string& members) {
  return answer(R"({"index":0,"message":{)" + members + (members.empty() ? "" : ",") + kRole +
                R"(},"finish_reason":"stop"})");
}
std::string chunk(const std::string& choice) {
  return R"({"id":"a","object":"chat.completion.chunk","created":1,"model":"m","choices":[)" + choice + "]}";
}
std::string delta(const std::string& members) {
  return chunk(R"({"index":0,"delta":{)" + members + (members.empty() ? "" : ",") + kRole + "}}");
}

struct Case {
  const char* what;
  std::string given;
  std::string wanted;
};

void check_answers(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    EXPECT_EQ(mended(one.given), one.wanted) << one.what;
    EXPECT_EQ(mended(one.wanted), one.wanted) << one.what << ", once more";
  }
}
void check_chunks(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    EXPECT_EQ(Chunks().next(one.given), one.wanted) << one.what;
    EXPECT_EQ(Chunks().next(one.wanted), one.wanted) << one.what << ", once more";
  }
}

// Answers as these providers gave them, shortened.
TEST(Mend, AWholeAnswerKeepsItsBytes) {
  for (
      const std::string& body : std::vector<std::string>{
          // OpenAI
          R"({
  "id": "chatcmpl-B9", "object": "chat.completion", "created": 1741569952, "model": "gpt-4.1-2025-04-14",
  "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!", "refusal": null, "annotations": []},
    "logprobs": null, "finish_reason": "stop"}],
  "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29}, "service_tier": "default"
})",
          // Groq
          R"({"id":"chatcmpl-2","object":"chat.completion","created":1769093707,"model":"openai/gpt-oss-120b","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","reasoning_content":"so"},"logprobs":null,"finish_reason":"stop"}],"usage":{"queue_time":0.05,"prompt_tokens":72,"prompt_time":1.20e-3,"completion_tokens":2,"total_tokens":74},"x_groq":{"id":"req_01"}})",
          // Cerebras
          R"({"id":"chatcmpl-9","choices":[{"finish_reason":"stop","index":0,"message":{"content":"Hi","role":"assistant"}}],"created":1769093707,"model":"gpt-oss-120b","system_fingerprint":"fp","object":"chat.completion","usage":{"prompt_tokens":72,"completion_tokens":2,"total_tokens":74},"time_info":{"created":1769093707.123}})",
          // Gemini
          R"({"choices":[{"finish_reason":"stop","index":0,"message":{"content":"Hi","extra_content":{"google":{"thought_signature":"Cg=="}},"role":"assistant"}}],"created":1769093707,"id":"y9Jx","model":"gemini-2.5-flash","object":"chat.completion","usage":{"completion_tokens":2,"prompt_tokens":5,"total_tokens":90}})",
          // Mistral
          R"({"id":"cmpl-e5","created":1769093707,"model":"mistral-small-latest","usage":{"prompt_tokens":5,"total_tokens":7,"completion_tokens":2},"object":"chat.completion","choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant","tool_calls":null,"content":"Hi"}}]})",
          // OpenRouter
          R"({"id":"gen-1","provider":"X","model":"z/m:free","object":"chat.completion","created":1769093707,"choices":[{"logprobs":null,"finish_reason":"stop","native_finish_reason":"STOP","index":0,"message":{"role":"assistant","content":"Hi","refusal":null,"reasoning":null,"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7,"cost":0}})",
          // Not an answer, and odd ones
          R"({"id":"a"})",
          R"({})",
          R"([])",
          R"({"choices":[]})",
          R"({"choices":{"message":{"role":"assistant"}}})",
          "",
          "nothing",
          R"({"choices":[{"message":{"content":[,"role":"assistant"}]})",
      }) {
    EXPECT_EQ(mended(body), body);
  }
}

TEST(Mend, AWholeChunkKeepsItsBytes) {
  for (
      const std::string& data : std::vector<std::string>{
          R"({"id":"chatcmpl-8","object":"chat.completion.chunk","created":1769093707,"model":"m","choices":[{"index":0,"delta":{"content":" token","role":"assistant"},"logprobs":null,"finish_reason":null}]})",
          R"({"choices":[{"delta":{"content":"a","role":"assistant"},"index":0}],"created":1,"id":"y","model":"gemini","object":"chat.completion.chunk"})",
          R"({"id":"gen-1","provider":"X","model":"m","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":null,"reasoning_details":[]},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]})",
          R"({"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{}]})",  // Azure
          delta(
              R"("tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}])"),
          delta(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}])"),
          delta(R"("tool_calls":[{"index":3,"function":{"arguments":"1}"}}])"),
          delta(R"("reasoning_content":"so","reasoning":"so")"),
          chunk(R"({"index":0,"delta":{"role":"assistant"},"finish_reason":"stop"})"),
          chunk(R"({"index":0,"delta":{"content":"a","role":"assistant"},"finish_reason":""})"),
          R"({"type":"ping"})",
          R"({"choices":7})",
          "[1]",
          "7",
          "nothing",
          R"({"choices":[{"delta":{"content":[1,"role":"assistant"})",
      }) {
    EXPECT_EQ(Chunks().next(data), data);
  }
}

TEST(Mend, TheHeadOfAnAnswer) {
  const std::string rest =
      R"("choices":[{"index":0,"message":{"content":"a","role":"assistant"},"finish_reason":"stop"}],"usage":{"total_tokens":1}})";
  const std::string id = R"("id":"chatcmpl-req_1")";
  const std::string object = R"("object":"chat.completion")";
  const std::string created = R"("created":42)";
  const std::string model = R"("model":"vendor/\"m\"")";
  check_answers({
      {"all", "{" + rest, "{" + id + "," + object + "," + created + "," + model + "," + rest},
      {"nulls", R"({ "id" : null, "model":null,"object":null, "created" :null,)" + rest,
       R"({ "id" : "chatcmpl-req_1", "model":"vendor/\"m\"","object":"chat.completion", "created" :42,)" +
           rest},
      {"id", R"({"created":1.0,"model":"m","object":"chat.completion",)" + rest,
       "{" + id + R"(,"created":1.0,"model":"m","object":"chat.completion",)" + rest},
      {"an escaped key is the same key", R"({"\u0069d":"x","created":1,"model":"m","object":"o",)" + rest,
       R"({"\u0069d":"x","created":1,"model":"m","object":"o",)" + rest},
      {"white space", "\n{ \n" + rest + "\n",
       "\n{" + id + "," + object + "," + created + "," + model + ", \n" + rest + "\n"},
  });
  check_chunks({
      {"chunk",
       R"({"id":"a","created":1,"model":"m","choices":[{"delta":{"content":"a","role":"assistant"}}]})",
       R"({"object":"chat.completion.chunk","id":"a","created":1,"model":"m","choices":[{"delta":{"content":"a","role":"assistant"}}]})"},
      {"usage chunk", R"({"id":"a","object":"o","model":"m","choices":[],"usage":{}})",
       R"({"created":42,"id":"a","object":"o","model":"m","choices":[],"usage":{}})"},
  });
}

TEST(Mend, ALaterChunkLacksWhatTheFirstOneSaid) {
  Chunks chunks;
  chunks.next(
      R"({"id":"x1","object":"o","created":5.0,"model":"m","choices":[{"delta":{"content":"a","role":"assistant"}}]})");
  EXPECT_EQ(
      chunks.next(R"({"choices":[{"delta":{"content":"b","role":"assistant"}}]})"),
      R"({"id":"x1","object":"chat.completion.chunk","created":5.0,"model":"m","choices":[{"delta":{"content":"b","role":"assistant"}}]})");
}

TEST(Mend, TheFinishReasonOfAnAnswer) {
  const std::string said = R"("index":0,"message":{"content":"a","role":"assistant"})";
  const std::string call =
      R"("message":{"tool_calls":[{"id":"x","type":"function","function":{"name":"f"}}],"role":"assistant"})";
  check_answers({
      {"missing", answer("{" + said + "}"), answer(R"({"finish_reason":"stop",)" + said + "}")},
      {"null", answer("{" + said + R"(,"finish_reason":null})"),
       answer("{" + said + R"(,"finish_reason":"stop"})")},
      {"empty", answer("{" + said + R"(,"finish_reason":""})"),
       answer("{" + said + R"(,"finish_reason":"stop"})")},
      {"calls", answer("{" + call + R"(,"finish_reason":null})"),
       answer("{" + call + R"(,"finish_reason":"tool_calls"})")},
      {"no calls", answer(R"({"message":{"tool_calls":[],"role":"assistant"},"finish_reason":null})"),
       answer(R"({"message":{"tool_calls":[],"role":"assistant"},"finish_reason":"stop"})")},
      {"the older form",
       answer(R"({"message":{"function_call":{"name":"f"},"role":"assistant"},"finish_reason":null})"),
       answer(
           R"({"message":{"function_call":{"name":"f"},"role":"assistant"},"finish_reason":"function_call"})")},
      {"an empty choice", answer("{}"), answer(R"({"finish_reason":"stop"})")},
      {"each choice for itself",
       answer("{" + call + R"(,"finish_reason":null},{)" + said + R"(},{"finish_reason":"length"})"),
       answer("{" + call + R"(,"finish_reason":"tool_calls"},{"finish_reason":"stop",)" + said +
              R"(},{"finish_reason":"length"})")},
      {"Mistral's own word", answer("{" + said + R"(,"finish_reason":"model_length"})"),
       answer("{" + said + R"(,"finish_reason":"length"})")},
  });
  check_chunks({
      {"Mistral's own word", chunk(R"({"delta":{"role":"assistant"},"finish_reason":"model_length"})"),
       chunk(R"({"delta":{"role":"assistant"},"finish_reason":"length"})")},
  });
}

TEST(Mend, ReasoningHasOneName) {
  const std::vector<Case> members = {
      {"renamed", R"("content":"a","reasoning":"b \"c\" \u00e9","role":"assistant")",
       R"("content":"a","reasoning_content":"b \"c\" \u00e9","role":"assistant")"},
      {"first member", R"( "reasoning" : "b","content":"")", R"( "reasoning_content" : "b","content":"")"},
      {"an escaped key", R"("reas\u006fning":"b")", R"("reasoning_content":"b")"},
      {"details stay", R"("reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b"}])",
       R"("reasoning_content":"b","reasoning_details":[{"type":"reasoning.text","text":"b"}])"},
      {"there already", R"("reasoning":"b","reasoning_content":"c")",
       R"("reasoning":"b","reasoning_content":"c")"},
      {"a null changes places", R"("reasoning":"b","reasoning_content":null)",
       R"("reasoning_content":"b","reasoning":null)"},
      {"not a string", R"("reasoning":null)", R"("reasoning":null)"},
      {"nor an object", R"("reasoning":{"effort":"low"})", R"("reasoning":{"effort":"low"})"},
  };
  for (const Case& one : members) {
    check_answers({{one.what, message(one.given), message(one.wanted)}});
    check_chunks({{one.what, delta(one.given), delta(one.wanted)}});
  }
}

TEST(Mend, ContentPartsBecomeText) {
  const std::vector<Case> members = {
      {"thinking and text",
       R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"h\"m"}]},{"type":"text","text":"a\n"},{"type":"text","text":"b"}])",
       R"("reasoning_content":"h\"m","content":"a\nb")"},
      {"thinking alone",
       R"("role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}])",
       R"("reasoning_content":"hm","role":"assistant","content":"")"},
      {"text alone", R"("content":[{"type":"text","text":"a"}])", R"("content":"a")"},
      {"thinking as a string", R"("content":[{"thinking":"hm","type":"thinking"}])",
       R"("reasoning_content":"hm","content":"")"},
      {"text of a thinking part", R"("content":[{"text":"hm","type":"thinking"}])",
       R"("reasoning_content":"hm","content":"")"},
      {"other parts",
       R"("content":["a",{"type":"reference","reference_ids":[1]},{"type":"image_url","image_url":"x"},{"type":"output_text","text":"b"},7,null])",
       R"("content":"ab")"},
      {"nothing", R"("content":[])", R"("content":"")"},
      {"half a character each", R"("content":[{"text":"\ud83d"},{"text":"\ude00"}])",
       R"("content":"\ud83d\ude00")"},
      {"reasoning is there", R"("reasoning_content":"x","content":[{"type":"thinking","thinking":"hm"}])",
       R"("reasoning_content":"x","content":"")"},
      {"reasoning is null", R"("reasoning_content":null,"content":[{"type":"thinking","thinking":"hm"}])",
       R"("reasoning_content":"hm","content":"")"},
  };
  for (const Case& one : members) {
    check_answers({{one.what, message(one.given), message(one.wanted)}});
    check_chunks({{one.what, delta(one.given), delta(one.wanted)}});
  }
}

TEST(Mend, AToolCallsIdAndType) {
  const auto calls = [](const std::string& call) { return message(R"("tool_calls":[)" + call + "]"); };
  check_answers({
      {"type",
       calls(
           R"({"id":"x","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}})"),
       calls(
           R"({"type":"function","id":"x","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}})")},
      {"null", calls(R"({"id":"x","type":null,"function":{}})"),
       calls(R"({"id":"x","type":"function","function":{}})")},
      {"another type", calls(R"({"id":"x","type":"custom"})"), calls(R"({"id":"x","type":"custom"})")},
  });
  for (const std::string call : {R"({"function":{"name":"f"}})", R"({"id":null,"function":{"name":"f"}})",
                                 R"({"function":{"name":"f"},"id":""})", "{}"}) {
    const auto parsed = nlohmann::json::parse(mended(calls(std::string(call) + "," + call)));
    const auto& both = parsed["choices"][0]["message"]["tool_calls"];
    const std::string id = both[0]["id"];
    EXPECT_TRUE(id.starts_with("call_")) << id;
    EXPECT_LE(id.size(), 40U);  // OpenAI's own limit
    EXPECT_NE(both[1]["id"], id);
    EXPECT_EQ(both[1]["type"], "function");
    EXPECT_EQ(mended(calls(std::string(call) + "," + call)), mended(calls(std::string(call) + "," + call)));
  }
}

// The tool calls of deltas, each list in a chunk of its own, after mending.
std::vector<nlohmann::json> placed(const std::vector<std::string>& lists) {
  Chunks chunks;
  std::vector<nlohmann::json> all;
  for (const std::string& list : lists) {
    const auto parsed = nlohmann::json::parse(chunks.next(delta(R"("tool_calls":[)" + list + "]")));
    for (const auto& call : parsed["choices"][0]["delta"]["tool_calls"]) all.push_back(call);
  }
  return all;
}

std::vector<int> indexes(const std::vector<std::string>& lists) {
  std::vector<int> all;
  for (const auto& call : placed(lists)) all.push_back(call["index"]);
  return all;
}

TEST(Mend, ToolCallDeltasGetTheirIndex) {
  const auto whole = [](const std::string& id) {
    return R"({"id":")" + id + R"(","type":"function","function":{"name":"f","arguments":"{}"}})";
  };
  const auto at = [](int index, const std::string& id) {
    return R"({"index":)" + std::to_string(index) + R"(,"id":")" + id +
           R"(","type":"function","function":{"name":"f","arguments":"{}"}})";
  };
  const std::string more = R"({"function":{"arguments":"x"}})";
  using Indexes = std::vector<int>;
  EXPECT_EQ(indexes({whole("a")}), Indexes({0}));
  EXPECT_EQ(indexes({whole("a") + "," + whole("b")}), Indexes({0, 1}));
  EXPECT_EQ(indexes({whole("a"), whole("b"), whole("c")}), Indexes({0, 1, 2}));
  EXPECT_EQ(indexes({whole("a") + "," + whole("b"), whole("c")}), Indexes({0, 1, 2}));
  EXPECT_EQ(indexes({whole("a"), more, whole("b"), more}), Indexes({0, 0, 1, 1}));
  EXPECT_EQ(indexes({whole("a") + "," + whole("b"), more + "," + more}), Indexes({0, 1, 0, 1}));
  EXPECT_EQ(indexes({whole("a"), whole("a")}), Indexes({0, 0}));  // its id said again
  EXPECT_EQ(indexes({at(0, "a"), whole("b")}), Indexes({0, 1}));
  EXPECT_EQ(indexes({R"({"index":null,"id":"a"})"}), Indexes({0}));
  // Without ids a name begins a call.
  EXPECT_EQ(indexes({R"({"function":{"name":"f","arguments":"{}"}})",
                     R"({"function":{"name":"f","arguments":"{}"}})"}),
            Indexes({0, 1}));
  // Two calls under one index: the second is moved, and so is what belongs to it.
  EXPECT_EQ(indexes({at(0, "a"), at(0, "b")}), Indexes({0, 1}));
  EXPECT_EQ(indexes({at(0, "a"), at(0, "b"), R"({"index":0,"function":{"arguments":"x"}})", at(1, "c")}),
            Indexes({0, 1, 1, 2}));
  // An id that changes from delta to delta begins no call.
  EXPECT_EQ(indexes({at(0, "a"), R"({"index":0,"id":"b","function":{"arguments":"x"}})"}), Indexes({0, 0}));
  EXPECT_EQ(indexes({at(2, "a"), at(5, "b")}), Indexes({2, 5}));
}

TEST(Mend, TheFirstDeltaOfACallGetsIdAndType) {
  const auto calls = placed({R"({"index":0,"function":{"name":"f","arguments":""}})",
                             R"({"index":0,"function":{"arguments":"{}"}})",
                             R"({"index":1,"id":"","function":{"name":"g"}})",
                             R"({"index":2,"id":"x","function":{"name":"h"},"extra_content":{"a":[1]}})"});
  EXPECT_TRUE(std::string(calls[0]["id"]).starts_with("call_"));
  EXPECT_EQ(calls[0]["type"], "function");
  EXPECT_FALSE(calls[1].contains("id"));
  EXPECT_FALSE(calls[1].contains("type"));
  EXPECT_TRUE(std::string(calls[2]["id"]).starts_with("call_"));
  EXPECT_NE(calls[2]["id"], calls[0]["id"]);
  EXPECT_EQ(calls[3]["id"], "x");
  EXPECT_EQ(calls[3]["type"], "function");
  EXPECT_EQ(calls[3]["extra_content"]["a"][0], 1);
}

TEST(Mend, ChoicesCountTheirCallsEachForItself) {
  Chunks chunks;
  const std::string call = R"({"tool_calls":[{"id":"a","type":"function","function":{"name":"f"}}]})";
  const auto parsed = nlohmann::json::parse(
      chunks.next(chunk(R"({"delta":)" + call + R"(,"index":1},{"delta":)" + call + R"(,"index":0})")));
  EXPECT_EQ(parsed["choices"][0]["delta"]["tool_calls"][0]["index"], 0);
  EXPECT_EQ(parsed["choices"][1]["delta"]["tool_calls"][0]["index"], 0);
}

TEST(Mend, ManyCallsAreLeftAloneAtLast) {
  Chunks chunks;
  std::string last;
  for (int i = 0; i < 300; ++i)
    last = chunks.next(delta(R"("tool_calls":[{"id":"c)" + std::to_string(i) + R"(","type":"function"}])"));
  EXPECT_EQ(last, delta(R"("tool_calls":[{"id":"c299","type":"function"}])"));
}

TEST(Mend, TheUsageOfAnAnswer) {
  const std::string rest =
      R"("id":"a","object":"o","created":1,"model":"m","choices":[{"message":{"role":"assistant"},"finish_reason":"stop"}])";
  const std::string counted =
      R"({"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"estimated":true})";
  check_answers({
      {"missing", "{" + rest + "}", R"({"usage":)" + counted + "," + rest + "}"},
      {"null", "{" + rest + R"(,"usage":null})", "{" + rest + R"(,"usage":)" + counted + "}"},
      {"there", "{" + rest + R"(,"usage":{"total_tokens":1e1}})",
       "{" + rest + R"(,"usage":{"total_tokens":1e1}})"},
  });
}

TEST(Mend, UsageIsWithheldFromAChunk) {
  Chunks chunks;
  const std::string said =
      R"({"id":"a","object":"o","created":1,"model":"m","choices":[{"delta":{"role":"assistant"}}],"usage":)";
  EXPECT_EQ(chunks.next(said + R"({"prompt_tokens":1}})", ChunkUsage::withhold), said + "null}");
  EXPECT_EQ(chunks.next(said + "null}", ChunkUsage::withhold), said + "null}");
}

TEST(Mend, BytesThatAreNotUtf8StayAsTheyAre) {
  const std::string given = R"({"choices":[{"message":{"reasoning":")" + std::string("\xE2\x82") +
                            R"(","content":[{"text":")" + std::string("\xFF") + R"("},{"text":"b"}]}}]})";
  const std::string out = mended(given);
  EXPECT_NE(out.find("\"reasoning_content\":\"\xE2\x82\""), std::string::npos) << out;
  EXPECT_NE(out.find("\"content\":\"\xFF"
                     "b\""),
            std::string::npos)
      << out;
  EXPECT_EQ(mended(out), out);
}

TEST(Mend, HugeAnswersAreMendedToo) {
  const std::string text(3U << 20U, 'x');
  EXPECT_EQ(mended(message(R"("content":[{"type":"text","text":")" + text + R"("}])")),
            message(R"("content":")" + text + "\""));
}

TEST(Mend, APlainAnswersMessageHasARole) {
  const auto choice = [](const std::string& members) {
    return answer(R"({"index":0,"message":{)" + members + R"(},"finish_reason":"stop"})");
  };
  check_answers({
      {"missing", choice(R"("content":"a")"), choice(R"("role":"assistant","content":"a")")},
      {"null", choice(R"("role":null,"content":"a")"), choice(R"("role":"assistant","content":"a")")},
      {"all of it", choice(""), choice(R"("role":"assistant")")},
      {"beside others", choice(R"("reasoning":"b")"),
       choice(R"("role":"assistant","reasoning_content":"b")")},
  });
}

TEST(Mend, AStreamSaysItsRoleOnce) {
  const auto said = [](const std::string& members) {
    return chunk(R"({"index":0,"delta":{)" + members + "}}");
  };
  Chunks chunks;
  EXPECT_EQ(chunks.next(said(R"("content":"a")")), said(R"("role":"assistant","content":"a")"));
  EXPECT_EQ(chunks.next(said(R"("content":"b")")), said(R"("content":"b")"));
  Chunks others;
  EXPECT_EQ(others.next(said(R"("role":"assistant")")), said(R"("role":"assistant")"));
  EXPECT_EQ(others.next(said(R"("content":"b","reasoning":"c")")),
            said(R"("content":"b","reasoning_content":"c")"));
}

}  // namespace
}  // namespace weir::wire
