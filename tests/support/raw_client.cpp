#include "support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace weir::test {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void wait_for(int fd, short events, const char* what) {
  pollfd waiting{.fd = fd, .events = events, .revents = 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(RawClient::kLimit.count()));
  if (ready < 0) fail("poll");
  if (ready == 0) throw std::runtime_error(std::string("nothing happened in time: ") + what);
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string RawAnswer::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, [](const auto& field) { return field.first; });
  return found == fields.end() ? "" : found->second;
}

std::size_t RawAnswer::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count(fields, name, [](const auto& field) { return field.first; }));
}

RawClient::RawClient() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) fail("socket");
}

RawClient::RawClient(std::uint16_t port) : RawClient() {
  connect(port);
}

RawClient::~RawClient() {
  close();
}

void RawClient::connect(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void RawClient::set_receive_buffer(int bytes) {
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void RawClient::send(std::string_view bytes) {
  if (!try_send(bytes)) fail("send");
}

bool RawClient::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    wait_for(fd_, POLLOUT, "the server takes no more");
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) return false;
    if (n < 0 && errno != EAGAIN) fail("send");
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::send_in_pieces(std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) send(bytes.substr(at, piece));
}

RawAnswer RawClient::read_answer(Expect expect) {
  RawAnswer answer;
  read_head(answer);
  answer.chunked = answer.field("transfer-encoding") == "chunked";
  const std::string length = answer.field("content-length");
  const bool bodiless = answer.status < 200 || answer.status == 204 || answer.status == 304;
  if (expect == Expect::no_body || bodiless) {
    answer.whole = true;
  } else if (answer.chunked) {
    read_chunks(answer);
  } else if (!length.empty()) {
    const std::size_t size = std::stoul(length);
    while (unread_.size() < size && read_more()) {
    }
    answer.whole = unread_.size() >= size;
    answer.body = take(std::min(size, unread_.size()));
  } else {
    auto [rest, end] = read_to_end();
    answer.body = std::move(rest);
    answer.whole = end == End::closed;
  }
  return answer;
}

std::pair<std::string, RawClient::End> RawClient::read_to_end() {
  while (read_more()) {
  }
  return {std::exchange(unread_, {}), was_reset_ ? End::reset : End::closed};
}

bool RawClient::ends_silently() {
  return read_to_end().first.empty();
}

bool RawClient::has_input() {
  pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
  return !unread_.empty() || ::poll(&waiting, 1, 0) > 0;
}

void RawClient::half_close() {
  ::shutdown(fd_, SHUT_WR);
}

void RawClient::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

void RawClient::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool RawClient::read_more() {
  wait_for(fd_, POLLIN, "the server sends nothing");
  std::array<char, 16384> bytes;
  const ssize_t n = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (n < 0 && errno != ECONNRESET) fail("recv");
  was_reset_ = n < 0;
  if (n > 0) unread_.append(bytes.data(), static_cast<std::size_t>(n));
  return n > 0;
}

// A line without its CR LF, which must be there.
std::string RawClient::take_line() {
  std::size_t end = unread_.find("\r\n");
  while (end == std::string::npos) {
    if (!read_more()) throw std::runtime_error("the connection ended within a line: \"" + unread_ + "\"");
    end = unread_.find("\r\n");
  }
  std::string line = take(end);
  unread_.erase(0, 2);
  if (line.find('\n') != std::string::npos) throw std::runtime_error("a line has a bare line feed: " + line);
  return line;
}

std::string RawClient::take(std::size_t n) {
  std::string taken = unread_.substr(0, n);
  unread_.erase(0, n);
  return taken;
}

void RawClient::read_head(RawAnswer& answer) {
  const std::string status = take_line();
  if (status.size() < 12 || !status.starts_with("HTTP/1."))
    throw std::runtime_error("no status line: " + status);
  answer.minor_version = status[7] - '0';
  answer.status = std::stoi(status.substr(9, 3));
  for (std::string line = take_line(); !line.empty(); line = take_line()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw std::runtime_error("a field without a colon: " + line);
    const std::size_t value = line.find_first_not_of(' ', colon + 1);
    answer.fields.emplace_back(lower_case(line.substr(0, colon)),
                               value == std::string::npos ? "" : line.substr(value));
  }
}

void RawClient::read_chunks(RawAnswer& answer) {
  while (true) {
    while (unread_.find("\r\n") == std::string::npos) {
      if (!read_more()) return;  // cut
    }
    const std::size_t size = std::stoul(take_line(), nullptr, 16);
    while (unread_.size() < size + 2) {
      if (!read_more()) return;
    }
    answer.body += take(size);
    if (take(2) != "\r\n") throw std::runtime_error("a chunk without its end");
    if (size == 0) {
      answer.whole = true;
      return;
    }
  }
}

}  // namespace weir::test
