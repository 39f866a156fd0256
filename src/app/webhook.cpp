#include "app/webhook.hpp"

#include <array>
#include <chrono>
#include <span>
#include <string_view>
#include <utility>

#include "weir/base/hmac.hpp"
#include "weir/base/log.hpp"
#include "weir/base/version.hpp"

namespace weir::app {
namespace {

constexpr Duration kLongestTry = std::chrono::seconds(10);
constexpr std::array<Duration, 5> kPauses{std::chrono::seconds(1), std::chrono::seconds(5),
                                          std::chrono::seconds(30), std::chrono::minutes(2),
                                          std::chrono::minutes(10)};

std::string fields_of(const WebhookTarget& target, const std::string& json) {
  std::string fields =
      "Content-Type: application/json\r\nUser-Agent: weir/" + std::string(version()) + "\r\n";
  if (!target.secret.empty())
    fields += "X-Weir-Signature: sha256=" + hmac_sha256_hex(target.secret.reveal(), json) + "\r\n";
  return fields;
}

// Another try may be taken.
bool is_passing(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

}  // namespace

Webhook::Webhook(net::Loop& loop, std::unique_ptr<transport::UpstreamClient> client,
                 std::function<void(bool)> result)
    : loop_(loop), client_(std::move(client)), result_(std::move(result)) {}

void Webhook::configure(std::optional<WebhookTarget> target) {
  auto fresh = target ? std::make_shared<const WebhookTarget>(*std::move(target)) : nullptr;
  loop_.post([this, fresh = std::move(fresh)] { target_ = fresh; });
}

void Webhook::send(std::string json) {
  loop_.post([this, json = std::move(json)]() mutable {
    if (target_ == nullptr || stopping_.requested()) return;
    if (waiting_.size() == kMostWaiting) {
      waiting_.pop_front();
      result_(false);
    }
    waiting_.push_back(std::move(json));
    if (!std::exchange(is_running_, true)) loop_.spawn("webhook", run());
  });
}

void Webhook::stop() {
  loop_.post([this] { stopping_.request(); });
}

net::Awaitable<void> Webhook::run() {
  while (!waiting_.empty() && !stopping_.requested()) {
    std::string json = std::move(waiting_.front());
    waiting_.pop_front();
    co_await deliver(std::move(json));
  }
  is_running_ = false;
}

net::Awaitable<void> Webhook::deliver(std::string json) {
  for (std::size_t tries = 0; target_ != nullptr && !stopping_.requested(); ++tries) {
    const std::shared_ptr<const WebhookTarget> target = target_;
    const Outcome outcome = co_await try_once(*target, json);
    if (outcome != Outcome::failed) co_return result_(outcome == Outcome::taken);
    if (tries == kPauses.size()) break;
    const BootTime again_at = loop_.now().boot + kPauses[tries];
    co_await loop_.sleep_until(again_at, stopping_);
  }
  if (stopping_.requested()) co_return;
  log::warn("webhook_gave_up", {{"effect", "an alert was not delivered"}});
  result_(false);
}

net::Awaitable<Webhook::Outcome> Webhook::try_once(const WebhookTarget& target, const std::string& json) {
  const std::string fields = fields_of(target, json);
  const std::array<std::string_view, 1> body{json};
  transport::UpstreamRequest request;
  request.endpoint = &target.endpoint;
  request.path = target.path;
  request.fields = fields;
  request.body = body;
  request.head_by = loop_.now().boot + kLongestTry;
  const auto answer = co_await client_->exchange(request, stopping_);
  if (!answer) {
    log::warn("webhook_failed", {{"why", answer.error().message}});
    co_return Outcome::failed;
  }
  const int status = (*answer)->head().status;
  if (status >= 200 && status < 300) co_return Outcome::taken;
  log::warn("webhook_failed", {{"status", status}});
  co_return is_passing(status) ? Outcome::failed : Outcome::refused;
}

}  // namespace weir::app
