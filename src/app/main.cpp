#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/commands.hpp"
#include "app/shell_words.hpp"
#include "weir/base/text.hpp"
#include "weir/base/version.hpp"

namespace weir::app {
namespace {

constexpr std::array<std::pair<const char*, log::Level>, 5> kLevels{{{"debug", log::Level::debug},
                                                                     {"info", log::Level::info},
                                                                     {"warn", log::Level::warn},
                                                                     {"error", log::Level::error},
                                                                     {"off", log::Level::off}}};
constexpr std::array<std::pair<const char*, log::Format>, 3> kFormats{
    {{"auto", log::Format::automatic}, {"text", log::Format::text}, {"json", log::Format::json}}};

// One word of a table. CLI11 knows tables too, but would show a level as the byte that it is.
template <class Value, std::size_t kSize>
CLI::Option& add_word(CLI::App& command, const std::string& name, std::optional<Value>& into,
                      const std::array<std::pair<const char*, Value>, kSize>& table,
                      const std::string& about) {
  std::vector<std::string> words;
  for (const auto& [word, value] : table) words.emplace_back(word);
  const auto take = [&into, &table](const std::string& given) {
    for (const auto& [word, value] : table)
      if (given == word) into = value;
  };
  return *command.add_option_function<std::string>(name, take, about)->check(CLI::IsMember(words));
}

// An unset variable of the shell must not pass for an option that wasn't given.
const CLI::Validator kSomething(
    [](std::string& text) { return text.empty() ? "expected a name, got nothing" : std::string(); }, "");
// CLI11 would take -1 for the largest number there is.
const CLI::Validator kCount(
    [](std::string& text) {
      std::uint64_t count = 0;
      const char* const end = text.data() + text.size();
      const auto [at, failed] = std::from_chars(text.data(), end, count);
      return failed == std::errc() && at == end ? std::string() : "expected a count, got " + text;
    },
    "");
const CLI::Validator kDaemonUrl(
    [](std::string& text) {
      const auto endpoint = daemon_endpoint(text);
      return endpoint ? std::string() : endpoint.error().message;
    },
    "");

// What the options of all commands are read into; some are shared.
struct Arguments {
  ServeOptions serve;
  SimulateOptions simulate;
  bool json = false;
  bool print_effective = false;
  std::string format = "text";
  QuotaOptions quota;
  ExplainOptions explain;
  DiagnoseOptions diagnose;
  StatusOptions status;
  TokensOptions tokens;
  std::string init_file = "weir.yaml";
  std::string preset;
  std::string shell;
};

CLI::Option& add_env_file_option(CLI::App& command, Arguments& arguments) {
  CLI::Option& option = *command.add_option("--env-file", arguments.serve.load.env_file,
                                            "file with KEY=value lines; real variables win");
  return *option.check(kSomething)->envname("WEIR_ENV_FILE");
}

void add_config_options(CLI::App& command, Arguments& arguments) {
  command
      .add_option("--config", arguments.serve.load.file,
                  "configuration file; else the one that WEIR_CONFIG names")
      ->check(kSomething);
  add_env_file_option(command, arguments);
}

void add_state_option(CLI::App& command, Arguments& arguments) {
  command.add_option("--state-dir", arguments.serve.state_directory, "where state and daemon.json are kept")
      ->check(kSomething);
}

void add_generate_option(CLI::App& command, Arguments& arguments, const char* about) {
  command.add_flag("--generate-keys", arguments.serve.generate_keys, about);
}

// As `weir serve` reads it with the same options; keys that it would make are stood in for.
config::LoadOptions load_as_served(const Arguments& arguments) {
  config::LoadOptions load = arguments.serve.load;
  if (arguments.serve.generate_keys) load.stand_in = {.client = "to be made", .admin = "to be made, too"};
  return load;
}

// Which daemon is meant.
void add_daemon_options(CLI::App& command, Arguments& arguments) {
  command
      .add_option("--state-dir", arguments.quota.daemon.state_directory,
                  "of the daemon: daemon.json is there")
      ->check(kSomething);
  command.add_option("--url", arguments.quota.daemon.url, "of the daemon, instead: http://HOST:PORT")
      ->check(kDaemonUrl);
}

// show, set and forget.
void add_quota_commands(CLI::App& quota, Arguments& arguments) {
  quota.require_subcommand(1);
  QuotaOptions& options = arguments.quota;
  const auto add_target = [&](CLI::App& command, const char* what, bool required) {
    command.add_option("target", options.which, what)->required(required);
    command.add_option("--key", options.key, "label of one of its keys; else all");
    add_daemon_options(command, arguments);
  };
  CLI::App& show = *quota.add_subcommand("show", "every window: limit, used, reserved, left, reset, source");
  add_target(show, "PROVIDER or PROVIDER/MODEL; else all", false);
  show.add_flag("--json", options.json, "as the daemon says it");
  CLI::App& set = *quota.add_subcommand("set", "say what has been used so far, until the reset");
  add_target(set, "PROVIDER/MODEL", true);
  set.add_option("used", options.used, "like rpd=200, one for each window")->required();
  CLI::App& forget = *quota.add_subcommand("forget", "forget what was counted, heard and learnt");
  add_target(forget, "PROVIDER or PROVIDER/MODEL", true);
}

int run_quota(const CLI::App& quota, const QuotaOptions& options) {
  if (quota.got_subcommand("show")) return show_quota(options);
  return quota.got_subcommand("set") ? set_quota(options) : forget_quota(options);
}

void add_presets_commands(CLI::App& presets, Arguments& arguments) {
  presets.require_subcommand(1);
  CLI::App& list = *presets.add_subcommand("list", "all of them, and whose key is set");
  CLI::App& show = *presets.add_subcommand("show", "its address, keys, models and limits, with their dates");
  show.add_option("name", arguments.preset, "of the preset")->required();
  for (CLI::App* const command : {&list, &show})
    add_env_file_option(*command, arguments).check(CLI::ExistingFile);
}

void add_status_options(CLI::App& command, Arguments& arguments) {
  command.add_flag("--json", arguments.status.json, "as the daemon says it");
  command.add_flag("--watch", arguments.status.watch, "again every two seconds");
  add_daemon_options(command, arguments);
}

void add_serve_options(CLI::App& command, Arguments& arguments) {
  command
      .add_option("--listen", arguments.serve.load.listen,
                  "HOST:PORT; port 0 takes a free one; else WEIR_LISTEN says it, else the file")
      ->check(kSomething);
  add_state_option(command, arguments);
  add_generate_option(
      command, arguments,
      "where no client or admin key is configured, make one and keep it in the state directory");
  add_word(command, "--log-level", arguments.serve.log_level, kLevels, "what is logged, and what is above it")
      .envname("WEIR_LOG_LEVEL");
  add_word(command, "--log-format", arguments.serve.log_format, kFormats, "auto is text on a terminal")
      .envname("WEIR_LOG_FORMAT");
}

void add_simulate_options(CLI::App& command, SimulateOptions& options) {
  command.add_option("-m,--model", options.model, "what clients ask for; else the first route, or auto");
  auto* const load = command.add_option("--load", options.capacity_times,
                                        "demand, as so many times what the limits take (1)");
  command.add_option("--rate", options.rate, "or as requests in a time: 60/min, 2/s, 1000/day")
      ->excludes(load);
  command.add_option("--for", options.time, "how long requests come")->capture_default_str();
  command.add_option("--tokens", options.tokens, "of a request, half of them output")
      ->check(kCount)
      ->capture_default_str();
  command.add_option("--deadline", options.deadline, "how long one waits for room (routing.deadline)");
  command.add_option("--seed", options.seed, "of chance")->check(kCount)->capture_default_str();
  command.add_flag("--json", options.json, "the report as JSON");
}

void add_explain_options(CLI::App& command, Arguments& arguments) {
  ExplainOptions& options = arguments.explain;
  command.add_option("-m,--model", options.model, "what a client asks for");
  command.add_option("--tokens", options.tokens, "of the prompt")->check(kCount);
  command.add_option("--max-tokens", options.max_tokens, "of the answer")->check(kCount);
  command.add_flag("--tools", options.tools, "the request uses tools");
  command.add_flag("--images", options.images, "it has images");
  command.add_flag("--json-schema", options.json_schema, "it asks for a JSON schema");
  command.add_option("--priority", options.priority, "its class: interactive, normal or batch")
      ->check(CLI::IsMember({"interactive", "normal", "batch"}));
  command.add_flag("--no-training", options.no_training, "it may not go where prompts are trained on");
  command.add_option("--request", options.request, "a file with a chat request that says all this itself");
  command.add_flag("--json", options.json, "as the daemon says it");
  add_daemon_options(command, arguments);
}

void add_tokens_options(CLI::App& command, Arguments& arguments) {
  command.add_option("-m,--model", arguments.tokens.model, "what a client would ask for")->required();
  command.add_option("file", arguments.tokens.file, "the text; else stdin");
  command.add_flag("--json", arguments.tokens.json, "as the daemon says it");
  add_daemon_options(command, arguments);
}

void add_diagnose_options(CLI::App& command, DiagnoseOptions& options) {
  command.add_option("--provider", options.provider, "whose answer it is")->required();
  command.add_option("file", options.file, "status line, headers, blank line, body; else stdin");
  command.add_flag("--json", options.json, "one object");
}

void add_init_options(CLI::App& command, Arguments& arguments) {
  command.add_option("file", arguments.init_file, "where; one that is there is left as it is")
      ->capture_default_str();
  add_env_file_option(command, arguments).check(CLI::ExistingFile);
}

void add_check_options(CLI::App& command, Arguments& arguments) {
  add_config_options(command, arguments);
  command.add_option("--format", arguments.format, "text or json")->check(CLI::IsMember({"text", "json"}));
  add_generate_option(command, arguments, "as weir serve is started");
  command.add_flag("--print-effective", arguments.print_effective, "print what is in effect, keys masked");
}

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 ? kFailed : kFine;
}

// What --help, the completion scripts and the manual tell of a command, and what it does.
struct Command {
  const char* name;
  const char* about;
  void (*add_options)(CLI::App& command, Arguments& arguments);
  int (*run)(const CLI::App& command, Arguments& arguments);
  bool hidden = false;
};

// In the order that --help has.
const std::array kCommands{
    Command{"serve", "run in the foreground",
            [](CLI::App& command, Arguments& arguments) {
              add_config_options(command, arguments);
              add_serve_options(command, arguments);
            },
            [](const CLI::App&, Arguments& arguments) { return serve(arguments.serve); }},
    Command{"demo", "serve with three pretend providers with small quotas: no key, no network",
            add_serve_options, [](const CLI::App&, Arguments& arguments) { return demo(arguments.serve); }},
    Command{"check", "validate the configuration, bind nothing", add_check_options,
            [](const CLI::App&, Arguments& arguments) {
              return check(load_as_served(arguments), arguments.format == "json", arguments.print_effective);
            }},
    Command{"init", "write a commented weir.yaml for the keys found in the environment", add_init_options,
            [](const CLI::App&, Arguments& arguments) {
              return init(arguments.init_file, arguments.serve.load.env_file);
            }},
    Command{"status", "providers, windows, cooldowns and resets, from the running daemon", add_status_options,
            [](const CLI::App&, Arguments& arguments) {
              arguments.status.daemon = arguments.quota.daemon;
              return status(arguments.status);
            }},
    Command{
        "quota", "what is left of it, from the running daemon", add_quota_commands,
        [](const CLI::App& command, Arguments& arguments) { return run_quota(command, arguments.quota); }},
    Command{"explain", "which targets would serve a request, which not, and why", add_explain_options,
            [](const CLI::App&, Arguments& arguments) {
              arguments.explain.daemon = arguments.quota.daemon;
              return explain(arguments.explain);
            }},
    Command{"tokens", "what a text takes at each target of a model, by the running daemon",
            add_tokens_options,
            [](const CLI::App&, Arguments& arguments) {
              arguments.tokens.daemon = arguments.quota.daemon;
              return count_tokens(arguments.tokens);
            }},
    Command{"simulate", "the configuration against pretend providers, in virtual time",
            [](CLI::App& command, Arguments& arguments) {
              add_config_options(command, arguments);
              add_simulate_options(command, arguments.simulate);
            },
            [](const CLI::App&, Arguments& arguments) {
              arguments.simulate.load = arguments.serve.load;
              return simulate(arguments.simulate);
            }},
    Command{
        "diagnose", "what does this answer of a provider mean?",
        [](CLI::App& command, Arguments& arguments) { add_diagnose_options(command, arguments.diagnose); },
        [](const CLI::App&, Arguments& arguments) { return diagnose(arguments.diagnose); }},
    Command{"doctor", "look at keys, network, clock, zones, state and port by calls that cost nothing",
            [](CLI::App& command, Arguments& arguments) {
              add_config_options(command, arguments);
              add_state_option(command, arguments);
              add_generate_option(command, arguments, "as weir serve is started");
            },
            [](const CLI::App&, Arguments& arguments) {
              return doctor(
                  {.load = load_as_served(arguments), .state_directory = arguments.serve.state_directory});
            }},
    Command{"presets", "the providers that weir knows", add_presets_commands,
            [](const CLI::App& command, Arguments& arguments) {
              const config::LoadOptions& load = arguments.serve.load;
              return command.got_subcommand("list") ? list_presets(load)
                                                    : show_preset(arguments.preset, load);
            }},
    Command{
        "healthcheck", "exit 0 if the daemon answers, else 1", add_state_option,
        [](const CLI::App&, Arguments& arguments) { return healthcheck(arguments.serve.state_directory); }},
    Command{"completion", "a script for bash, zsh or fish",
            [](CLI::App& command, Arguments& arguments) {
              command.add_option("shell", arguments.shell, "bash, zsh or fish")
                  ->required()
                  ->check(CLI::IsMember({"bash", "zsh", "fish"}));
            },
            [](const CLI::App& command, Arguments& arguments) {
              return print(completion_for(*command.get_parent(), arguments.shell));
            }},
    Command{"manual", "the man page, as roff", [](CLI::App&, Arguments&) {},
            [](const CLI::App& command, Arguments&) { return print(manual_of(*command.get_parent())); },
            true},
    Command{"version", "print the version",
            [](CLI::App& command, Arguments& arguments) {
              command.add_flag("--json", arguments.json, "with compiler and libraries");
            },
            [](const CLI::App&, Arguments& arguments) { return print_version(arguments.json); }},
};

// What stands where a command has to, and names none; empty where that isn't what is wrong.
std::string unknown_command(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  std::vector<std::string_view> known;
  for (const CLI::App* below : command->get_subcommands([](const CLI::App*) { return true; }))
    if (!below->get_group().empty()) known.push_back(below->get_name());
  const std::vector<std::string> rest = app.remaining(true);
  if (known.empty() || rest.empty() || rest.front().starts_with('-')) return {};
  const std::string_view near = closest(rest.front(), known);
  return "there is no command \"" + rest.front() + "\"" +
         (near.empty() ? std::string() : "; did you mean \"" + std::string(near) + "\"?");
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const bool is_request = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
  const std::string unknown = is_request ? std::string() : unknown_command(app);
  if (unknown.empty()) return app.exit(error) == 0 ? kFine : kUsage;  // CLI11's own codes are above 100
  std::fprintf(stderr, "error: %s\nRun with --help for more information.\n", unknown.c_str());
  return kUsage;
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("weir: one OpenAI-compatible endpoint in front of many rate-limited LLM providers", "weir");
  app.set_version_flag("-V,--version", "weir " + std::string(version()));
  app.require_subcommand(1);
  for (const Command& command : kCommands) {
    CLI::App& added = *app.add_subcommand(command.name, command.about);
    if (command.hidden) added.group("");
    command.add_options(added, arguments);
    // One that is read by itself reads its own variables only: what is wrong with another's is not its
    // matter.
    added.parse_complete_callback([] {});
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return usage_error(app, e);
  }
  for (const Command& command : kCommands)
    if (app.got_subcommand(command.name)) return command.run(*app.get_subcommand(command.name), arguments);
  return kUsage;  // not reached: one is required
}

}  // namespace
}  // namespace weir::app

int main(int argc, char** argv) {
  try {
    return weir::app::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return weir::app::kFailed;
  }
}
