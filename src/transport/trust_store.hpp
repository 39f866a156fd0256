#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "transport/tls.hpp"
#include "transport/waiting.hpp"
#include "weir/base/result.hpp"

namespace weir::transport {

// The client side's TLS context, whose trusted certificates are read on a thread of its own: reading them
// takes longer than the whole start. They are read when first wanted, since they take a megabyte that who has
// no upstream with TLS doesn't need, and again on demand; those that can't be read leave what was. Outlived
// by the loops that wait for it. Threads: reload and the destructor one, all else any.
class TrustStore {
 public:
  TrustStore(std::string ca_file, std::string certificate);  // see UpstreamSharedConfig
  ~TrustStore();
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;

  // Begins to read, unless that has begun.
  void want();
  // Until it has been read, without blocking the loop. Wants it.
  [[nodiscard]] net::Awaitable<Waited> ready(net::Loop& loop, BootTime by, net::Cancellation& cancellation);
  // What ready() waited for.
  [[nodiscard]] std::shared_ptr<const Result<TlsContext>> context() const;
  // Begins to read them once more, if they were wanted: connections made from then on go by what stands
  // there.
  void reload();

 private:
  struct Waiter {
    net::Loop* loop;
    std::shared_ptr<net::Event> event;  // shared with the waiting coroutine, which may have left
  };

  void want_locked();
  [[nodiscard]] Result<void> begin();
  void read();

  const std::string ca_file_;
  const std::string certificate_;
  std::atomic<bool> read_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const Result<TlsContext>> context_;  // protected by mutex_
  bool wanted_ = false;                                // protected by mutex_
  std::vector<Waiter> waiters_;                        // protected by mutex_
  std::thread thread_;  // before wanted_ protected by mutex_, then of who may reload
};

}  // namespace weir::transport
