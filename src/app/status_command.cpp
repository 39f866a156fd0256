#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "app/commands.hpp"
#include "app/daemon_client.hpp"
#include "app/status_table.hpp"

namespace weir::app {
namespace {

constexpr const char* kPath = "/admin/v1/status";
constexpr int kOk = 200;
constexpr int kBetweenLooksMs = 2000;

int fail(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return kFailed;
}

int show_once(const StatusOptions& options, bool clear) {
  const auto answer = ask_daemon(options.daemon, "GET", kPath);
  if (!answer) return fail(answer.error().message);
  if (answer->status != kOk) return fail(words_of(*answer));
  std::string text = answer->body + "\n";
  if (!options.json) {
    auto table = status_table(answer->body);
    if (!table) return fail(table.error().message);
    text = *std::move(table);
  }
  if (clear) std::fputs("\033[H\033[2J", stdout);
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return std::ferror(stdout) == 0 ? kFine : kFailed;
}

}  // namespace

int status(const StatusOptions& options) {
  const bool clear = options.watch && !options.json && ::isatty(STDOUT_FILENO) == 1;
  while (true) {
    const int code = show_once(options, clear);
    if (!options.watch || code != kFine) return code;
    ::poll(nullptr, 0, kBetweenLooksMs);
  }
}

}  // namespace weir::app
