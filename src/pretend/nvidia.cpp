#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "pretend/manner.hpp"
#include "pretend/rungs.hpp"

// NVIDIA's hosted NIM, 2026-08.
namespace weir::pretend {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kPieceBytes = 8;  // of a tool call's arguments

Reply titled(int status, const char* title, const std::string& detail) {
  ordered_json body;
  body["status"] = status;
  body["title"] = title;
  if (!detail.empty()) body["detail"] = detail;
  return json_reply(status, body);
}

class NvidiaQuotas final : public Quotas {
 public:
  explicit NvidiaQuotas(const Limits& limits) {
    minute_.add(Rung::Counts::requests, "minute",
                {.kind = WindowRule::Kind::sliding,
                 .limit = limits.requests_per_minute,
                 .period = std::chrono::minutes(1)});
  }

  std::optional<Reply> admit(const Ask& /*ask*/, Instant now) override {
    if (!minute_.refused(0, now).empty()) return titled(429, "Too Many Requests", "");
    minute_.take(0, now);
    return std::nullopt;
  }
  void describe(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/,
                http::Fields& /*fields*/) const override {}
  void finish(const Ask& /*ask*/, std::uint64_t /*completion_tokens*/, Instant /*now*/) override {}

 private:
  Rungs minute_;
};

class NvidiaFaults final : public Faults {
 public:
  [[nodiscard]] Reply malformed(const std::string& message) const override {
    return bad_request(message, "BadRequestError");
  }
  [[nodiscard]] Reply bad_key() const override { return titled(403, "Forbidden", "Authorization failed"); }
  [[nodiscard]] Reply unknown_model(const std::string& /*model*/) const override {
    return titled(404, "Not Found",
                  "Function '00000000-0000-4000-8000-000000000000': Not found for account 'pretend'");
  }
  [[nodiscard]] Reply too_long(std::uint64_t tokens, std::uint64_t context) const override {
    return bad_request("This model's maximum context length is " + std::to_string(context) +
                           " tokens. However, you requested " + std::to_string(tokens) +
                           " tokens. Please reduce the length of the messages or completion.",
                       "BadRequestError");
  }
  [[nodiscard]] std::vector<Breach> breaches(const json& request) const override {
    return nvidia_breaches(request);
  }
  [[nodiscard]] Reply refused(const std::vector<Breach>& breaches) const override {
    const Breach& first = breaches.front();
    if (!first.words.empty()) return bad_request(first.words, "BadRequestError");
    std::string names;
    for (const Breach& breach : breaches)
      if (breach.words.empty()) names += (names.empty() ? "`" : ", `") + path_text(breach.path) + "`";
    return bad_request("Validation: Unsupported parameter(s): " + names, "Bad Request");
  }

 private:
  static Reply bad_request(const std::string& message, const char* type) {
    ordered_json body;
    body["error"] = {{"message", message}, {"type", type}, {"code", 400}};
    return json_reply(400, body);
  }
};

// Tool calls come in pieces, and nothing says that they are functions.
class NvidiaShape final : public Shape {
 public:
  [[nodiscard]] std::string call_id(std::uint64_t number) const override {
    return "chatcmpl-tool-" + made_up_id(number, 32, "0123456789abcdef");
  }

 protected:
  [[nodiscard]] std::string_view thought_member() const override { return "reasoning_content"; }
  [[nodiscard]] std::vector<Delta> call_deltas(const Answer& answer) const override {
    std::vector<Delta> deltas;
    for (std::size_t i = 0; i < answer.calls.size(); ++i) {
      const ToolCall& made = answer.calls[i];
      Json opening{{"index", i}, {"id", made.id}};
      opening["function"] = {{"name", made.name}, {"arguments", ""}};
      deltas.push_back(delta_of(std::move(opening), made.tokens));
      for (std::size_t at = 0; at < made.arguments.size(); at += kPieceBytes) {
        Json piece{{"index", i}};
        piece["function"]["arguments"] = made.arguments.substr(at, kPieceBytes);
        deltas.push_back(delta_of(std::move(piece), 0));
      }
    }
    return deltas;
  }

 private:
  static Delta delta_of(Json call, std::uint64_t tokens) {
    Json message;
    message["tool_calls"] = Json::array({std::move(call)});
    return {std::move(message), tokens};
  }
};

std::unique_ptr<Quotas> make_quotas(const ProviderSpec& spec) {
  return std::make_unique<NvidiaQuotas>(spec.limits);
}

constexpr std::array<KnownLimit, 1> kKnown{{{"rpm", &Limits::requests_per_minute, "sliding"}}};

}  // namespace

const MannerParts& nvidia_parts() {
  static const NvidiaFaults kFaults;
  static const NvidiaShape kShape;
  static const MannerParts kParts{"nvidia", "nvidia", "/v1", make_quotas, &kFaults, &kShape, kKnown};
  return kParts;
}

}  // namespace weir::pretend
