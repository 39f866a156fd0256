#include "transport/look_ups.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "weir/net/event.hpp"

namespace weir::transport {
namespace {

constexpr std::size_t kThreads = 4;  // one name server that hangs must not hold up every name

}  // namespace

// Of the asking loop's thread, but for its way there.
struct LookUps::Waiting {
  explicit Waiting(boost::asio::io_context& io) : over(io) {}

  net::Event over;
  Literals found = std::vector<std::string>{};
};

LookUps::LookUps(LookUp look_up) : look_up_(std::move(look_up)), threads_(kThreads) {}

LookUps::~LookUps() {
  threads_.stop();
  threads_.join();
}

net::Awaitable<bool> LookUps::ask(net::Loop& loop, std::string host, Literals& found,
                                  net::Cancellation& abandoned) {
  const auto waiting = std::make_shared<Waiting>(loop.io());
  begin(host, {&loop, waiting});
  const net::Cancellation::Registration registration(abandoned, [waiting] { waiting->over.set(); });
  co_await waiting->over.wait();
  if (abandoned.requested()) co_return false;
  found = std::move(waiting->found);
  co_return true;
}

void LookUps::begin(const std::string& host, Asker asker) {
  const std::lock_guard lock(mutex_);
  std::vector<Asker>& askers = under_way_[host];
  askers.push_back(std::move(asker));
  if (askers.size() == 1) boost::asio::post(threads_, [this, host] { run(host); });
}

void LookUps::run(const std::string& host) {
  const Literals found = look_up(host);
  std::vector<Asker> askers;
  {
    const std::lock_guard lock(mutex_);
    askers = std::move(under_way_[host]);
    under_way_.erase(host);
  }
  for (Asker& asker : askers) {
    asker.loop->post([waiting = std::move(asker.waiting), found] {
      waiting->found = found;
      waiting->over.set();
    });
  }
}

LookUps::Literals LookUps::look_up(const std::string& host) const {
  try {
    return look_up_(host);
  } catch (const std::exception& e) {
    return Error{ErrorKind::dns_failed, "cannot look up " + host + ": " + e.what()};
  }
}

}  // namespace weir::transport
