#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "app/commands.hpp"
#include "app/daemon_client.hpp"
#include "app/quota_table.hpp"
#include "weir/base/units.hpp"
#include "weir/http/target.hpp"

namespace weir::app {
namespace {

constexpr const char* kQuotaPath = "/admin/v1/quota";
constexpr int kOk = 200;

int fail(const std::string& why, int code = kFailed) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return code;
}

// Sends an order and says how it went.
int order(const QuotaOptions& options, std::string_view method, const std::string& path,
          const std::string& body, const std::string& done) {
  const auto answer = ask_daemon(options.daemon, method, path, body);
  if (!answer) return fail(answer.error().message);
  if (answer->status != kOk) return fail(words_of(*answer));
  std::printf("%s\n", done.c_str());
  return kFine;
}

struct Which {
  std::string provider;
  std::string model;  // empty: all
};

Which which_of(const QuotaOptions& options) {
  const std::size_t slash = options.which.find('/');
  if (slash == std::string::npos) return {.provider = options.which, .model = {}};
  return {.provider = options.which.substr(0, slash), .model = options.which.substr(slash + 1)};
}

std::string path_of(const Which& which, const std::string& key) {
  return std::string(kQuotaPath) + "/" + http::escape(which.provider) + "/" +
         (key.empty() ? "*" : http::escape(key)) + "/" +
         (which.model.empty() ? "*" : http::escape(which.model));
}

}  // namespace

int show_quota(const QuotaOptions& options) {
  const auto answer = ask_daemon(options.daemon, "GET", kQuotaPath);
  if (!answer) return fail(answer.error().message);
  if (answer->status != kOk) return fail(words_of(*answer));
  if (options.json) {
    std::printf("%s\n", answer->body.c_str());
    return kFine;
  }
  const Which which = which_of(options);
  const auto table = quota_table(answer->body, which.provider, which.model, options.key);
  if (!table) return fail(table.error().message);
  std::fputs(table->c_str(), stdout);
  return kFine;
}

int set_quota(const QuotaOptions& options) {
  const Which which = which_of(options);
  if (which.model.empty()) return fail("name a model too: weir quota set PROVIDER/MODEL rpd=200", kUsage);
  nlohmann::ordered_json used;
  for (const std::string& pair : options.used) {
    const std::size_t equals = pair.rfind('=');
    const auto count =
        equals == std::string::npos ? std::nullopt : parse_count(std::string_view(pair).substr(equals + 1));
    if (!count) return fail("expected a window and a count like rpd=200, got \"" + pair + "\"", kUsage);
    used[pair.substr(0, equals)] = *count;
  }
  return order(options, "PUT", path_of(which, options.key), used.dump(),
               options.which + ": noted " + used.dump());
}

int forget_quota(const QuotaOptions& options) {
  return order(options, "DELETE", path_of(which_of(options), options.key), "", options.which + ": forgotten");
}

}  // namespace weir::app
