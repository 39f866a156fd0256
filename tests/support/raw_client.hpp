#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

// An answer as it stood on the wire, read by code that shares nothing with the server's.
struct RawAnswer {
  int status = 0;
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case, values trimmed
  std::string body;                                         // framing taken off
  bool whole = false;                                       // the framing's end came
  bool chunked = false;

  [[nodiscard]] std::string field(std::string_view name) const;  // the first, or ""
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

// An HTTP client of raw bytes over a blocking socket on loopback, for saying what no decent client says.
// Every call gives up after kLimit and throws std::runtime_error, so that a server that hangs fails the test.
class RawClient {
 public:
  static constexpr std::chrono::milliseconds kLimit{30'000};

  // A socket that isn't connected yet.
  RawClient();
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), unread_(std::move(other.unread_)) {}
  RawClient& operator=(RawClient&&) = delete;

  void connect(std::uint16_t port);
  // A small receive buffer, so that a server's writes block early. Before connect().
  void set_receive_buffer(int bytes);

  // All of it. Throws where the server has closed.
  void send(std::string_view bytes);
  // As much as the server takes; false where it has closed or reset the connection meanwhile.
  [[nodiscard]] bool try_send(std::string_view bytes);
  void send_in_pieces(std::string_view bytes, std::size_t piece);

  enum class Expect : std::uint8_t { body, no_body };  // no_body: to a HEAD request
  // The next answer; interim ones (1xx) are answers of their own.
  [[nodiscard]] RawAnswer read_answer(Expect expect = Expect::body);
  [[nodiscard]] RawAnswer exchange(std::string_view request) {
    send(request);
    return read_answer();
  }

  enum class End : std::uint8_t { closed, reset };
  // Everything up to the end of the connection, and how it ended.
  [[nodiscard]] std::pair<std::string, End> read_to_end();
  // Waits for the end of the connection; true where nothing came before it.
  [[nodiscard]] bool ends_silently();
  // Whether something has arrived that wasn't read yet. Doesn't wait.
  [[nodiscard]] bool has_input();

  void half_close();
  void reset();
  void close();
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  // One read appended to unread_; false at the end of the stream.
  bool read_more();
  [[nodiscard]] std::string take_line();
  [[nodiscard]] std::string take(std::size_t n);
  void read_head(RawAnswer& answer);
  void read_chunks(RawAnswer& answer);

  int fd_ = -1;
  std::string unread_;
  bool was_reset_ = false;
};

}  // namespace weir::test
