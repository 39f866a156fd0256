#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "app/commands.hpp"
#include "app/shell_words.hpp"
#include "weir/base/version.hpp"

namespace weir::app {
namespace {

const std::map<std::string, log::Level> kLevels{{"debug", log::Level::debug},
                                                {"info", log::Level::info},
                                                {"warn", log::Level::warn},
                                                {"error", log::Level::error}};
const std::map<std::string, log::Format> kFormats{
    {"auto", log::Format::automatic}, {"text", log::Format::text}, {"json", log::Format::json}};

// Options that several commands share. Each has its environment twin.
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

void add_config_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--config", arguments.serve.load.file, "configuration file")->envname("WEIR_CONFIG");
  command
      .add_option("--env-file", arguments.serve.load.env_file,
                  "file with KEY=value lines; real variables win")
      ->envname("WEIR_ENV_FILE");
}

void add_state_option(CLI::App& command, Arguments& arguments) {
  command.add_option("--state-dir", arguments.serve.state_directory, "where state and daemon.json are kept");
}

// Which daemon is meant.
void add_daemon_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--state-dir", arguments.quota.daemon.state_directory,
                     "of the daemon: daemon.json is there");
  command.add_option("--url", arguments.quota.daemon.url, "of the daemon, instead: http://HOST:PORT");
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
  presets.add_subcommand("list", "all of them, and whose key is set");
  CLI::App& show = *presets.add_subcommand("show", "its address, keys, models and limits, with their dates");
  show.add_option("name", arguments.preset, "of the preset")->required();
}

void add_status_options(CLI::App& command, Arguments& arguments) {
  command.add_flag("--json", arguments.status.json, "as the daemon says it");
  command.add_flag("--watch", arguments.status.watch, "again every two seconds");
  add_daemon_options(command, arguments);
}

void add_serve_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--listen", arguments.serve.load.listen, "HOST:PORT; port 0 takes a free one")
      ->envname("WEIR_LISTEN");
  add_state_option(command, arguments);
  command.add_option("--log-level", arguments.serve.log_level, "debug, info, warn or error")
      ->transform(CLI::CheckedTransformer(kLevels))
      ->envname("WEIR_LOG_LEVEL");
  command.add_option("--log-format", arguments.serve.log_format, "auto, text or json")
      ->transform(CLI::CheckedTransformer(kFormats))
      ->envname("WEIR_LOG_FORMAT");
}

void add_simulate_options(CLI::App& command, SimulateOptions& options) {
  command.add_option("-m,--model", options.model, "what clients ask for; else the first route, or auto");
  auto* const load = command.add_option("--load", options.capacity_times,
                                        "demand, as so many times what the limits take (1)");
  command.add_option("--rate", options.rate, "or as requests in a time: 60/min, 2/s, 1000/day")
      ->excludes(load);
  command.add_option("--for", options.time, "how long requests come")->capture_default_str();
  command.add_option("--tokens", options.tokens, "of a request, half of them output")->capture_default_str();
  command.add_option("--deadline", options.deadline, "how long one waits for room (routing.deadline)");
  command.add_option("--seed", options.seed, "of chance")->capture_default_str();
  command.add_flag("--json", options.json, "the report as JSON");
}

