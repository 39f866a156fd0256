#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

// A provider that does exactly what a test's script says, byte by byte, on blocking sockets and threads of
// its own. It shares no code with what it tests: neither Asio nor our HTTP.
//
//   RawProvider provider([](RawConnection& peer) {
//     while (const auto request = peer.read_request()) peer.send(RawProvider::answer(200, R"({"ok":true})"));
//   });
//   ... connect to 127.0.0.1:provider.port() ...
namespace weir::test {

// A request as it came.
struct RawRequest {
  std::string head;  // up to and with the blank line
  std::string body;  // Content-Length's; a chunked body isn't understood

  [[nodiscard]] std::string_view line() const;  // "POST /v1/chat/completions HTTP/1.1"
  [[nodiscard]] std::optional<std::string> field(
      std::string_view name) const;  // the first of that name, any case
};

// One accepted connection, in the hands of a script. Used by the script's thread alone. When the script
// returns, the connection is closed as by close().
class RawConnection {
 public:
  // How many connections the provider had accepted before this one.
  [[nodiscard]] std::size_t number() const noexcept { return number_; }

  // The next whole request; nothing once the peer has closed or reset, or while the provider ends.
  [[nodiscard]] std::optional<RawRequest> read_request();
  // The next request's head alone; its body stays unread.
  [[nodiscard]] std::optional<RawRequest> read_head();
  // False once the peer doesn't take it any more.
  bool send(std::string_view bytes);
  // Until the peer closes or resets: true. False only when the provider ends before. Reads and drops what
  // comes.
  bool wait_for_close();
  // Ends our side with a FIN; under TLS with a close_notify before it. What the peer sent and the script
  // didn't read becomes a reset when the script returns: wait_for_close() before that where it matters.
  void close();
  // A FIN without close_notify: under TLS the stream was cut.
  void cut();
  // A reset.
  void reset();
  // TLS from here on, as a proxy's tunnel or a listener that starts late has it. False where the handshake
  // failed.
  [[nodiscard]] bool start_tls(ssl_ctx_st* context);
  // The name that the client said it wants (SNI), or empty.
  [[nodiscard]] std::string server_name() const;
  // Whether TLS took up an earlier session.
  [[nodiscard]] bool resumed() const;

 private:
  friend class RawProvider;
  RawConnection(class RawProvider& owner, int fd, std::size_t number);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  bool receive();  // more into unread_

  RawProvider& owner_;
  const int fd_;
  const std::size_t number_;
  ssl_st* ssl_ = nullptr;
  bool open_ = true;
  std::string unread_;
};

// Listens on a free port of 127.0.0.1 from construction to destruction. Threads: the test's, and the counters
// any. Ignores SIGPIPE for the whole process.
class RawProvider {
 public:
  using Script = std::function<void(RawConnection&)>;

  // PEM files: a chain, leaf first, and its key.
  struct Tls {
    std::string chain_file;
    std::string key_file;
    bool only_1_1 = false;  // speaks no later version of TLS
  };

  // Runs `script` on a thread of its own for each connection. With `tls` each starts with a handshake, and
  // the script doesn't run where that fails.
  explicit RawProvider(Script script);
  RawProvider(Script script, const Tls& tls);
  ~RawProvider();  // ends all connections and waits for their scripts
  RawProvider(const RawProvider&) = delete;
  RawProvider& operator=(const RawProvider&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }  // accepted
  [[nodiscard]] std::size_t requests() const noexcept { return requests_; }      // whole ones and heads read
  [[nodiscard]] std::size_t open_connections() const noexcept { return open_; }  // scripts that run

  // A whole answer with Content-Length; `fields` are further lines, each ended by CRLF.
  [[nodiscard]] static std::string answer(int status, std::string_view body, std::string_view fields = "");
  // A script that gives this answer to every request.
  [[nodiscard]] static Script always(std::string answer);

 private:
  friend class RawConnection;
  void accept_all();
  void run(int fd, std::size_t number);

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> requests_ = 0;
  std::atomic<std::size_t> open_ = 0;
  std::mutex mutex_;
  std::vector<int> fds_;              // of connections that run; protected by mutex_
  std::vector<std::thread> scripts_;  // the acceptor's until it has ended
  std::thread acceptor_;
};

// A server's TLS context from PEM files, for start_tls(). Throws where they can't be read.
[[nodiscard]] std::shared_ptr<ssl_ctx_st> make_tls_context(const RawProvider::Tls& tls);

// Waits until the condition holds, at most 10 s: for what another thread is about to do. False where it never
// did.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

}  // namespace weir::test
