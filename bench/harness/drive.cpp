// Clients of a proxy, and what they see of it.
//   drive --port N --body FILE [--connections N] [--seconds S] [--rate R] [--field "name: value"] [--streams]
// Without a rate each connection asks again as soon as it is answered; with one, requests begin at that pace,
// whoever is late, and are measured from when they should have begun. With --streams each connection asks
// once and reads to the end of its stream. Prints one line of JSON. A connection that is closed, or an answer
// that isn't a whole 200, is a failure.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "net.hpp"

namespace {

using namespace bench;
using std::chrono::duration;

struct Options {
  std::uint16_t port = 0;
  std::string body;
  std::size_t connections = 32;
  double seconds = 5;
  double rate = 0;
  std::string fields;
  bool streams = false;
};

// One answer on its way in: how much of it is still to come.
class AnswerReader {
 public:
  void restart() { *this = {}; }
  // Whether the answer is whole now. Bytes behind it are dropped: nobody pipelines here.
  bool take(std::string_view bytes) {
    if (!in_body_) {
      head_.append(bytes);
      const std::size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      is_good_ = head_.starts_with("HTTP/1.1 200");
      const std::string_view head(head_.data(), end + 2);
      const std::string_view length = field_of(head, "content-length");
      chunked_ = length.empty();
      left_ = chunked_ ? 0 : std::strtoul(std::string(length).c_str(), nullptr, 10);
      const std::string body = head_.substr(end + 4);
      in_body_ = true;
      return take_body(body);
    }
    return take_body(bytes);
  }
  [[nodiscard]] bool is_good() const { return is_good_; }
  [[nodiscard]] bool has_body() const { return has_body_; }
  [[nodiscard]] std::size_t events() const { return events_; }

 private:
  bool take_body(std::string_view bytes) {
    has_body_ = has_body_ || !bytes.empty();
    if (!chunked_) {
      left_ -= std::min(left_, bytes.size());
      return left_ == 0;
    }
    for (std::size_t at = bytes.find("data: "); at != std::string_view::npos;
         at = bytes.find("data: ", at + 6))
      ++events_;
    tail_.append(bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), kLastChunk.size())));
    if (tail_.size() > kLastChunk.size()) tail_.erase(0, tail_.size() - kLastChunk.size());
    return tail_ == kLastChunk;
  }

  static constexpr std::string_view kLastChunk = "\r\n0\r\n\r\n";
  std::string head_;
  std::string tail_;
  bool in_body_ = false;
  bool is_good_ = false;
  bool chunked_ = false;
  bool has_body_ = false;
  std::size_t left_ = 0;
  std::size_t events_ = 0;
};

struct Client {
  int fd = -1;
  std::string_view unsent;
  AnswerReader answer;
  Clock::time_point began;
  bool is_busy = false;
};

double quantile(std::vector<double>& sorted, double q) {
  if (sorted.empty()) return std::nan("");
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}

class Drive {
 public:
  explicit Drive(const Options& options) : options_(options) {
    request_ = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
               options.fields + "content-length: " + std::to_string(options.body.size()) + "\r\n\r\n" +
               options.body;
  }

  void run() {
    allow_many_files();
    epoll_ = ::epoll_create1(0);
    clients_.resize(options_.connections);
    for (std::size_t i = 0; i < clients_.size(); ++i) connect(i);
    begin_ = Clock::now();
    const auto end = begin_ + std::chrono::duration_cast<Clock::duration>(duration<double>(options_.seconds));
    if (options_.rate <= 0)
      for (std::size_t i = 0; i < clients_.size(); ++i) ask(i, Clock::now());
    std::array<epoll_event, 512> ready{};
    while (is_on(end)) {
      const timespec pause = until_due();
      const int count = ::epoll_pwait2(epoll_, ready.data(), ready.size(), &pause, nullptr);
      for (int i = 0; i < count; ++i) hear(ready[static_cast<std::size_t>(i)].data.u64);
      if (options_.rate > 0) ask_due(end);
    }
    report();
  }

 private:
  // Streams are read to their ends, but not for ever.
  [[nodiscard]] bool is_on(Clock::time_point end) const {
    const auto now = Clock::now();
    if (options_.streams) return finished_ < clients_.size() && now < end;
    return now < end;
  }

