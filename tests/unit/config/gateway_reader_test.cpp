#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fixture.hpp"

namespace weir::config {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Read beside a provider that works.
Loaded load_beside(std::string_view snippet, MapEnvironment environment = {}) {
  return load_snippet(std::string(snippet) + std::string(kLocal), environment);
}

std::vector<std::string> messages(std::string_view snippet, const MapEnvironment& environment = {}) {
  std::vector<std::string> out;
  for (const Problem& problem : load_beside(snippet, environment).problems) out.push_back(problem.message);
  return out;
}

TEST(Configuration, HasTheContractsDefaults) {
  const Loaded loaded = load_beside("");
  ASSERT_TRUE(loaded.ok()) << format_problems(loaded.problems);
  EXPECT_THAT(loaded.problems, IsEmpty());
  const GatewayConfig& config = loaded.config;
  EXPECT_EQ(config.listen.host, "127.0.0.1");
  EXPECT_EQ(config.listen.port, 8484);
  EXPECT_EQ(config.threads, 0U);
  EXPECT_EQ(config.max_connections, 4096U);
  EXPECT_EQ(config.max_body, 32U << 20U);
  EXPECT_EQ(config.drain_timeout, seconds(30));
  EXPECT_THAT(config.client_keys, IsEmpty());
  EXPECT_EQ(config.routing.max_attempts, 3U);
  EXPECT_EQ(config.routing.deadline, seconds(120));
  EXPECT_FALSE(config.routing.allow_paid);
  EXPECT_FALSE(config.routing.no_training);
  EXPECT_EQ(config.routing.sticky, routing::Sticky::conversation);
  EXPECT_EQ(config.routing.sticky_ttl, std::chrono::minutes(10));
  EXPECT_EQ(config.routing.breaker, (quota::BreakerRule{.failures = 5, .open_for = seconds(30)}));
  EXPECT_EQ(config.log.level, log::Level::info);
  EXPECT_EQ(config.log.format, log::Format::automatic);
  EXPECT_TRUE(config.access_log);
  EXPECT_EQ(config.providers.at(0).timeouts, providers::Timeouts());
  EXPECT_EQ(config.file, "weir.yaml");
}

TEST(Configuration, ReadsEveryKeyThatWorks) {
  MapEnvironment environment;
  environment.files = {{"/c/cert", "x"}, {"key.pem", "x"}};
  const Loaded loaded = load_beside(R"(
server:
  listen: "[::1]:9000"
  threads: 2
  max_connections: 10k
  max_body: 64MiB
  drain_timeout: 0s
  allowed_hosts: [Weir.Example.COM, box]
  cors_origins: ["https://App.example.com", "http://localhost:3000", "*"]
  tls: {cert_file: /c/cert, key_file: key.pem}
auth:
  keys:
    - {name: laptop, key: abcdef, models: ["groq/*", smart]}
    - {name: phone, key: defghi, limits: {rpm: 60, tpd: {limit: 2M, window: calendar}, concurrency: 4}}
admin: {key: ghijkl, dashboard: false}
metrics: {enabled: false, token: jklmno}
alerts: {at: [90%, 50%, 90%], webhook: "https://hooks.example.com/T0/B1", secret: mnopqr}
routing: {max_attempts: 5, deadline: 1m, allow_paid: true, tier_patience: 2s, default_class: batch,
          queue: {max_wait: 5s, max_length: 7}, no_training: true, sticky: {by: off, ttl: 1h},
          breaker: {failures: 0, open_for: 1m}, fit_max_tokens: false, min_output: 2k,
          spread: {interactive: even, batch: off}, reserve: {interactive: 10%, normal: 5%},
          peak: {hours: "22:30-06:00", zone: America/Los_Angeles, defer: [normal, batch]}}
timeouts: {connect: 1s, tls: 2s, first_byte: 3s, idle: 4s, total: 5s}
log: {level: debug, format: json, access: false, file: logs/weir.log}
)",
                                    environment);
  ASSERT_TRUE(loaded.ok()) << format_problems(loaded.problems);
  EXPECT_THAT(loaded.problems, IsEmpty());
  const GatewayConfig& config = loaded.config;
  EXPECT_EQ(config.listen.host, "::1");
  EXPECT_EQ(config.listen.port, 9000);
  EXPECT_EQ(config.threads, 2U);
  EXPECT_EQ(config.max_connections, 10'000U);
  EXPECT_EQ(config.max_body, 64U << 20U);
  EXPECT_EQ(config.drain_timeout, Duration::zero());
  EXPECT_THAT(config.allowed_hosts, ElementsAre("weir.example.com", "box"));
  EXPECT_THAT(config.cors_origins, ElementsAre("https://app.example.com", "http://localhost:3000", "*"));
  EXPECT_EQ(config.tls_cert_file, "/c/cert");
  EXPECT_EQ(config.tls_key_file, "key.pem");
  ASSERT_EQ(config.client_keys.size(), 2U);
  EXPECT_EQ(config.client_keys[0].name, "laptop");
  EXPECT_EQ(config.client_keys[0].digest, sha256("abcdef"));
  EXPECT_THAT(config.client_keys[0].models, ElementsAre("groq/*", "smart"));
  EXPECT_THAT(config.client_keys[1].models, ElementsAre("*"));
  EXPECT_THAT(config.client_keys[0].limits, IsEmpty());
  ASSERT_EQ(config.client_keys[1].limits.size(), 3U);
  EXPECT_EQ(config.client_keys[1].limits[1].amount, 2'000'000U);
  EXPECT_EQ(config.admin_key, sha256("ghijkl"));
  EXPECT_FALSE(config.dashboard);
  EXPECT_FALSE(config.metrics);
  EXPECT_THAT(config.alerts.at, ElementsAre(0.5, 0.9));
  ASSERT_TRUE(config.alerts.webhook);
  EXPECT_EQ(config.alerts.webhook->host, "hooks.example.com");
  EXPECT_EQ(config.alerts.webhook->path, "/T0/B1");
  EXPECT_EQ(config.alerts.secret.reveal(), "mnopqr");
  EXPECT_EQ(config.metrics_token, sha256("jklmno"));
  EXPECT_EQ(config.routing.max_attempts, 5U);
  EXPECT_EQ(config.routing.deadline, seconds(60));
  EXPECT_TRUE(config.routing.allow_paid);
  EXPECT_EQ(config.routing.tier_patience, seconds(2));
  EXPECT_EQ(config.routing.default_class, routing::Priority::batch);
  EXPECT_EQ(config.routing.queue_wait, seconds(5));
  EXPECT_EQ(config.routing.queue_length, 7U);
  EXPECT_TRUE(config.routing.no_training);
  EXPECT_EQ(config.routing.sticky, routing::Sticky::off);
  EXPECT_EQ(config.routing.sticky_ttl, std::chrono::hours(1));
  EXPECT_EQ(config.routing.breaker, (quota::BreakerRule{.failures = 0, .open_for = seconds(60)}));
  EXPECT_FALSE(config.routing.fit_max_tokens);
  EXPECT_EQ(config.routing.min_output, 2000U);
  EXPECT_THAT(config.routing.spread, ElementsAre(true, false, false));
  EXPECT_THAT(config.routing.reserve, ElementsAre(0.1, 0.05, 0.0));
  EXPECT_THAT(config.routing.deferred, ElementsAre(false, true, true));
  ASSERT_TRUE(config.routing.peak);
  EXPECT_EQ(config.routing.peak->from(), std::chrono::minutes(22 * 60 + 30));
  EXPECT_EQ(config.routing.peak->until(), std::chrono::hours(6));
  EXPECT_EQ(config.routing.peak->zone().name(), "America/Los_Angeles");
  EXPECT_EQ(config.providers.at(0).timeouts,
            (providers::Timeouts{seconds(1), seconds(2), seconds(3), seconds(4), seconds(5)}));
  EXPECT_EQ(config.log.level, log::Level::debug);
  EXPECT_EQ(config.log.format, log::Format::json);
  EXPECT_FALSE(config.access_log);
  EXPECT_EQ(config.log.file, "logs/weir.log");
}

TEST(Configuration, PeakHoursGoByTheMachinesClocksUnlessAZoneIsNamed) {
  constexpr std::string_view kPeak = "routing: {peak: {hours: \"09:00-17:00\"}}";
  const auto zone = [&](const MapEnvironment& environment) {
    return load_beside(kPeak, environment).config.routing.peak->zone().name();
  };
  EXPECT_EQ(zone({}), "UTC");
  MapEnvironment environment;
  environment.variables["TZ"] = "America/Los_Angeles";
  EXPECT_EQ(zone(environment), "America/Los_Angeles");
  EXPECT_FALSE(load_beside("").config.routing.peak);
  EXPECT_FALSE(load_beside("routing: {peak: {hours: \"\"}}").config.routing.peak);
}

struct Case {
  std::string_view text;
  std::string_view problem;
};

TEST(Configuration, SaysWhatIsWrong) {
  const Case cases[] = {
      {"routing: {reserve: {normal: 10}}", "routing.reserve.normal: expected a share like 10%, got \"10\""},
      {"routing: {reserve: {batch: 0%}}", "unknown key \"batch\" in routing.reserve"},
      {"routing: {reserve: {interactive: 60%, normal: 40%}}",
       "routing.reserve: the shares leave nothing to batch; together they must be less than 100%"},
      {"routing: {spread: {batch: flat}}", "routing.spread.batch: expected off or even, got \"flat\""},
      {"routing: {peak: {hours: \"9-17\"}}",
       "routing.peak.hours: expected hours of the day like \"09:00-17:00\", got \"9-17\""},
      {"routing: {peak: {hours: \"09:00-24:30\"}}",
       "routing.peak.hours: expected hours of the day like \"09:00-17:00\", got \"09:00-24:30\""},
      {"routing: {peak: {hours: \"09:00-09:00\"}}",
       "routing.peak.hours: they begin and end at the same time; leave them empty for none"},
      {"routing: {peak: {defer: [batches]}}",
       "routing.peak.defer[0]: expected interactive, normal or batch, got \"batches\""},
      {"auth: {keys: [{name: a, key: abcdef, limits: {rpm: {limit: 1, models: [m]}}}]}",
       "auth.keys[0].limits: a limit of a client's key counts all models; leave models out"},
      {"serve: {}", "unknown key \"serve\"; did you mean \"server\"?"},
      {"model_list: []", "unknown key \"model_list\"; did you mean \"models\"?"},
      {"server: 8484", "server: expected a map, got a text"},
      {"server: [listen]", "server: expected a map, got a list"},
      {"server: {port: 80}", "unknown key \"port\" in server; did you mean \"listen\"?"},
      {"server: {listen: 8484}",
       "server.listen: expected an address like 127.0.0.1:8484 or [::1]:8484, got \"8484\""},
      {"server: {listen: \"weir.example.com:80\"}",
       "server.listen: expected an IP address or localhost, got \"weir.example.com\""},
      {"server: {listen: }", "server.listen: expected an address like 127.0.0.1:8484, got nothing"},
      {"server: {threads: 0}", "server.threads: expected a count from 1 to 256, got \"0\""},
      {"server: {threads: many}", "server.threads: expected a count, got \"many\""},
      {"server: {max_connections: 0}",
       "server.max_connections: expected a count from 1 to 1000000, got \"0\""},
      {"server: {max_body: 1TiB}", "server.max_body: expected a size like 32MiB, got \"1TiB\""},
      {"server: {max_body: 65MiB}", "server.max_body: expected bytes from 1024 to 67108864, got \"65MiB\""},
      {"server: {drain_timeout: forever}",
       "server.drain_timeout: expected a duration like 30s, got \"forever\""},
      {"server: {drain_timeout: 2d}", "server.drain_timeout: expected a duration from 0s to 1d, got \"2d\""},
      {"server: {allowed_hosts: example.com}", "server.allowed_hosts: expected a list, got a text"},
      {"server: {allowed_hosts: [\"https://x\"]}",
       "server.allowed_hosts[0]: expected a host name like weir.example.com, got \"https://x\""},
      {"server: {cors_origins: [x.com]}",
       "server.cors_origins[0]: expected an origin like https://app.example.com, or \"*\", got \"x.com\""},
      {"server: {cors_origins: [\"https://x.com/\"]}",
       "server.cors_origins[0]: expected an origin like https://app.example.com, or \"*\", got "
       "\"https://x.com/\""},
      {"server: {tls: {cert_file: /none, key_file: /key}}", "server.tls.cert_file: can't read /none"},
      {"server: {tls: {key_file: /key}}",
       "server.tls: cert_file and key_file belong together; give both or none"},
      {"admin: {key: \"${NONE}\"}", "admin.key: NONE is not set; set it, or do without a key with ${NONE:-}"},
      {"admin: {key: a b}", "admin.key: the key holds a space or a character that can't stand in a header"},
      {"alerts: {at: 80%}", "alerts.at: expected a list, got a text"},
      {"alerts: {at: [80%, much]}", "alerts.at[1]: expected a share like 80%, got \"much\""},
      {"alerts: {at: [0%]}", "alerts.at[0]: expected a share like 80%, got \"0%\""},
      {"alerts: {webhook: \"slack-secret\"}",
       "alerts.webhook: expected a URL like https://hooks.example.com/weir, without ? or #"},
      {"alerts: {secret: \"${NONE}\"}",
       "alerts.secret: NONE is not set; set it, or do without with ${NONE:-}"},
      {"metrics: {token: \"${NONE}\"}",
       "metrics.token: NONE is not set; set it, or do without a key with ${NONE:-}"},
      {"metrics: {token_file: /nowhere}", "metrics.token_file: can't read /nowhere"},
      {"admin: {key_file: \"\"}", "admin.key_file: expected a file's path, got \"\""},
      {"admin: {key_file: /nowhere}", "admin.key_file: can't read /nowhere"},
      {"auth: {keys: {name: a}}",
       "auth.keys: expected a list of keys like {name: laptop, key: \"${WEIR_KEY}\"}, got a map"},
      {"auth: {keys: [abc]}",
       "auth.keys[0]: expected a map like {name: laptop, key: \"${WEIR_KEY}\"}, got a text"},
      {"auth: {keys: [{key: abcdef}]}",
       "auth.keys[0].name: expected a name of letters, digits, \"-\", \"_\" and \".\", got nothing"},
      {"auth: {keys: [{name: a b, key: abcdef}]}",
       "auth.keys[0].name: expected a name of letters, digits, \"-\", \"_\" and \".\", got \"a b\""},
      {"auth: {keys: [{name: a}]}", "auth.keys[0]: expected key or key_file, got neither"},
      {"auth: {keys: [{name: a, key: xxxxxx, key_file: /key}]}",
       "auth.keys[0].key_file: give key or key_file, not both"},
      {"auth: {keys: [{name: a, key_file: /none}]}", "auth.keys[0].key_file: can't read /none"},
      {"auth: {keys: [{name: a, key: \"${NONE}\"}]}",
       "auth.keys[0].key: NONE is not set; set it, or leave the key out with ${NONE:-}"},
      {"auth: {keys: [{name: a, key: \"x y\"}]}",
       "auth.keys[0].key: the key holds a space or a character that can't stand in a header"},
      {"auth: {keys: [{name: a, key: xxxxxx}, {name: a, key: yyyyyy}]}",
       "auth.keys[1].name: another key is named \"a\" already"},
      {"auth: {keys: [{name: a, key: xxxxxx}, {name: b, key: xxxxxx}]}",
       "auth.keys[1].key: this is the key of \"a\" too; give each its own"},
      {"auth: {keys: [{name: a, key: xxxxxx, models: smart}]}",
       "auth.keys[0].models: expected a list, got a text"},
      {"auth: {keys: [{name: a, key: \"\"}]}", "auth.keys[0].key: empty, so that the key \"a\" is left out"},
      {"routing: {max_attempts: 0}", "routing.max_attempts: expected a count from 1 to 5, got \"0\""},
      {"routing: {max_attempts: 6}", "routing.max_attempts: expected a count from 1 to 5, got \"6\""},
      {"routing: {deadline: 0s}", "routing.deadline: expected a duration from 1ms to 1d, got \"0s\""},
      {"routing: {sticky: off}",
       "routing.sticky: expected a map like {by: conversation, ttl: 10m}, got a text"},
      {"routing: {sticky: {by: client}}", "routing.sticky.by: expected conversation or off, got \"client\""},
      {"routing: {no_training: 1}", "routing.no_training: expected true or false, got \"1\""},
      {"routing: {breaker: {failures: 1001}}",
       "routing.breaker.failures: expected a count from 0 to 1000, got \"1001\""},
      {"routing: {breaker: {open_for: 0s}}",
       "routing.breaker.open_for: expected a duration from 1ms to 10m, got \"0s\""},
      {"routing: {breaker: {open_for: 11m}}",
       "routing.breaker.open_for: expected a duration from 1ms to 10m, got \"11m\""},
      {"routing: {breaker: {failure: 5}}",
       "unknown key \"failure\" in routing.breaker; did you mean \"failures\"?"},
      {"routing: {allow_paid: yes}", "routing.allow_paid: expected true or false, got \"yes\""},
      {"routing: {retries: 5}", "unknown key \"retries\" in routing; did you mean \"max_attempts\"?"},
      {"routing: {tier_patience: soon}", "routing.tier_patience: expected a duration like 30s, got \"soon\""},
      {"routing: {queue: {max_wait: long}}",
       "routing.queue.max_wait: expected a duration like 30s, got \"long\""},
      {"routing: {queue: {lenght: 5}}", "unknown key \"lenght\" in routing.queue"},
      {"routing: {default_class: best}",
       "routing.default_class: expected interactive, normal or batch, got \"best\""},
      {"timeouts: {connect: 0s}", "timeouts.connect: expected a duration from 1ms to 1d, got \"0s\""},
      {"timeouts: {read: 1s}", "unknown key \"read\" in timeouts"},
      {"log: {level: verbose}", "log.level: expected debug, info, warn, error or off, got \"verbose\""},
      {"log: {format: xml}", "log.format: expected auto, text or json, got \"xml\""},
      {"log: {level: \"${NONE}\"}", "log.level: NONE is not set; set it, or give a default: ${NONE:-...}"},
      {"log: {level: \"${NONE:?say how loud}\"}", "log.level: say how loud (NONE is not set)"},
      {"log: {level: $LEVEL}", "log.level: a lone \"$\": write ${VAR} for a variable, $$ for a dollar"},
      {"log: {level: \"${LOUD}\"}",
       "log.level: expected debug, info, warn, error or off, got \"${LOUD}\" with its variables put in"},
      {"state: {store: files}", "state.store: expected memory, sqlite or redis, got \"files\""},
  };
  MapEnvironment environment;
  environment.files = {{"/key", "secret-in-file"}};
  environment.variables = {{"LOUD", "very"}};
  for (const Case& one : cases)
    EXPECT_THAT(messages(one.text, environment), ElementsAre(one.problem)) << one.text;
}

TEST(Configuration, ReportsAllProblemsInOneRun) {
  const Loaded loaded = load_snippet(R"(server: {listen: nowhere, threads: x}
auth: {keys: [{nam: a}]}
providers:
  grok: {}
  local: {preset: openai_compatible}
models: {smart: {targets: [nobody/x]}}
log: {level: loud}
)");
  EXPECT_THAT(
      lines_of(loaded),
      ElementsAre(
          "1:18: error: server.listen: expected an address like 127.0.0.1:8484 or [::1]:8484, got "
          "\"nowhere\"",
          "1:36: error: server.threads: expected a count, got \"x\"",
          "2:15: error: auth.keys[0].name: expected a name of letters, digits, \"-\", \"_\" and \".\", got "
          "nothing",
          "2:15: error: auth.keys[0]: expected key or key_file, got neither",
          "2:16: error: unknown key \"nam\" in auth.keys[0]; did you mean \"name\"?",
          "4:3: error: providers.grok: no preset is named \"grok\"; did you mean \"groq\"?",
          "5:3: error: providers.local: preset \"openai_compatible\" has no address of its own; give a "
          "base_url",
          "5:10: error: providers.local: preset \"openai_compatible\" knows no models; list them, as models: "
          "{NAME: {}}",
          "6:28: error: models.smart.targets[0]: unknown provider \"nobody\"; add it under providers",
          "7:14: error: log.level: expected debug, info, warn, error or off, got \"loud\""));
}

TEST(Configuration, TakesAVariableForAWordThatStandsInPlaceOfANumber) {
  constexpr std::string_view kText = R"(
server: {threads: "${THREADS:-auto}"}
routing: {queue: {max_wait: "${WAIT:-deadline}"}}
)";
  const std::string text = std::string(kText) + std::string(kLocal);
  const Loaded words = load_snippet(text);
  EXPECT_THAT(words.problems, IsEmpty());
  EXPECT_EQ(words.config.threads, 0U);
  EXPECT_EQ(words.config.routing.queue_wait, std::nullopt);
  MapEnvironment environment;
  environment.variables = {{"THREADS", "3"}, {"WAIT", "5s"}};
  const Loaded numbers = load_snippet(text, environment);
  EXPECT_EQ(numbers.config.threads, 3U);
  EXPECT_EQ(numbers.config.routing.queue_wait, std::chrono::seconds(5));
}

