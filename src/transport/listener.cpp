#include "transport/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "transport/response_head.hpp"
#include "transport/shortage.hpp"
#include "weir/base/log.hpp"

namespace weir::transport {
namespace {

namespace asio = boost::asio;
using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr Duration kPause = std::chrono::milliseconds(150);  // after an accept that failed
constexpr std::size_t kTurnedAwayMax = 64;                   // at once; beyond it a connection is just closed
constexpr int kAcceptedAtOnce = 4;                           // before others have their turn
constexpr int kAnsweredAtOnce = 64;                          // in one go without descriptors

void share_port(int socket, error_code& ec) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    ec = last_error();
  }
}

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// Nothing is wrong with us, and the next accept may well succeed.
bool is_of_one_connection(error_code ec) {
  return ec == asio::error::connection_aborted || ec == asio::error::interrupted ||
         ec == boost::system::errc::protocol_error;
}

Error no_room() {
  return {ErrorKind::overloaded, "too many connections (server.max_connections)"};
}

Error no_descriptors() {
  return {ErrorKind::overloaded, "weir is out of file descriptors: raise ulimit -n"};
}

}  // namespace

Listener::Listener(net::Loop& loop, std::shared_ptr<ServerState> server)
    : loop_(loop), server_(std::move(server)), acceptor_(loop.io()), reserve_(open_reserve()) {}

Listener::~Listener() {
  if (reserve_ >= 0) ::close(reserve_);
}

Result<void> Listener::open(const tcp::endpoint& at, Port port) {
  error_code ec;
  acceptor_.open(at.protocol(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && port == Port::shared) share_port(acceptor_.native_handle(), ec);
  if (!ec) acceptor_.bind(at, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) acceptor_.non_blocking(true, ec);  // who accepts does so until there is none
  if (!ec) return {};
  error_code ignored;
  acceptor_.close(ignored);
  return Error{ErrorKind::io, ec.message()};
}

tcp::endpoint Listener::local_endpoint() const {
  error_code ignored;
  return acceptor_.local_endpoint(ignored);
}

void Listener::start() {
  loop_.spawn("accept", accept_connections(shared_from_this()));
}

void Listener::drain() {
  error_code ignored;
  acceptor_.close(ignored);
  stopping_.request();
  for (Session& session : sessions_) session.drain();
}

void Listener::end_requests() {
  for (Session& session : sessions_) session.end_request();
}

void Listener::close_all() {
  drain();
  for (Session& session : sessions_) session.close();
}

net::Awaitable<void> Listener::accept_connections(std::shared_ptr<Listener> self) {
  while (self->acceptor_.is_open()) {
    try {
      co_await self->accept_some();
    } catch (const std::exception& e) {
      log::error("accept_failed", {{"reason", e.what()}});  // and on: a server that doesn't accept is dead
    } catch (...) {
      log::error("accept_failed", {{"reason", "of a type that is no exception's"}});
    }
  }
}

net::Awaitable<void> Listener::accept_some() {
  error_code ec;
  co_await acceptor_.async_wait(tcp::acceptor::wait_read, asio::redirect_error(net::kUseAwaitable, ec));
  for (int i = 0; !ec && i < kAcceptedAtOnce; ++i) {
    tcp::endpoint from;
    Socket socket = accept_from(acceptor_.native_handle(), from, ec);
    if (!ec) admit(std::move(socket), from);
    if (is_of_one_connection(ec) || (is_out_of_descriptors(ec) && loop_.close_idle())) ec.clear();
  }
  const bool failed = ec && ec != asio::error::operation_aborted && ec != asio::error::would_block;
  if (failed) co_await pause(ec);
}

void Listener::admit(Socket socket, const tcp::endpoint& from) {
  Stream stream(loop_, std::move(socket));
  std::string peer = from.address().to_string();
  auto place = Place::take(server_, &ServerState::connections, server_->config.max_connections);
  if (!place) return refuse(std::move(stream), std::move(peer));
  auto session = std::make_unique<Session>(server_, loop_, std::move(stream), std::move(peer));
  sessions_.push_back(*session);
  loop_.spawn("session", Session::run(shared_from_this(), *std::move(place), std::move(session)));
}

void Listener::refuse(Stream stream, std::string peer) {
  // Under TLS the answer would cost a handshake, and there is no room for that.
  if (server_->tls()) return;
  auto place = Place::take(server_, &ServerState::turned_away, kTurnedAwayMax);
  if (!place) return;
  loop_.spawn("turn_away",
              turn_away(shared_from_this(), *std::move(place), std::move(stream), std::move(peer)));
}

net::Awaitable<void> Listener::turn_away(std::shared_ptr<Listener> self, [[maybe_unused]] Place place,
                                         Stream stream, std::string peer) {
  Session session(self->server_, self->loop_, std::move(stream), std::move(peer));
  self->sessions_.push_back(session);
  const Error error = no_room();
  co_await session.turn_away(error);
}

// An accept that fails for want of something would fail again at once, for ever: it must neither spin nor end
// the loop.
net::Awaitable<void> Listener::pause(error_code why) {
  log::warn("accept_failed", {{"reason", why.message()}});
  if (is_out_of_descriptors(why)) answer_without_descriptors();
  const BootTime until = loop_.now().boot + kPause;
  co_await loop_.sleep_until(until, stopping_);
}

// With the reserve given up one connection at a time can be accepted, told and closed.
void Listener::answer_without_descriptors() {
  if (reserve_ < 0) reserve_ = open_reserve();  // it was lost to another's need, the last time
  if (reserve_ < 0) return;
  const Error error = no_descriptors();
  const Rejection refusal = server_->handler.reject(loop_, {}, error);
  std::string answer;
  append_answer_head(answer, refusal_head(error, refusal.lines),
                     {.length = refusal.body.size(), .connection = AnswerFraming::Connection::close},
                     loop_.now().wall);
  answer += refusal.body;
  ::close(std::exchange(reserve_, -1));
  for (int i = 0; i < kAnsweredAtOnce; ++i) {
    error_code ec;
    tcp::endpoint from;
    const Socket socket = accept_from(acceptor_.native_handle(), from, ec);
    if (ec) break;
    if (server_->tls()) continue;
    const int fd = socket.fd();
    ::send(fd, answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    ::shutdown(fd, SHUT_WR);
    std::array<char, 4096> request;  // left unread it would turn the close into a reset
    ::recv(fd, request.data(), request.size(), MSG_DONTWAIT);
  }
  reserve_ = open_reserve();
}

}  // namespace weir::transport
