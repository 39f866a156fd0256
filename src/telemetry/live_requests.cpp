#include "weir/telemetry/live_requests.hpp"

#include <utility>

namespace weir::telemetry {

std::string_view name(LiveState state) noexcept {
  switch (state) {
    case LiveState::reading:
      return "reading";
    case LiveState::waiting:
      return "waiting";
    case LiveState::trying:
      return "trying";
    case LiveState::answering:
      break;
  }
  return "answering";
}

void LiveRequests::append_to(std::vector<LiveView>& views, Instant now) const {
  const std::lock_guard lock(mutex_);
  for (const LiveRequest* one = first_; one != nullptr; one = one->after_) {
    LiveView view{.state = one->state_,
                  .at = one->began_.wall,
                  .age = now.boot - one->began_.boot,
                  .request_id = one->record_.request_id,
                  .client = {},
                  .model = {},
                  .priority = {},
                  .target = {},
                  .key = std::string(one->key_),
                  .attempts = one->record_.attempts,
                  .estimated_tokens = one->estimated_tokens_,
                  .queued = one->queued_,
                  .first_byte = one->first_byte_};
    if (one->is_asked_) {
      view.client = one->record_.client;
      view.model = one->record_.model;
      view.priority = one->record_.priority;
      view.stream = one->record_.stream;
    }
    if (!one->provider_.empty()) view.target = std::string(one->provider_) + "/" + std::string(one->model_);
    views.push_back(std::move(view));
  }
}

std::size_t LiveRequests::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

LiveRequest::LiveRequest(LiveRequests& all, RequestRecord& record, Instant began)
    : all_(all), record_(record), began_(began) {
  const std::lock_guard lock(all_.mutex_);
  before_ = std::exchange(all_.last_, this);
  (before_ == nullptr ? all_.first_ : before_->after_) = this;
  ++all_.count_;
}

LiveRequest::~LiveRequest() {
  const std::lock_guard lock(all_.mutex_);
  (before_ == nullptr ? all_.first_ : before_->after_) = after_;
  (after_ == nullptr ? all_.last_ : after_->before_) = before_;
  --all_.count_;
}

void LiveRequest::asked() {
  const std::lock_guard lock(all_.mutex_);
  is_asked_ = true;
}

void LiveRequest::waits() {
  const std::lock_guard lock(all_.mutex_);
  state_ = LiveState::waiting;
  provider_ = model_ = key_ = {};
}

void LiveRequest::tries(std::string_view provider, std::string_view model, std::string_view key) {
  const std::lock_guard lock(all_.mutex_);
  state_ = LiveState::trying;
  provider_ = provider;
  model_ = model;
  key_ = key;
  estimated_tokens_ = record_.estimated_tokens;
  queued_ = record_.queued;
}

void LiveRequest::add(AttemptRecord&& attempt) {
  const std::lock_guard lock(all_.mutex_);
  record_.attempts.push_back(std::move(attempt));
}

void LiveRequest::answers() {
  const std::lock_guard lock(all_.mutex_);
  state_ = LiveState::answering;
  first_byte_ = record_.first_byte;
}

}  // namespace weir::telemetry
