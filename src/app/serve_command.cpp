#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/daemon.hpp"
#include "app/demo_providers.hpp"
#include "app/generated_keys.hpp"
#include "app/state_directory.hpp"
#include "weir/base/log.hpp"
#include "weir/base/version.hpp"
#include "weir/dashboard/dashboard.hpp"
#include "weir/transport/certificate.hpp"

namespace weir::app {
namespace {

// Signals are taken by the main thread alone, one after the other, so that nothing runs in a handler.
class Signals {
 public:
  // Before any thread is started: they inherit the mask.
  Signals() {
    ::sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) ::sigaddset(&set_, signal);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // a peer that has gone is an error of write(), not our end
  }
  [[nodiscard]] int wait() const {
    int signal = 0;
    ::sigwait(&set_, &signal);
    return signal;
  }
  // 0 where none came in that time.
  [[nodiscard]] int wait_for(std::chrono::milliseconds most) const {
    const timespec limit{.tv_sec = most.count() / 1000, .tv_nsec = most.count() % 1000 * 1'000'000};
    const int signal = ::sigtimedwait(&set_, nullptr, &limit);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t set_{};
};

bool ends(int signal) {
  return signal == SIGTERM || signal == SIGINT;
}

// Every stream is two descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Keys stand in our memory: no core is written of it, and no other process of this user may look in.
void keep_memory_private() {
#if !defined(WEIR_SANITIZED)  // LeakSanitizer looks in from a process of its own
  ::prctl(PR_SET_DUMPABLE, 0);
  constexpr rlimit kNone{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &kNone);
#endif
}

// Before the log and the store have threads. One loop shares its heap with them, who use little: what the
// start has freed serves its requests. Nor is a heap's end given back whenever it is free: the next request
// would fault it in again.
void tune_allocator(const config::GatewayConfig& config) {
  constexpr int kKeep = 64 << 20;
  if (loop_count(config) == 1) ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TRIM_THRESHOLD, kKeep);
}

// Prints what is wrong. True where there is something to serve with.
bool report(const config::Loaded& loaded) {
  const std::string problems = config::format_problems(loaded.problems);
  std::fputs(problems.c_str(), stderr);
  if (loaded.ok() && loaded.config.providers.empty())
    std::fputs(
        "error: no provider can be used: set the key variable of one with free models (GROQ_API_KEY, "
        "GEMINI_API_KEY, ...) or write a weir.yaml; `weir demo` needs neither\n",
        stderr);
  return loaded.ok() && !loaded.config.providers.empty();
}

// In the log as well: who reads that may not see stderr.
void log_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) {
    std::string at = problem.file;
    if (problem.line > 0) at += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    if (problem.severity == config::Problem::Severity::error)
      log::error("configuration_problem", {{"at", at}, {"what", problem.message}});
    else
      log::warn("configuration_problem", {{"at", at}, {"what", problem.message}});
  }
}

log::Options log_options(const config::GatewayConfig& config, const ServeOptions& options) {
  log::Options log = config.log;
  if (options.log_level) log.level = *options.log_level;
  if (options.log_format) log.format = *options.log_format;
  return log;
}

void print_ready(const Daemon& daemon, const config::GatewayConfig& config) {
  std::size_t models = 0;
  for (const providers::Provider& provider : config.providers) models += provider.models.size();
  const std::string url = daemon.url();
  const bool has_dashboard = config.dashboard && dashboard::is_built_in();
  if (config.dashboard && !has_dashboard)
    log::warn("no_dashboard", {{"why", "this weir was built without node; \"/\" answers JSON only"}});
  const std::string dashboard = has_dashboard ? url + "/" : "off";
  std::printf("READY url=%s/v1 dashboard=%s providers=%zu models=%zu config=%s\n", url.c_str(),
              dashboard.c_str(), config.providers.size(), models,
              config.file.empty() ? "none" : config.file.c_str());
  std::fflush(stdout);
}

// How the commands find this daemon, and by which certificate they know it.
void announce(const Daemon& daemon, const config::GatewayConfig& config, const StateDirectory& state) {
  DaemonFile file{.url = daemon.url(), .pid = ::getpid(), .certificate = {}};
  if (!config.tls_cert_file.empty())
    if (auto fingerprint = transport::certificate_fingerprint(config.tls_cert_file); fingerprint)
      file.certificate = *std::move(fingerprint);
  if (const auto announced = state.announce(file); !announced)
    log::warn("not_announced", {{"why", announced.error().message},
                                {"effect", "commands such as weir quota can't find this daemon"}});
}

