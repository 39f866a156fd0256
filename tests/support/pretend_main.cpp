// Pretend providers as a process of their own, for tests that aren't C++:
//
//   pretend_providers NAME=MANNER:MODEL[,MODEL...][?LIMIT=N[&LIMIT=N...]] ...
//
// LIMIT is one of rpm, rph, rpd, rpmo, tpm, tph, tpd, tpmo, concurrency; without it nothing runs dry. Or
// words, word_ms or context. Prints one line of JSON, {"providers": {NAME: {"base_url", "api_key",
// "manner"}}, "yaml": the weir.yaml that knows them}, and serves until SIGTERM or the end of its input.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "weir/base/clock.hpp"
#include "weir/net/loop.hpp"
#include "weir/pretend/pretend.hpp"

namespace weir {
namespace {

using pretend::Limits;
using pretend::ProviderSpec;

// What stands before the separator, which is taken off with it; all of it where there is none.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view before = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return before;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::runtime_error("not a number: " + std::string(text));
  return value;
}

void set_option(ProviderSpec& spec, std::string_view name, std::uint64_t value) {
  struct Row {
    std::string_view name;
    std::uint64_t Limits::*limit;
  };
  static constexpr std::array<Row, 9> kLimits{{{"rpm", &Limits::requests_per_minute},
                                               {"rph", &Limits::requests_per_hour},
                                               {"rpd", &Limits::requests_per_day},
                                               {"rpmo", &Limits::requests_per_month},
                                               {"tpm", &Limits::tokens_per_minute},
                                               {"tph", &Limits::tokens_per_hour},
                                               {"tpd", &Limits::tokens_per_day},
                                               {"tpmo", &Limits::tokens_per_month},
                                               {"concurrency", &Limits::concurrency}}};
  if (const auto row = std::ranges::find(kLimits, name, &Row::name); row != kLimits.end()) {
    spec.limits.*row->limit = value;
  } else if (name == "words") {
    spec.words = static_cast<std::uint32_t>(value);
  } else if (name == "word_ms") {
    spec.word_delay = std::chrono::milliseconds(value);
  } else if (name == "context") {
    spec.context = value;
  } else {
    throw std::runtime_error("no such option: " + std::string(name));
  }
}

ProviderSpec spec_of(std::string_view text) {
  ProviderSpec spec;
  spec.name = cut(text, '=');
  const std::string_view manner = cut(text, ':');
  const auto found = pretend::find_manner(manner);
  if (!found) throw std::runtime_error("no such manner: " + std::string(manner));
  spec.manner = *found;
  spec.api_key = "pretend-" + spec.name + "-key";
  spec.word_delay = std::chrono::milliseconds(1);
  std::string_view models = cut(text, '?');
  while (!models.empty()) spec.models.emplace_back(cut(models, ','));
  if (spec.models.empty()) throw std::runtime_error("no model for " + spec.name);
  while (!text.empty()) {
    std::string_view option = cut(text, '&');
    const std::string_view name = cut(option, '=');
    set_option(spec, name, number(option));
  }
  return spec;
}

std::string description(const pretend::PretendProviders& providers) {
  nlohmann::ordered_json line;
  for (std::size_t i = 0; i < providers.size(); ++i) {
    auto& provider = line["providers"][providers.spec(i).name];
    provider["base_url"] = providers.base_url(i);
    provider["api_key"] = providers.spec(i).api_key;
    provider["manner"] = pretend::name(providers.spec(i).manner);
  }
  line["yaml"] = providers.weir_yaml();
  return line.dump() + "\n";
}

// Whoever started us and is gone has closed our input.
void wait_for_the_end(int signals) {
  std::array<pollfd, 2> sources{{{signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  for (;;) {
    if (::poll(sources.data(), sources.size(), -1) < 0) continue;
    std::array<char, 256> ignored{};
    if (sources[0].revents != 0) return;
    if (sources[1].revents != 0 && ::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0) return;
  }
}

void serve(const std::vector<ProviderSpec>& specs, int signals) {
  const SystemClock clock;
  net::Loop loop(clock);
  pretend::PretendProviders providers(specs);
  if (const auto started = providers.start(loop); !started) throw std::runtime_error(started.error().message);
  std::thread thread([&loop] { loop.run(); });
  const std::string line = description(providers);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
  wait_for_the_end(signals);
  providers.stop();
  while (loop.tasks() > 0) std::this_thread::yield();
  loop.stop();
  thread.join();
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  // Before any thread, so that all have them blocked.
  sigprocmask(SIG_BLOCK, &set, nullptr);
  try {
    std::vector<weir::pretend::ProviderSpec> specs;
    for (int i = 1; i < argc; ++i) specs.push_back(weir::spec_of(argv[i]));
    if (specs.empty()) throw std::runtime_error("usage: pretend_providers NAME=MANNER:MODEL[,MODEL...] ...");
    weir::serve(specs, signalfd(-1, &set, SFD_CLOEXEC));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
  }
  return 0;
}
