#include "transport/trust_store.hpp"

#include <system_error>
#include <utility>

#include "weir/base/log.hpp"

namespace weir::transport {

TrustStore::TrustStore(std::string ca_file, std::string certificate)
    : ca_file_(std::move(ca_file)),
      certificate_(std::move(certificate)),
      context_(std::make_shared<const Result<TlsContext>>(
          Error{ErrorKind::internal, "the trusted certificates have not been read"})) {}

TrustStore::~TrustStore() {
  if (thread_.joinable()) thread_.join();
}

void TrustStore::want() {
  const std::lock_guard lock(mutex_);
  want_locked();
}

// Where there is no thread for it, whoever wants it next tries again.
void TrustStore::want_locked() {
  if (wanted_) return;
  const Result<void> begun = begin();
  wanted_ = begun.has_value();
  if (!begun) context_ = std::make_shared<const Result<TlsContext>>(begun.error());
}

Result<void> TrustStore::begin() {
  try {
    thread_ = std::thread([this] { read(); });
    return {};
  } catch (const std::system_error& e) {
    Error failed{ErrorKind::internal,
                 std::string("cannot begin to read the trusted certificates: ") + e.what()};
    log::error("trust_store_failed", {{"why", failed.message}});
    return failed;
  }
}

net::Awaitable<Waited> TrustStore::ready(net::Loop& loop, BootTime by, net::Cancellation& cancellation) {
  if (read_.load(std::memory_order_acquire)) co_return Waited::happened;
  const auto event = std::make_shared<net::Event>(loop.io());
  {
    const std::lock_guard lock(mutex_);
    if (read_) co_return Waited::happened;
    want_locked();
    if (!wanted_) co_return Waited::happened;
    waiters_.push_back({&loop, event});
  }
  co_return co_await wait_for(loop, *event, by, cancellation);
}

std::shared_ptr<const Result<TlsContext>> TrustStore::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

void TrustStore::reload() {
  {
    const std::lock_guard lock(mutex_);
    if (!wanted_) return;
  }
  if (thread_.joinable()) thread_.join();
  (void)begin();
}

void TrustStore::read() {
  auto context = std::make_shared<const Result<TlsContext>>(
      certificate_.empty() ? make_client_context(ca_file_) : make_pinned_context(certificate_));
  if (!*context) log::error("trust_store_failed", {{"why", context->error().message}});
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    if (*context || !*context_) context_ = std::move(context);
    read_.store(true, std::memory_order_release);
    waiters.swap(waiters_);
  }
  for (Waiter& waiter : waiters) waiter.loop->post([event = std::move(waiter.event)] { event->set(); });
}

}  // namespace weir::transport