TEST(Configuration, AnEmptyAdminKeyIsNone) {
  EXPECT_EQ(load_beside("admin: {key: \"${NONE:-}\"}").config.admin_key, std::nullopt);
  EXPECT_EQ(load_beside("").config.admin_key, std::nullopt);
}

TEST(Configuration, TakesSectionsThatStandEmpty) {
  for (const std::string_view section : {"server", "auth", "admin", "metrics", "models", "aliases", "routing",
                                         "timeouts", "tokens", "cache", "alerts", "state", "log"}) {
    const Loaded loaded = load_beside(std::string(section) + ":");
    EXPECT_THAT(loaded.problems, IsEmpty()) << section << ":\n" << format_problems(loaded.problems);
  }
}

// Nothing in reading may grow faster than the file. The test's own limit is the assertion.
TEST(Configuration, EndsOnTheLargestFiles) {
  constexpr int kMany = 20'000;
  const auto repeat = [](std::string_view before, std::string_view item, std::string_view after) {
    std::string text(before);
    for (int i = 0; i < kMany; ++i) {
      std::string one(item);
      for (auto at = one.find('#'); at != std::string::npos; at = one.find('#'))
        one.replace(at, 1, std::to_string(i));
      for (auto at = one.find('+'); at != std::string::npos; at = one.find('+'))
        one.replace(at, 1, std::to_string(i + 1));
      text += one;
    }
    return text + std::string(after);
  };
  const std::string models = repeat("models: {", "m#: {},\n", "}");
  for (const std::string& text : {
           repeat("", "unknown-key-#: 1\n", ""),
           repeat("providers:\n", "  p#: {}\n", ""),
           repeat("providers:\n", "  p#: {preset: ollama, models: {m: {}}}\n", ""),
           repeat("providers: {ollama: {" + models + "}}\nmodels: {m: {targets: [", "ollama/m#,\n", "]}}"),
           repeat("providers: {ollama: {" + models + "}}\nmodels: {m: {targets: [", "ollama/x#,\n", "]}}"),
           repeat("models:\n", "  m#: {targets: [nobody/x]}\n", ""),
           repeat("aliases:\n", "  a#: a+\n", ""),
           repeat("auth: {keys: [", "{name: k#, key: secret-#},\n", "]}"),
           repeat("providers: {groq: {keys: [", "{value: secret-#},\n", "]}}"),
           repeat("providers: {groq: {limits: {other: [", "{requests: 1, per: #s},\n", "]}}}"),
           repeat("providers: {groq: {limits: {other: [", "{requests: 1, per: x#},\n", "]}}}"),
       }) {
    ASSERT_LE(text.size(), 1U << 20U);
    EXPECT_FALSE(load_snippet(text).config.file.empty());
  }
}

