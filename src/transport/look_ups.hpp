#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "weir/base/result.hpp"
#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/loop.hpp"
#include "weir/transport/upstream.hpp"

namespace weir::transport {

// The look-ups of all loops, on a few threads of their own. One a name at a time, however many loops ask: a
// name server that hangs holds up one thread for each of its names. Outlived by the loops that ask.
// Threads: any.
class LookUps {
 public:
  using Literals = Result<std::vector<std::string>>;

  explicit LookUps(LookUp look_up);
  ~LookUps();  // waits for those under way; what hasn't begun never does
  LookUps(const LookUps&) = delete;
  LookUps& operator=(const LookUps&) = delete;

  // What a look-up of that name finds that is under way, or begins now. False where the cancellation came
  // first; the look-up goes on alone then. On the loop's thread.
  [[nodiscard]] net::Awaitable<bool> ask(net::Loop& loop, std::string host, Literals& found,
                                         net::Cancellation& abandoned);

 private:
  struct Waiting;
  struct Asker {
    net::Loop* loop;
    std::shared_ptr<Waiting> waiting;  // shared with the coroutine that asks, which may have left
  };

  void begin(const std::string& host, Asker asker);
  void run(const std::string& host);
  [[nodiscard]] Literals look_up(const std::string& host) const;

  const LookUp look_up_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Asker>> under_way_;  // protected by mutex_
  boost::asio::thread_pool threads_;
};

}  // namespace weir::transport