void add_explain_options(CLI::App& command, Arguments& arguments) {
  ExplainOptions& options = arguments.explain;
  command.add_option("-m,--model", options.model, "what a client asks for");
  command.add_option("--tokens", options.tokens, "of the prompt");
  command.add_option("--max-tokens", options.max_tokens, "of the answer");
  command.add_flag("--tools", options.tools, "the request uses tools");
  command.add_flag("--images", options.images, "it has images");
  command.add_flag("--json-schema", options.json_schema, "it asks for a JSON schema");
  command.add_option("--priority", options.priority, "its class: interactive, normal or batch");
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

int print(const std::string& text) {
  return std::fputs(text.c_str(), stdout) < 0 ? kFailed : kFine;
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("weir: one OpenAI-compatible endpoint in front of many rate-limited LLM providers", "weir");
  app.set_version_flag("-V,--version", "weir " + std::string(version()));
  app.require_subcommand(1);

  CLI::App* const serve_command = app.add_subcommand("serve", "run in the foreground");
  add_config_options(*serve_command, arguments);
  add_serve_options(*serve_command, arguments);
  CLI::App* const demo_command =
      app.add_subcommand("demo", "serve with three pretend providers with small quotas: no key, no network");
  add_serve_options(*demo_command, arguments);
  CLI::App* const check_command = app.add_subcommand("check", "validate the configuration, bind nothing");
  add_config_options(*check_command, arguments);
  check_command->add_option("--format", arguments.format, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  check_command->add_flag("--print-effective", arguments.print_effective,
                          "print what is in effect, keys masked");
  CLI::App* const init_command =
      app.add_subcommand("init", "write a commented weir.yaml for the keys found in the environment");
  init_command->add_option("file", arguments.init_file, "where; one that is there is left as it is")
      ->capture_default_str();
  CLI::App* const status_command =
      app.add_subcommand("status", "providers, windows, cooldowns and resets, from the running daemon");
  add_status_options(*status_command, arguments);
  CLI::App* const quota_command = app.add_subcommand("quota", "what is left of it, from the running daemon");
  add_quota_commands(*quota_command, arguments);
  CLI::App* const explain_command =
      app.add_subcommand("explain", "which targets would serve a request, which not, and why");
  add_explain_options(*explain_command, arguments);
  CLI::App* const tokens_command =
      app.add_subcommand("tokens", "what a text takes at each target of a model, by the running daemon");
  add_tokens_options(*tokens_command, arguments);
  CLI::App* const simulate_command =
      app.add_subcommand("simulate", "the configuration against pretend providers, in virtual time");
  add_config_options(*simulate_command, arguments);
  add_simulate_options(*simulate_command, arguments.simulate);
  CLI::App* const diagnose_command =
      app.add_subcommand("diagnose", "what does this answer of a provider mean?");
  add_diagnose_options(*diagnose_command, arguments.diagnose);
  CLI::App* const doctor_command = app.add_subcommand(
      "doctor", "look at keys, network, clock, zones, state and port by calls that cost nothing");
  add_config_options(*doctor_command, arguments);
  add_state_option(*doctor_command, arguments);
  CLI::App* const presets_command = app.add_subcommand("presets", "the providers that weir knows");
  add_presets_commands(*presets_command, arguments);
  CLI::App* const health_command = app.add_subcommand("healthcheck", "exit 0 if the daemon answers, else 1");
  add_state_option(*health_command, arguments);
  CLI::App* const completion_command = app.add_subcommand("completion", "a script for bash, zsh or fish");
  completion_command->add_option("shell", arguments.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  CLI::App* const manual_command = app.add_subcommand("manual", "the man page, as roff")->group("");
  CLI::App* const version_command = app.add_subcommand("version", "print the version");
  version_command->add_flag("--json", arguments.json, "with compiler and libraries");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kFine : kUsage;  // CLI11's own codes are above 100
  }
  if (*serve_command) return serve(arguments.serve);
  if (*demo_command) return demo(arguments.serve);
  if (*check_command)
    return check(arguments.serve.load, arguments.format == "json", arguments.print_effective);
  if (*init_command) return init(arguments.init_file);
  if (*status_command) {
    arguments.status.daemon = arguments.quota.daemon;
    return status(arguments.status);
  }
  if (*doctor_command)
    return doctor({.load = arguments.serve.load, .state_directory = arguments.serve.state_directory});
  if (*presets_command)
    return presets_command->got_subcommand("list") ? list_presets() : show_preset(arguments.preset);
  if (*completion_command) return print(completion_for(app, arguments.shell));
  if (*manual_command) return print(manual_of(app));
  if (*quota_command) return run_quota(*quota_command, arguments.quota);
  if (*explain_command) {
    arguments.explain.daemon = arguments.quota.daemon;
    return explain(arguments.explain);
  }
  if (*tokens_command) {
    arguments.tokens.daemon = arguments.quota.daemon;
    return count_tokens(arguments.tokens);
  }
  if (*simulate_command) {
    arguments.simulate.load = arguments.serve.load;
    return simulate(arguments.simulate);
  }
  if (*diagnose_command) return diagnose(arguments.diagnose);
  if (*health_command) return healthcheck(arguments.serve.state_directory);
  return print_version(arguments.json);
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