TEST(Secrets, AreReadFromFilesBesideTheConfiguration) {
  MapEnvironment environment;
  environment.files = {
      {"/etc/weir/client.key", "from-file\r\n"}, {"/run/secret", "absolute\n"}, {"/empty", "\n"}};
  const Loaded loaded = load_text(std::string(kLocal) + R"(
auth:
  keys:
    - {name: a, key_file: client.key}
    - {name: b, key_file: /run/secret}
    - {name: c, key_file: /empty}
)",
                                  "/etc/weir/weir.yaml", test_options(), environment);
  ASSERT_TRUE(loaded.ok()) << format_problems(loaded.problems);
  ASSERT_EQ(loaded.config.client_keys.size(), 2U);
  EXPECT_EQ(loaded.config.client_keys[0].digest, sha256("from-file"));
  EXPECT_EQ(loaded.config.client_keys[1].digest, sha256("absolute"));
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].message, "auth.keys[2].key_file: empty, so that the key \"c\" is left out");
}

TEST(Openness, NeedsClientKeys) {
  const std::string_view message =
      "server.listen: listening on 0.0.0.0 lets the network use your providers' keys; add auth.keys, or "
      "listen on "
      "127.0.0.1:8484, or have keys made by --generate-keys";
  EXPECT_THAT(messages("server: {listen: \"0.0.0.0:8484\"}"), ElementsAre(message));
  EXPECT_THAT(messages("server: {listen: \"[::]:8484\"}"), ElementsAre(HasSubstr("listening on ::")));
  EXPECT_THAT(messages("server: {listen: \"192.168.1.5:8484\"}"),
              ElementsAre(HasSubstr("listening on 192.168.1.5")));
  EXPECT_THAT(
      messages("server: {listen: \"0.0.0.0:8484\"}\nauth: {keys: [{name: a, key: abcdef}]}"),
      ElementsAre(
          "server.listen: listening on 0.0.0.0 without TLS lets the network read keys and prompts; set "
          "server.tls.cert_file and key_file, or listen on 127.0.0.1:8484 behind a proxy that has TLS"));
  EXPECT_THAT(messages("server: {listen: \"0.0.0.0:8484\", tls: {cert_file: c, key_file: k}}\n"
                       "auth: {keys: [{name: a, key: abcdef}]}"),
              Not(Contains(HasSubstr("without TLS"))));
  // An unset client key must not open the door.
  EXPECT_THAT(messages("server: {listen: \"0.0.0.0:8484\"}\nauth: {keys: [{name: a, key: \"${NONE:-}\"}]}"),
              ElementsAre(message, "auth.keys[0].key: empty, so that the key \"a\" is left out"));
  EXPECT_THAT(messages("server: {listen: \"127.8.8.8:8484\"}"), IsEmpty());
}

