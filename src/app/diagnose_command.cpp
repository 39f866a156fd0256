#include <cstdio>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/input_file.hpp"
#include "app/raw_answer.hpp"
#include "app/verdict_text.hpp"
#include "weir/base/clock.hpp"
#include "weir/base/text.hpp"
#include "weir/providers/signals.hpp"

namespace weir::app {
namespace {

int fail(const std::string& why, int code = kFailed) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return code;
}

// The provider, or what someone may have meant by it.
int unknown_provider(const std::string& name) {
  std::vector<std::string_view> names;
  for (const providers::Signals& signals : providers::builtin_signals()) {
    names.push_back(signals.name);
    names.insert(names.end(), signals.also_called.begin(), signals.also_called.end());
  }
  std::string why = "no provider \"" + name + "\" is known";
  const std::string_view near = closest(name, names);
  if (!near.empty()) why += "; did you mean \"" + std::string(near) + "\"?";
  why += near.empty() ? "; known are" : " Known are";
  for (const providers::Signals& signals : providers::builtin_signals())
    why += (&signals == providers::builtin_signals().data() ? " " : ", ") + std::string(signals.name);
  return fail(why, kUsage);
}

}  // namespace

int diagnose(const DiagnoseOptions& options) {
  const providers::Signals* const signals = providers::find_signals(lower(options.provider));
  if (signals == nullptr) return unknown_provider(options.provider);
  const auto text = read_input(options.file);
  if (!text) return fail(text.error().message);
  if (trim(*text).empty()) return fail((options.file.empty() ? "stdin" : options.file) + " is empty");
  const auto answer = read_raw_answer(*text);
  if (!answer) return fail(answer.error().message);
  const WallTime now = SystemClock().now().wall;
  const providers::Verdict verdict =
      providers::diagnose(*signals, answer->status, answer->fields, answer->body, now);
  if (options.json)
    std::printf("%s\n", verdict_json(verdict).c_str());
  else
    std::fputs(verdict_words(verdict).c_str(), stdout);
  return kFine;
}

}  // namespace weir::app
