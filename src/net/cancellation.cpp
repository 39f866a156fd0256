#include "weir/net/cancellation.hpp"

namespace weir::net {

Cancellation::Registration::Registration(Cancellation& owner, std::function<void()> cancel)
    : owner_(owner), outer_(std::exchange(owner.cancel_, std::move(cancel))) {
  if (owner_.requested_) owner_.cancel_();
}

Cancellation::Registration::~Registration() {
  owner_.cancel_ = std::move(outer_);
}

void Cancellation::request(Reason reason) {
  client_gone_ = client_gone_ || reason == Reason::client_gone;
  if (requested_) return;
  requested_ = true;
  if (cancel_) cancel_();
}

}  // namespace weir::net
