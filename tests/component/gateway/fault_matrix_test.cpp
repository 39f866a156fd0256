// Every fault of the catalogue, at one provider of two, at all but one of three, at all three, and at one
// that is alone; asked for a whole answer and for a stream. What the client gets, and who was asked how
// often.

#include <gmock/gmock.h>

#include <array>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "component/gateway/fault_catalogue.hpp"
#include "component/gateway/gateway_fixture.hpp"
#include "support/closed_port.hpp"
#include "weir/base/log.hpp"
#include "weir/wire/sse.hpp"

namespace weir::test {
namespace {

using nlohmann::json;
using routing::Next;
using routing::Point;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

struct Who {
  const char* name;
  std::size_t broken;
  std::size_t good;
};
constexpr std::array kWho{Who{"One", 1, 1}, Who{"AllButOne", 2, 1}, Who{"All", 3, 0}, Who{"Alone", 1, 0}};

struct Case {
  Fault fault;
  Who who{};
  bool stream = false;
};

void PrintTo(const Case& test, std::ostream* out) {
  *out << test.fault.name << ", " << test.who.name << (test.stream ? ", stream" : ", plain");
}

// Longer than a target is waited for, whether for its first byte, a whole answer or the next event.
constexpr auto kPatience = 130s;

class FaultTest : public GatewayTest, public ::testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    if (fault_.go_on) *fault_.go_on = false;
    log::hide(Secret(kPlantedKey));
    for (std::size_t i = 0; i < who_.broken; ++i) add(fault_.script, "bad" + std::to_string(i), fault_.reach);
    for (std::size_t i = 0; i < who_.good; ++i) add(serves_both(), "good", Fault::Reach::usual);
    gateway::Settings settings = settings_for(providers_);
    settings.routing.deadline = 20min;  // for three that hang
    start_with(std::move(settings));
  }

  void add(RawProvider::Script script, std::string name, Fault::Reach reach) {
    const bool listens = reach != Fault::Reach::nobody_listens;
    servers_.push_back(listens ? std::make_unique<RawProvider>(std::move(script)) : nullptr);
    providers_.push_back(
        provider_at(std::move(name), listens ? servers_.back()->port() : closed_.emplace_back().port()));
    providers_.back().keys[0].value = Secret(kPlantedKey);
    providers_.back().base_url.tls = reach == Fault::Reach::tls;
  }

  [[nodiscard]] std::size_t requests(std::size_t provider) const {
    return servers_[provider] ? servers_[provider]->requests() : 0;
  }

  // Asks, and lets as much time pass as the fault needs: until each that hangs has been given up, and for
  // one that is alone until its second try.
  RawAnswer ask_with_patience() {
    RawClient client = connect();
    client.send(post(GetParam().stream
                         ? R"({"model":"smart","stream":true,"messages":[{"role":"user","content":"hi"}]})"
                         : R"({"model":"smart","messages":[{"role":"user","content":"hi"}]})"));
    if (fault_.go_on) {
      EXPECT_TRUE(eventually([&] { return client.has_input(); }));
      *fault_.go_on = true;
      if (fault_.hangs) advance(kPatience);
    } else if (fault_.hangs) {
      for (std::size_t i = 0; i < who_.broken; ++i) {
        EXPECT_TRUE(eventually([&] { return requests(i) == 1; }));
        advance(kPatience);
      }
    } else if (expected_tries() > 1) {
      EXPECT_TRUE(eventually([&] {
        advance(50ms);
        return client.has_input();
      }));
    }
    return client.read_answer();
  }

  // At each that is broken.
  [[nodiscard]] std::size_t expected_tries() const {
    const bool is_alone = who_.broken + who_.good == 1;
    return is_alone && routing::rule_for(fault_.point).next == Next::other_or_same ? 2 : 1;
  }
  [[nodiscard]] bool ends_at_the_first() const {
    return routing::rule_for(fault_.point).next == Next::deliver;
  }

  const Fault fault_ = GetParam().fault;
  const Who who_ = GetParam().who;
  std::vector<std::unique_ptr<RawProvider>> servers_;  // null where nobody listens
  std::deque<ClosedPort> closed_;
  std::vector<providers::Provider> providers_;
};

// Of a stream: its events' data, and none of its framing.
std::vector<std::string> data_of(std::string_view body) {
  wire::SseFramer framer;
  EXPECT_TRUE(framer.feed(body));
  std::vector<std::string> all;
  while (const auto event = framer.next())
    if (!event->data.empty()) all.emplace_back(event->data);
  return all;
}