// So that whoever logs can hide them; of the keys themselves only digests are kept.
TEST(Secrets, OfClientsAndOperatorsAreNamed) {
  MapEnvironment environment;
  environment.variables = {{"MINE", "planted-admin-1"}};
  const Loaded loaded = load_text(
      "auth: {keys: [{name: a, key: planted-client-1}]}\nadmin: {key: \"${MINE}\"}" + std::string(kLocal),
      "weir.yaml", test_options(), environment);
  ASSERT_EQ(loaded.config.secrets.size(), 2U);
  EXPECT_EQ(loaded.config.secrets[0].reveal(), "planted-client-1");
  EXPECT_EQ(loaded.config.secrets[1].reveal(), "planted-admin-1");
}

TEST(Secrets, ThatAreShortAreWarnedOf) {
  const auto warned = HasSubstr("fewer than 6 characters");
  EXPECT_THAT(messages("auth: {keys: [{name: a, key: abcde}]}"), ElementsAre(warned));
  EXPECT_THAT(messages("admin: {key: abcde}"), ElementsAre(warned));
  EXPECT_THAT(messages("admin: {key: abcdef}"), IsEmpty());
}

TEST(StandInKeys, AreTakenOnlyWhereTheConfigurationHasNone) {
  LoadOptions options = test_options();
  options.listen = "0.0.0.0:1";
  options.stand_in = StandInKeys{.client = "made-client-1", .admin = "made-admin-1"};
  const auto load_with = [&](const std::string& text) {
    return load_text(text + std::string(kLocal), "weir.yaml", options, MapEnvironment());
  };
  const Loaded none = load_with("auth: {keys: [{name: a, key: \"${NONE:-}\"}]}");
  ASSERT_TRUE(none.ok()) << format_problems(none.problems);
  ASSERT_EQ(none.config.client_keys.size(), 1U);
  EXPECT_EQ(none.config.client_keys[0].digest, sha256("made-client-1"));
  EXPECT_THAT(none.config.client_keys[0].models, ElementsAre("*"));
  EXPECT_EQ(none.config.admin_key, sha256("made-admin-1"));
  EXPECT_TRUE(none.config.has_stand_in_keys);
  EXPECT_EQ(none.config.secrets.size(), 2U);

  const Loaded client = load_with("auth: {keys: [{name: a, key: abcdef}]}");
  EXPECT_EQ(client.config.client_keys.at(0).digest, sha256("abcdef"));
  EXPECT_EQ(client.config.client_keys.size(), 1U);
  EXPECT_EQ(client.config.admin_key, sha256("made-admin-1"));
  EXPECT_TRUE(client.config.has_stand_in_keys);

  const Loaded both = load_with("auth: {keys: [{name: a, key: abcdef}]}\nadmin: {key: ghijkl}\n");
  EXPECT_EQ(both.config.admin_key, sha256("ghijkl"));
  EXPECT_FALSE(both.config.has_stand_in_keys);
  EXPECT_EQ(both.config.secrets.size(), 2U);
}

