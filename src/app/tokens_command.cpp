#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "app/commands.hpp"
#include "app/daemon_client.hpp"
#include "app/input_file.hpp"

namespace weir::app {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int kOk = 200;

int fail(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return kFailed;
}

void print_table(const json& answer) {
  if (answer.at("count").is_number())
    std::printf("%llu tokens of o200k_base\n", answer.at("count").get<unsigned long long>());
  else
    std::printf("this weir was built without a vocabulary: counted by bytes\n");
  std::size_t width = 6;
  for (const json& target : answer.at("targets"))
    width = std::max(width, target.at("target").get<std::string>().size());
  std::printf("  %-*s  tokenizer  likely  at most  learned from\n", static_cast<int>(width), "target");
  for (const json& target : answer.at("targets"))
    std::printf("  %-*s  %-9s  %6llu  %7llu  %llu answers\n", static_cast<int>(width),
                target.at("target").get<std::string>().c_str(),
                target.at("tokenizer").get<std::string>().c_str(),
                target.at("estimate").get<unsigned long long>(), target.at("upper").get<unsigned long long>(),
                target.at("answers").get<unsigned long long>());
}

}  // namespace

int count_tokens(const TokensOptions& options) {
  const auto text = read_input(options.file);
  if (!text) return fail(text.error().message);
  const ordered_json body{{"model", options.model}, {"text", *text}};
  const auto answer = ask_daemon(options.daemon, "POST", "/v1/tokenize",
                                 body.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  if (!answer) return fail(answer.error().message);
  if (answer->status != kOk) return fail(words_of(*answer));
  if (options.json)
    std::printf("%s\n", answer->body.c_str());
  else
    print_table(json::parse(answer->body));
  return kFine;
}

}  // namespace weir::app