// What a reload needs beside the daemon.
struct Serving {
  const ServeOptions& options;
  const StateDirectory& state;
  std::optional<GeneratedKeys>& keys;
  bool can_reload;
  std::string file;  // the configuration in force; empty: none, so that the next may come from anywhere
  std::optional<std::filesystem::path> env_file;  // likewise
};

// Written down before anybody is asked for them, and told where. The keys themselves go to a terminal, and
// never into a log.
Result<void> keep_generated(std::optional<GeneratedKeys>& keys, const config::GatewayConfig& config,
                            const StateDirectory& state) {
  if (!keys || !config.has_stand_in_keys) return {};
  const std::string file = keys->file().string();
  if (keys->are_kept()) {
    log::info("generated_keys", {{"file", file}, {"made", "by an earlier start"}});
    return {};
  }
  if (!state.unusable().empty())
    return Error{ErrorKind::io, "the generated keys can't be kept: " + state.unusable()};
  if (auto kept = keys->keep(); !kept) return kept;
  log::warn("generated_keys", {{"file", file}, {"made", "now: clients and the dashboard need them"}});
  if (::isatty(STDERR_FILENO) != 0)
    std::fprintf(stderr, "client key: %s\nadmin key:  %s\n", keys->keys().client.c_str(),
                 keys->keys().admin.c_str());
  return {};
}

void reload(Daemon& daemon, Serving& serving) {
  config::LoadOptions options = serving.options.load;
  if (!serving.file.empty()) options.again = serving.file;
  if (serving.env_file) options.env_file = serving.env_file;
  const config::Loaded loaded =
      config::load(options, config::SystemEnvironment(config::Readable::regular_files));
  const bool is_usable = loaded.ok() && !loaded.config.providers.empty();
  if (!loaded.config.log.file.empty()) (void)report(loaded);  // else they would stand on stderr twice
  log_problems(loaded.problems);
  if (!is_usable) {
    daemon.note_reload_failed();
    log::error("reload_failed", {{"why", loaded.ok() ? "no provider can be used; nothing was changed"
                                                     : "the configuration has errors; nothing was changed"}});
    return;
  }
  if (const auto kept = keep_generated(serving.keys, loaded.config, serving.state); !kept) {
    daemon.note_reload_failed();
    log::error("reload_failed", {{"why", kept.error().message}});
    return;
  }
  if (const auto reloaded = daemon.reload(loaded.config); !reloaded) {
    daemon.note_reload_failed();
    log::error("reload_failed", {{"why", reloaded.error().message}});
    return;
  }
  const config::GatewayConfig& config = loaded.config;
  // One that is broken was not taken.
  if (!config.tls_cert_file.empty() &&
      transport::check_certificate(config.tls_cert_file, config.tls_key_file))
    announce(daemon, config, serving.state);
  serving.file = loaded.config.file;
  serving.env_file = loaded.env_file;
  if (serving.options.log_level) log::set_level(*serving.options.log_level);
  log::info("reloaded", {{"config", loaded.config.file}});
}

enum class Drained : std::uint8_t { all, not_in_time, not_wanted };

// Until nothing is under way, the time is up, or another signal says now.
Drained wait_for_what_is_under_way(const Daemon& daemon, const Signals& signals, Duration limit) {
  constexpr std::chrono::milliseconds kStep(20);
  for (Duration waited{}; !daemon.idle(); waited += kStep) {
    if (waited >= limit) return Drained::not_in_time;
    if (ends(signals.wait_for(kStep))) return Drained::not_wanted;
  }
  return Drained::all;
}

int drain(Daemon& daemon, const Signals& signals, Duration limit) {
  constexpr std::chrono::milliseconds kLastWords(500);  // whoever reads takes them at once
  log::info("draining", {{"at_most_s", std::chrono::duration_cast<std::chrono::seconds>(limit).count()}});
  daemon.drain();
  Drained drained = wait_for_what_is_under_way(daemon, signals, limit);
  if (drained == Drained::all) log::info("stopped");
  if (drained == Drained::not_in_time) {
    log::warn("stopped_at_once", {{"why", "server.drain_timeout is over"},
                                  {"effect", "what is still under way is ended with an error"}});
    daemon.end_requests();
    drained = wait_for_what_is_under_way(daemon, signals, kLastWords);
  }
  if (drained == Drained::not_wanted) log::warn("stopped_at_once", {{"why", "second signal"}});
  return kFine;
}

