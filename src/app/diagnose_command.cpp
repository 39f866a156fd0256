#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/raw_answer.hpp"
#include "app/verdict_text.hpp"
#include "weir/base/clock.hpp"
#include "weir/base/text.hpp"
#include "weir/providers/signals.hpp"

namespace weir::app {
namespace {

constexpr std::size_t kLargestInput = 16U << 20U;

int fail(const std::string& why, int code = kFailed) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return code;
}

Result<std::string> read_all(std::istream& from, const std::string& name) {
  std::string text;
  std::vector<char> block(1U << 16U);
  while (from.read(block.data(), static_cast<std::streamsize>(block.size())) || from.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(from.gcount()));
    if (text.size() > kLargestInput)
      return Error{ErrorKind::invalid_request, name + " is larger than 16 MiB"};
  }
  if (from.bad()) return Error{ErrorKind::invalid_request, name + " can't be read"};
  if (trim(text).empty()) return Error{ErrorKind::invalid_request, name + " is empty"};
  return text;
}

Result<std::string> read_input(const std::string& file) {
  if (file.empty() || file == "-") return read_all(std::cin, "stdin");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error{ErrorKind::invalid_request, file + " can't be opened"};
  return read_all(stream, file);
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