TEST(Openness, IsWhoListensBeyondThisMachineWithoutKeys) {
  const std::vector<ClientKey> one(1);
  EXPECT_TRUE(is_open_to_network({.host = "0.0.0.0", .port = 1}, {}));
  EXPECT_TRUE(is_open_to_network({.host = "192.0.2.1", .port = 1}, {}));
  EXPECT_FALSE(is_open_to_network({.host = "0.0.0.0", .port = 1}, one));
  EXPECT_FALSE(is_open_to_network({.host = "127.0.0.1", .port = 1}, {}));
  EXPECT_FALSE(is_open_to_network({.host = "::1", .port = 1}, {}));
}

TEST(Openness, IsAskedOfTheAddressThatCounts) {
  LoadOptions options = test_options();
  options.listen = "0.0.0.0:1";
  const Loaded open = load_text(kLocal, "weir.yaml", options, MapEnvironment());
  EXPECT_THAT(lines_of(open), ElementsAre(HasSubstr("--listen:0:0: error: listening on 0.0.0.0")));
  const Loaded plain = load_text("auth: {keys: [{name: a, key: abcdef}]}" + std::string(kLocal), "weir.yaml",
                                 options, MapEnvironment());
  EXPECT_TRUE(plain.ok());
  EXPECT_THAT(lines_of(plain),
              ElementsAre(HasSubstr("--listen:0:0: warning: listening on 0.0.0.0 without TLS")));
  options.listen = "127.0.0.1:1";
  const Loaded closed = load_text("server: {listen: \"0.0.0.0:8484\"}" + std::string(kLocal), "weir.yaml",
                                  options, MapEnvironment());
  EXPECT_TRUE(closed.ok());
  EXPECT_EQ(closed.config.listen.port, 1);
}

}  // namespace
}  // namespace weir::config
