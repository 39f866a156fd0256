// A provider that costs next to nothing: answers each chat at once with 1 KB, or as a stream of events at a
// steady pace. One thread; ends with its standard input.
//   mock_provider [--events N] [--interval-ms N]         prints its port
#include <array>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "net.hpp"

namespace {

using namespace bench;

constexpr std::size_t kAnswer = 1024;
constexpr std::string_view kUsage =
    R"("usage":{"prompt_tokens":40,"completion_tokens":20,"total_tokens":60})";
constexpr std::string_view kOpening =
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":")";
constexpr std::string_view kClosing = R"("},"finish_reason":"stop"}],)";

std::string plain_answer() {
  std::string body(kOpening);
  body.append(kAnswer - kOpening.size() - kClosing.size() - kUsage.size() - 1, 'x');
  body.append(kClosing).append(kUsage).append("}");
  return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunked(std::string_view data) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
  return size.data() + std::string(data) + "\r\n";
}

std::string event(std::string_view choice, std::string_view more = "") {
  return chunked(
      R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[)" +
      std::string(choice) + "]" + std::string(more) + "}\n\n");
}

const std::string kPlain = plain_answer();
const std::string kStreamHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
    event(R"({"index":0,"delta":{"role":"assistant","content":"x"},"finish_reason":null})");
const std::string kEvent = event(R"({"index":0,"delta":{"content":" some words"},"finish_reason":null})");
const std::string kStreamEnd = event(R"({"index":0,"delta":{},"finish_reason":"stop"})") +
                               event("", "," + std::string(kUsage)) + chunked("data: [DONE]\n\n") +
                               "0\r\n\r\n";

struct Connection {
  int fd = -1;
  std::string in;
  std::size_t body_left = 0;  // of the request whose head has been read
  bool in_body = false;
  bool wants_stream = false;
  int events_left = 0;
  std::uint64_t number = 0;  // tells it from another on the same descriptor
};

class Mock {
 public:
  Mock(int events, Clock::duration interval) : events_(events), interval_(interval) {}

  void run() {
    listen();
    watch(epoll_, 0, EPOLLIN, 0);
    std::array<epoll_event, 512> ready{};
    while (true) {
      const int count = ::epoll_wait(epoll_, ready.data(), ready.size(), wait_ms());
      for (int i = 0; i < count; ++i) {
        const auto fd = static_cast<int>(ready[static_cast<std::size_t>(i)].data.u64);
        if (fd == 0) return;
        if (fd == listener_)
          accept_all();
        else
          serve(fd);
      }
      send_due();
    }
  }

 private:
  struct Due {
    Clock::time_point at;
    int fd;
    std::uint64_t number;
  };

  void listen() {
    allow_many_files();
    epoll_ = ::epoll_create1(0);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address = loopback(0);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
    if (::listen(listener_, 4096) != 0) die("listen");
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%u\n", ntohs(address.sin_port));
    std::fflush(stdout);
    watch(epoll_, listener_, EPOLLIN, static_cast<std::uint64_t>(listener_));
  }

  [[nodiscard]] int wait_ms() const {
    if (due_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_.front().at - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
  }

  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      set_nodelay(fd);
      const auto index = static_cast<std::size_t>(fd);
      if (connections_.size() <= index) connections_.resize(index + 1);
      connections_[index] =
          std::make_unique<Connection>(Connection{.fd = fd, .in = {}, .number = ++numbers_});
      watch(epoll_, fd, EPOLLIN, static_cast<std::uint64_t>(fd));
    }
  }

  void serve(int fd) {
    Connection& peer = *connections_[static_cast<std::size_t>(fd)];
    static std::array<char, 256 * 1024> buffer;
    while (true) {
      const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return close(fd);
      take(peer, {buffer.data(), static_cast<std::size_t>(n)});
      if (static_cast<std::size_t>(n) < buffer.size()) return;
    }
  }

  void take(Connection& peer, std::string_view bytes) {
    while (!bytes.empty()) {
      if (!peer.in_body && !take_head(peer, bytes)) return;
      const std::size_t part = std::min(peer.body_left, bytes.size());
      if (bytes.substr(0, part).find("\"stream\":true") != std::string_view::npos) peer.wants_stream = true;
      peer.body_left -= part;
      bytes.remove_prefix(part);
      if (peer.body_left > 0) return;
      peer.in_body = false;
      answer(peer);
    }
  }

  // Whether all of it is there.
  static bool take_head(Connection& peer, std::string_view& bytes) {
    const std::size_t before = peer.in.size();
    peer.in.append(bytes);
    const std::size_t end = peer.in.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    bytes.remove_prefix(end + 4 - before);
    peer.body_left = std::strtoul(std::string(field_of(peer.in, "content-length")).c_str(), nullptr, 10);
    peer.in.clear();
    peer.in_body = true;
    peer.wants_stream = false;
    return true;
  }

  void answer(Connection& peer) {
    send(peer.fd, peer.wants_stream ? kStreamHead : kPlain);
    if (!peer.wants_stream) return;
    peer.events_left = events_ - 1;
    due_.push_back({Clock::now() + interval_, peer.fd, peer.number});
  }

  void send_due() {
    const auto now = Clock::now();
    while (!due_.empty() && due_.front().at <= now) {
      const Due due = due_.front();
      due_.pop_front();
      auto& peer = connections_[static_cast<std::size_t>(due.fd)];
      if (!peer || peer->number != due.number) continue;
      const bool is_last = peer->events_left-- == 0;
      send(due.fd, is_last ? kStreamEnd : kEvent);
      if (!is_last) due_.push_back({due.at + interval_, due.fd, due.number});
    }
  }

  static void send(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0) return;  // it has gone, which its next read shows
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void close(int fd) {
    ::close(fd);
    connections_[static_cast<std::size_t>(fd)].reset();
  }

  const int events_;
  const Clock::duration interval_;
  int epoll_ = -1;
  int listener_ = -1;
  std::uint64_t numbers_ = 0;
  std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
  std::deque<Due> due_;                                   // all wait equally long
};

}  // namespace

int main(int argc, char** argv) {
  int events = 20;
  int interval_ms = 250;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--events") == 0) events = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--interval-ms") == 0) interval_ms = std::atoi(argv[i + 1]);
  }
  Mock(events, std::chrono::milliseconds(interval_ms)).run();
}
