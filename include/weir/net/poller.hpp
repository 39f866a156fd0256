#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "weir/net/awaitable.hpp"

namespace weir::net {

class Poller;

// A socket, connected or being so, whose readiness is followed from its first moment to its last. The kernel
// tells each change once (an edge), whether somebody waits or not: so nothing has to be asked before a read,
// and it is known at any time whether the peer has left. Asio tells only those who wait, and each wait costs
// a call. Loop's thread only.
class Descriptor
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  enum class Direction : std::uint8_t { read, write };
  struct BeginWait {
    void operator()(Resumption<void(bool)> resumption) const {
      descriptor->resume_when_ready(direction, std::move(resumption));
      if (either) descriptor->either_ = true;
    }
    Descriptor* descriptor;
    Direction direction;
    bool either = false;
  };
  using Wait = Deferred<void(bool), BeginWait>;

  // Takes over an open non-blocking socket and closes it at its end. Where the kernel can't follow it
  // (ENOSPC, ENOMEM) it is closed at once.
  Descriptor(Poller& poller, int fd);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

  // Whether a call in that direction is worth trying: bytes, an end or an error to read; room to write. Where
  // it says no, there is nothing as of the loop's last look at the kernel.
  [[nodiscard]] bool is_ready(Direction direction) const noexcept { return ways_[index(direction)].ready; }
  // Whether the kernel was looked at in this turn of the loop: then is_ready() knows of all that came before
  // what is being handled. Not so from a timer or a posted handler.
  [[nodiscard]] bool is_up_to_date() const noexcept;
  // A call has found nothing left. The next change is told.
  void exhaust(Direction direction) noexcept { ways_[index(direction)].ready = false; }
  // A FIN or a reset has come; bytes may still lie before it.
  [[nodiscard]] bool has_hung_up() const noexcept { return hung_up_; }

  // Until is_ready(); false where cancel() or close() came first. Only where it isn't ready, and one wait a
  // direction at a time.
  [[nodiscard]] Wait wait(Direction direction);
  // The same for who waits already.
  void resume_when_ready(Direction direction, Resumption<void(bool)> resumption);
  // Until one of both is ready. No other wait goes on meanwhile.
  [[nodiscard]] Wait wait_for_either();

  // Calls `on_change` after each change that the kernel tells and no wait has taken, until it is replaced by
  // nullptr. It may end the descriptor.
  void observe(std::function<void()> on_change) { on_change_ = std::move(on_change); }
  // Calls it once from the loop, also where nothing changes.
  void observe_soon();

  void cancel() noexcept;  // ends the waits
  void close() noexcept;   // ends them, and the connection

 private:
  friend class Poller;
  struct Way {
    bool ready = false;
    std::optional<Resumption<void(bool)>> waiting;
  };

  static constexpr std::size_t index(Direction direction) { return static_cast<std::size_t>(direction); }
  void mark(std::uint32_t events) noexcept;
  void tell(std::uint32_t events);
  void drop_waits() noexcept;

  Poller* poller_;  // nullptr once that has ended
  int fd_;
  bool hung_up_ = false;
  bool either_ = false;  // the read side's wait ends by the other too
  std::array<Way, 2> ways_;
  std::function<void()> on_change_;
};

// A call on a socket that is left to the end of the turn.
class Late
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Late() = default;
  virtual ~Late() = default;
  Late(const Late&) = delete;
  Late& operator=(const Late&) = delete;

  virtual void make() noexcept = 0;

 private:
  friend class Poller;
  std::optional<Resumption<void()>> waiting_;
};

// The descriptors of one loop, in an epoll of their own that lies in Asio's. Loop's thread only.
class Poller {
 public:
  struct BeginLate {
    void operator()(Resumption<void()> resumption) const { poller->keep(*call, std::move(resumption)); }
    Poller* poller;
    Late* call;
  };

  explicit Poller(boost::asio::io_context& io);  // throws std::system_error
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Whether more is handled in this turn of the loop than what is under way: then make_late() is of use.
  [[nodiscard]] bool has_more_in_turn() const noexcept { return !pending_.empty() || !late_.empty(); }
  // Until the turn's end, where the calls of all connections are made in a row, before any of those who wait
  // goes on: a peer is woken once for many and finds them together. Only where has_more_in_turn().
  [[nodiscard]] Deferred<void(), BeginLate> make_late(Late& call);

 private:
  friend class Descriptor;
  using Lates = boost::intrusive::list<Late, boost::intrusive::constant_time_size<false>>;

  void keep(Late& call, Resumption<void()> resumption);
  void add(Descriptor& descriptor) noexcept;
  void forget(const Descriptor& descriptor) noexcept;
  void look_soon(Descriptor& descriptor);
  void arm();
  void dispatch();
  void notice_all(std::span<epoll_event> events);
  void make_all_late();
  void look();

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor epoll_;
  boost::intrusive::list<Descriptor, boost::intrusive::constant_time_size<false>> all_;
  std::span<epoll_event> pending_;       // of the events under way, those that are still to be told
  const Descriptor* current_ = nullptr;  // the one that is being told; nullptr once it has ended
  std::vector<Descriptor*> to_look_at_;
  Lates late_;
};

}  // namespace weir::net
