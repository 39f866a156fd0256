#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/commands.hpp"
#include "app/daemon_client.hpp"
#include "app/input_file.hpp"

namespace weir::app {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr const char* kPath = "/admin/v1/explain";
constexpr int kOk = 200;

int fail(const std::string& why, int code = kFailed) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  return code;
}

// "in tier 1 with a score of 0.83", or why not.
std::string state_of(const json& target) {
  if (target.at("has_room")) {
    std::array<char, 32> score{};
    std::snprintf(score.data(), score.size(), "%.3f", target.at("score").get<double>());
    return score.data();
  }
  std::string text = target.at("why").get<std::string>();
  if (target.at("too_large")) text += " can never hold as much";
  if (target.at("available_at").is_string())
    text += ", room at " + target.at("available_at").get<std::string>();
  if (target.contains("remedy")) text += ": " + target.at("remedy").get<std::string>();
  return text;
}

void print_table(const json& answer) {
  const auto& targets = answer.at("targets");
  const auto with_room =
      std::ranges::count_if(targets, [](const json& target) { return target.at("has_room"); });
  std::printf("%s (%s): %zu of %zu targets have room for %llu + %llu tokens\n",
              answer.at("route").get<std::string>().c_str(), answer.at("strategy").get<std::string>().c_str(),
              static_cast<std::size_t>(with_room), targets.size(),
              answer.at("prompt_tokens").get<unsigned long long>(),
              answer.at("output_tokens").get<unsigned long long>());
  std::size_t width = 6;
  for (const json& target : targets)
    width = std::max(width, target.at("target").get<std::string>().size() +
                                target.at("key").get<std::string>().size() + 1);
  std::printf("  %-*s  tier  score, or why not\n", static_cast<int>(width), "target");
  for (const json& target : targets) {
    const std::string name =
        target.at("target").get<std::string>() + "#" + target.at("key").get<std::string>();
    std::printf("  %-*s  %4u  %s\n", static_cast<int>(width), name.c_str(), target.at("tier").get<unsigned>(),
                state_of(target).c_str());
    if (target.contains("max_tokens"))
      std::printf("  %*s        max_tokens: %llu\n", static_cast<int>(width), "",
                  target.at("max_tokens").get<unsigned long long>());
    for (const json& change : target.value("changes", json::array()))
      std::printf("  %*s        %s\n", static_cast<int>(width), "", change.get<std::string>().c_str());
  }
}

}  // namespace

int explain(const ExplainOptions& options) {
  ordered_json body;
  if (!options.model.empty()) body["model"] = options.model;
  body["tokens"] = options.tokens;
  if (options.max_tokens) body["max_tokens"] = *options.max_tokens;
  body["tools"] = options.tools;
  body["images"] = options.images;
  body["json_schema"] = options.json_schema;
  body["no_training"] = options.no_training;
  if (!options.priority.empty()) body["priority"] = options.priority;
  if (!options.request.empty()) {
    const auto text = read_input(options.request);
    if (!text) return fail(text.error().message);
    body["request"] = ordered_json::parse(*text, nullptr, false);
    if (body["request"].is_discarded()) return fail(options.request + " is not JSON");
  } else if (options.model.empty()) {
    return fail("name the model: weir explain -m MODEL", kUsage);
  }
  const auto answer = ask_daemon(options.daemon, "POST", kPath, body.dump());
  if (!answer) return fail(answer.error().message);
  const json said = json::parse(answer->body, nullptr, false);
  const auto pointer = json::json_pointer("/error/message");
  if (answer->status != kOk)
    return fail(said.is_object() && said.contains(pointer) && said[pointer].is_string()
                    ? said[pointer].get<std::string>()
                    : "the daemon answered " + std::to_string(answer->status));
  if (options.json)
    std::printf("%s\n", answer->body.c_str());
  else
    print_table(said);
  return kFine;
}

}  // namespace weir::app