int run(Daemon& daemon, const Signals& signals, Serving serving) {
  while (true) {
    const int signal = signals.wait();
    if (ends(signal)) return drain(daemon, signals, daemon.drain_timeout());
    if (signal == SIGUSR1) log::reopen();
    if (signal == SIGHUP && serving.can_reload) reload(daemon, serving);
  }
}

// As the signals do, which the main thread takes.
admin::Orders orders(bool can_reload) {
  admin::Orders orders;
  if (can_reload) orders.reload = [] { ::kill(::getpid(), SIGHUP); };
  orders.drain = [] { ::kill(::getpid(), SIGTERM); };
  orders.libraries = libraries();
  return orders;
}

[[nodiscard]] int start_and_run(const config::Loaded& loaded, const ServeOptions& options,
                                const Signals& signals, std::optional<GeneratedKeys>& keys,
                                const DemoProviders* demo) {
  const config::GatewayConfig& config = loaded.config;
  if (!config.log.file.empty()) log_problems(loaded.problems);  // else the log is where they stand already
  const auto state_path = config::state_directory(options.state_directory, config::SystemEnvironment());
  const auto state = StateDirectory::claim(
      state_path, config.state_file,
      config.state_in_memory ? StateDirectory::Database::none : StateDirectory::Database::used);
  if (!state) {
    std::fprintf(stderr, "error: %s\n", state.error().message.c_str());
    return kFailed;
  }
  if (const auto kept = keep_generated(keys, config, *state); !kept) {
    std::fprintf(stderr, "error: %s\n", kept.error().message.c_str());
    return kFailed;
  }
  Daemon daemon;
  if (const auto started = daemon.start(config, *state, orders(demo == nullptr)); !started) {
    std::fprintf(stderr, "error: %s\n", started.error().message.c_str());
    return started.error().kind == ErrorKind::config ? kConfiguration : kFailed;
  }
  const bool in_memory = config.state_in_memory || !state->unusable().empty();
  log::info("started",
            {{"version", version()},
             {"url", daemon.url()},
             {"config", config.file.empty() ? "none" : config.file},
             {"state_dir", state->path().string()},
             {"state", in_memory ? "in memory: counts are lost at a restart" : config.state_file}});
  announce(daemon, config, *state);
  print_ready(daemon, config);
  if (demo != nullptr) {
    std::fputs(demo->invitation(daemon.url()).c_str(), stdout);
    std::fflush(stdout);
  }
  const int code = run(daemon, signals,
                       {.options = options,
                        .state = *state,
                        .keys = keys,
                        .can_reload = demo == nullptr,
                        .file = config.file,
                        .env_file = loaded.env_file});
  daemon.close_store();
  state->withdraw();
  // Not by the destructors: they would wait for a name look-up that hangs, and nobody is left to be served.
  log::flush();
  std::_Exit(code);
}

// Where they are wanted: those that are kept, else new ones.
bool take_generated(ServeOptions& options, std::optional<GeneratedKeys>& keys) {
  if (!options.generate_keys) return true;
  auto found =
      GeneratedKeys::find(config::state_directory(options.state_directory, config::SystemEnvironment()));
  if (!found) {
    std::fprintf(stderr, "error: %s\n", found.error().message.c_str());
    return false;
  }
  options.load.stand_in = found->keys();
  keys = *std::move(found);
  return true;
}

bool open_log(const log::Options& options) {
  try {
    log::open(options);
    return true;
  } catch (const std::runtime_error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return false;
  }
}

}  // namespace

int serve(ServeOptions options) {
  keep_memory_private();
  const Signals signals;
  raise_descriptor_limit();
  std::optional<GeneratedKeys> keys;
  if (!take_generated(options, keys)) return kFailed;
  const config::Loaded loaded = config::load(options.load, config::SystemEnvironment());
  if (!report(loaded)) return kConfiguration;
  tune_allocator(loaded.config);
  if (!open_log(log_options(loaded.config, options))) return kFailed;
  return start_and_run(loaded, options, signals, keys, nullptr);
}

int demo(ServeOptions options) {
  keep_memory_private();
  const Signals signals;
  raise_descriptor_limit();
  std::optional<GeneratedKeys> keys;
  if (!take_generated(options, keys)) return kFailed;
  DemoProviders providers;
  const config::Loaded loaded =
      config::load_text(providers.configuration(), "demo", options.load, config::SystemEnvironment());
  if (!report(loaded)) return kConfiguration;
  tune_allocator(loaded.config);
  if (!open_log(log_options(loaded.config, options))) return kFailed;
  return start_and_run(loaded, options, signals, keys, &providers);
}

}  // namespace weir::app