json parsed(const std::string& data) {
  json value = json::parse(data, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(value.is_discarded()) << data;
  return value;
}

void expect_good(const RawAnswer& answer, bool stream) {
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  if (!stream) {
    EXPECT_EQ(answer.body, kGoodAnswer);
    return;
  }
  EXPECT_THAT(answer.field("content-type"), HasSubstr("text/event-stream"));
  const std::vector<std::string> events = data_of(answer.body);
  ASSERT_EQ(events.size(), 3U) << answer.body;
  EXPECT_EQ(parsed(events[0])["choices"][0]["delta"]["content"], "hello");
  EXPECT_EQ(parsed(events[1])["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(events[2], "[DONE]");
}

void expect_error(const RawAnswer& answer, int status, const std::string& code) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.field("content-type"), "application/json");
  const json error = parsed(answer.body)["error"];
  EXPECT_TRUE(error["message"].is_string());
  EXPECT_FALSE(error["message"].get<std::string>().empty());
  EXPECT_EQ(error["code"], code.empty() ? json() : json(code));
  static const std::set<std::string> kTypes{"invalid_request_error", "server_error", "rate_limit_error",
                                            "insufficient_quota"};
  EXPECT_TRUE(kTypes.contains(error["type"])) << error;
}

void expect_honest_end(const RawAnswer& answer) {
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_THAT(answer.body, HasSubstr("hello"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  const std::vector<std::string> events = data_of(answer.body);
  ASSERT_GE(events.size(), 2U) << answer.body;
  const json finish = parsed(events[events.size() - 2]);
  EXPECT_EQ(finish["choices"][0]["finish_reason"], "error") << answer.body;
  const json error = parsed(events.back())["error"];
  EXPECT_EQ(error["type"], "server_error") << answer.body;
  EXPECT_TRUE(error["message"].is_string()) << answer.body;
}

// Neither a key nor where anything stands inside.
void expect_no_secrets(const RawAnswer& answer) {
  std::string all = answer.body;
  for (const auto& [name, value] : answer.fields) all += "\n" + name + ": " + value;
  for (const std::string_view secret :
       {std::string_view(kPlantedKey).substr(0, 10), std::string_view("127.0.0.1:"),
        std::string_view("weir::"), std::string_view("std::"), std::string_view("boost"),
        std::string_view(".cpp"), std::string_view("/home/"), std::string_view("/src/"),
        std::string_view("/v1/chat")})
    EXPECT_THAT(all, Not(HasSubstr(std::string(secret))));
}

TEST_P(FaultTest, EndsAsTheRetryTableSays) {
  const RawAnswer answer = ask_with_patience();
  if (fault_.point == Point::broken_stream)
    expect_honest_end(answer);
  else if (fault_.point == Point::served || (!ends_at_the_first() && who_.good > 0))
    expect_good(answer, GetParam().stream);
  else
    expect_error(answer, fault_.status, fault_.code);
  expect_no_secrets(answer);

  std::size_t attempts = 0;
  const bool is_heard = fault_.reach == Fault::Reach::usual;
  for (std::size_t i = 0; i < who_.broken; ++i) {
    const std::size_t tries = i == 0 || !ends_at_the_first() ? expected_tries() : 0;
    EXPECT_EQ(requests(i), is_heard ? tries : 0) << "at bad" << i;
    attempts += tries;
  }
  if (who_.good > 0) {
    EXPECT_EQ(requests(who_.broken), ends_at_the_first() ? 0U : 1U) << "at the good one";
    attempts += ends_at_the_first() ? 0 : 1;
  }
  EXPECT_LE(attempts, 3U);
  EXPECT_EQ(answer.field("x-weir-attempts"), std::to_string(attempts));
  EXPECT_TRUE(eventually([this] { return server_->connections() == 0; })) << "something is still under way";
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const Fault& fault : all_faults())
    for (const Who& who : kWho)
      for (const bool stream : {false, true})
        if (fault.heavy && who.broken > 1)
          continue;
        else if (fault.asked == Fault::Asked::either || stream == (fault.asked == Fault::Asked::stream))
          all.push_back({fault, who, stream});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Matrix, FaultTest, ::testing::ValuesIn(all_cases()), [](const auto& test) {
  return test.param.fault.name + "_" + test.param.who.name + (test.param.stream ? "_stream" : "_plain");
});

}  // namespace
}  // namespace weir::test
