#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "transport/server_state.hpp"
#include "transport/session.hpp"
#include "weir/base/result.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/loop.hpp"

namespace weir::transport {

// One loop's share of a server: its acceptor and the sessions it accepted. open() before start(), everything
// from there on the loop's thread. Its coroutines keep it alive.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  enum class Port : std::uint8_t { own, shared };  // with the acceptors of other loops

  Listener(net::Loop& loop, std::shared_ptr<ServerState> server);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds and listens. Fails with kind io.
  [[nodiscard]] Result<void> open(const boost::asio::ip::tcp::endpoint& at, Port port);
  [[nodiscard]] boost::asio::ip::tcp::endpoint local_endpoint() const;
  [[nodiscard]] net::Loop& loop() noexcept { return loop_; }

  void start();         // accepting
  void drain();         // no further connections; sessions end after their request
  void end_requests();  // those are to be answered now
  void close_all();     // drain(), and sessions end now

 private:
  static net::Awaitable<void> accept_connections(std::shared_ptr<Listener> self);
  static net::Awaitable<void> turn_away(std::shared_ptr<Listener> self, Place place, Stream stream,
                                        std::string peer);
  [[nodiscard]] net::Awaitable<void> accept_some();
  void admit(Socket socket, const boost::asio::ip::tcp::endpoint& from);
  void refuse(Stream stream, std::string peer);
  [[nodiscard]] net::Awaitable<void> pause(boost::system::error_code why);
  void answer_without_descriptors();

  net::Loop& loop_;
  const std::shared_ptr<ServerState> server_;
  boost::asio::ip::tcp::acceptor acceptor_;
  int reserve_ = -1;  // a descriptor to give up for a moment where there are no more
  net::Cancellation stopping_;
  boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>> sessions_;
};

}  // namespace weir::transport