  void connect(std::size_t i) {
    Client& client = clients_[i];
    client.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(options_.port);
    if (::connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    set_nodelay(client.fd);
    ::fcntl(client.fd, F_SETFL, O_NONBLOCK);
    watch(epoll_, client.fd, EPOLLIN, i);
  }

  void ask(std::size_t i, Clock::time_point began) {
    Client& client = clients_[i];
    client.answer.restart();
    client.unsent = request_;
    client.began = began;
    client.is_busy = true;
    send(i);
  }

  void send(std::size_t i) {
    Client& client = clients_[i];
    while (!client.unsent.empty()) {
      const ssize_t n = ::send(client.fd, client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
      if (n < 0) break;
      client.unsent.remove_prefix(static_cast<std::size_t>(n));
    }
    watch(epoll_, client.fd, client.unsent.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT, i, EPOLL_CTL_MOD);
  }

  [[nodiscard]] Clock::duration pace() const {
    return std::chrono::duration_cast<Clock::duration>(duration<double>(1 / options_.rate));
  }

  // Asleep, not in a circle: the mock provider runs on the same core.
  [[nodiscard]] timespec until_due() const {
    std::chrono::nanoseconds left = std::chrono::milliseconds(100);
    if (options_.rate > 0)
      left = std::clamp<std::chrono::nanoseconds>(begin_ + pace() * due_ - Clock::now(), {}, left);
    return {.tv_sec = 0, .tv_nsec = left.count()};
  }

  void ask_due(Clock::time_point end) {
    const auto now = Clock::now();
    while (begin_ + pace() * due_ <= now && begin_ + pace() * due_ < end) {
      const auto idle = std::ranges::find(clients_, false, &Client::is_busy);
      if (idle == clients_.end()) return;
      ask(static_cast<std::size_t>(idle - clients_.begin()), begin_ + pace() * due_++);
    }
  }

  void hear(std::size_t i) {
    Client& client = clients_[i];
    if (!client.unsent.empty()) send(i);
    static std::array<char, 64 * 1024> buffer;
    const ssize_t n = ::recv(client.fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return lose(i);
    const bool had_body = client.answer.has_body();
    const bool is_whole = client.answer.take({buffer.data(), static_cast<std::size_t>(n)});
    if (!had_body && client.answer.has_body()) first_.push_back(since(client));
    if (!is_whole) return;
    client.is_busy = false;
    whole_.push_back(since(client));
    if (client.answer.is_good())
      ++good_;
    else
      ++failed_;
    events_ += client.answer.events();
    ++finished_;
    if (options_.rate <= 0 && !options_.streams) ask(i, Clock::now());
  }

  void lose(std::size_t i) {
    ++failed_;
    ++finished_;
    ::close(clients_[i].fd);
    clients_[i].is_busy = false;
    if (!options_.streams) connect(i);
    if (!options_.streams && options_.rate <= 0) ask(i, Clock::now());
  }

  static double since(const Client& client) {
    return duration<double, std::micro>(Clock::now() - client.began).count();
  }

  void report() {
    const double took = duration<double>(Clock::now() - begin_).count();
    std::ranges::sort(whole_);
    std::ranges::sort(first_);
    const std::size_t open = options_.streams ? clients_.size() - finished_ : 0;
    std::printf(
        "{\"good\":%zu,\"failed\":%zu,\"seconds\":%.4f,\"per_second\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
        "\"first_p50_us\":%.1f,\"first_p95_us\":%.1f,\"events\":%zu}\n",
        good_, failed_ + open, took, static_cast<double>(good_) / took, quantile(whole_, 0.5),
        quantile(whole_, 0.99), quantile(first_, 0.5), quantile(first_, 0.95), events_);
  }

  const Options& options_;
  std::string request_;
  int epoll_ = -1;
  std::vector<Client> clients_;
  Clock::time_point begin_;
  std::int64_t due_ = 0;
  std::size_t good_ = 0;
  std::size_t failed_ = 0;
  std::size_t finished_ = 0;
  std::size_t events_ = 0;
  std::vector<double> whole_;
  std::vector<double> first_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--streams") {
      options.streams = true;
      continue;
    }
    if (i + 1 == argc) die("an option lacks its value");
    const char* const value = argv[++i];
    if (name == "--port") options.port = static_cast<std::uint16_t>(std::atoi(value));
    if (name == "--connections") options.connections = static_cast<std::size_t>(std::atoi(value));
    if (name == "--seconds") options.seconds = std::atof(value);
    if (name == "--rate") options.rate = std::atof(value);
    if (name == "--field") options.fields += std::string(value) + "\r\n";
    if (name == "--body") {
      std::ifstream file(value, std::ios::binary);
      options.body.assign(std::istreambuf_iterator<char>(file), {});
    }
  }
  Drive(options).run();
}
