#include "weir/net/poller.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace weir::net {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMostEvents = 64;  // of one look
// After so many there are likely more, and looking again at once is cheaper than by way of Asio.
constexpr std::size_t kBusy = 4;
constexpr int kMostLooks = 8;  // in a row: Asio's own work waits meanwhile

int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  return fd;
}

struct Change {
  std::array<bool, 2> ready;  // to read, to write
  bool hangs_up;
};

Change change_of(std::uint32_t events) {
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  return {.ready = {broken || (events & (EPOLLIN | EPOLLRDHUP)) != 0, broken || (events & EPOLLOUT) != 0},
          .hangs_up = broken || (events & EPOLLRDHUP) != 0};
}

Descriptor* descriptor_of(const epoll_event& event) {
  return static_cast<Descriptor*>(event.data.ptr);
}

}  // namespace

Descriptor::Descriptor(Poller& poller, int fd) : poller_(&poller), fd_(fd) {
  poller.add(*this);
}

Descriptor::~Descriptor() {
  close();
  if (poller_ != nullptr) poller_->forget(*this);
}

bool Descriptor::is_up_to_date() const noexcept {
  return poller_ != nullptr && poller_->current_ != nullptr;
}

Descriptor::Wait Descriptor::wait(Direction direction) {
  return deferred<void(bool)>(BeginWait{.descriptor = this, .direction = direction});
}

void Descriptor::resume_when_ready(Direction direction, Resumption<void(bool)> resumption) {
  if (direction == Direction::read) either_ = false;
  ways_[index(direction)].waiting.emplace(std::move(resumption));
}

Descriptor::Wait Descriptor::wait_for_either() {
  return deferred<void(bool)>(BeginWait{.descriptor = this, .direction = Direction::read, .either = true});
}

void Descriptor::observe_soon() {
  if (poller_ != nullptr) poller_->look_soon(*this);
}

// Not from here: who waits may end what called this.
void Descriptor::cancel() noexcept {
  if (poller_ == nullptr) return drop_waits();
  for (Way& way : ways_) {
    if (!way.waiting) continue;
    asio::post(poller_->io_, [resume = std::move(*way.waiting)]() mutable { resume(false); });
    way.waiting.reset();
  }
}

void Descriptor::close() noexcept {
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));  // and epoll forgets it
  on_change_ = nullptr;
  cancel();
}

// Ends the coroutines that wait, from the loop and not at once: they hold what holds this.
void Descriptor::drop_waits() noexcept {
  for (Way& way : ways_) {
    const std::optional<Resumption<void(bool)>> ended = std::exchange(way.waiting, std::nullopt);
  }
}

void Descriptor::mark(std::uint32_t events) noexcept {
  const Change change = change_of(events);
  hung_up_ = hung_up_ || change.hangs_up;
  for (std::size_t i = 0; i < ways_.size(); ++i) ways_[i].ready = ways_[i].ready || change.ready[i];
}

void Descriptor::tell(std::uint32_t events) {
  const Poller& poller = *poller_;
  const Change change = change_of(events);
  bool taken = false;
  for (std::size_t i = 0; i < ways_.size(); ++i) {
    const bool due = change.ready[i] || (either_ && change.ready[1 - i]);
    if (!due || !ways_[i].waiting) continue;
    Resumption<void(bool)> resume = std::move(*ways_[i].waiting);
    ways_[i].waiting.reset();
    taken = taken || i == index(Direction::read);
    resume(true);
    if (poller.current_ != this) return;
  }
  if (taken || !on_change_) return;
  const std::function<void()> on_change = on_change_;  // it may replace itself
  on_change();
}

Poller::Poller(asio::io_context& io) : io_(io), epoll_(io, make_epoll()) {
  arm();
}

Poller::~Poller() {
  while (!all_.empty()) {
    Descriptor& descriptor = all_.front();
    all_.pop_front();
    descriptor.poller_ = nullptr;
    descriptor.drop_waits();
  }
}

void Poller::add(Descriptor& descriptor) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &descriptor;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, descriptor.fd_, &event) != 0) descriptor.close();
  all_.push_back(descriptor);
}

void Poller::forget(const Descriptor& descriptor) noexcept {
  if (current_ == &descriptor) current_ = nullptr;
  for (epoll_event& event : pending_)
    if (event.data.ptr == &descriptor) event.data.ptr = nullptr;
  std::erase(to_look_at_, &descriptor);
}

void Poller::look_soon(Descriptor& descriptor) {
  to_look_at_.push_back(&descriptor);
  asio::post(io_, [this] { look(); });  // for each its own: what one throws must not cost another its look
}

void Poller::look() {
  if (to_look_at_.empty()) return;  // it has ended
  const std::function<void()> on_change = to_look_at_.back()->on_change_;
  to_look_at_.pop_back();
  if (on_change) on_change();
}

Deferred<void(), Poller::BeginLate> Poller::make_late(Late& call) {
  return deferred<void()>(BeginLate{this, &call});
}

void Poller::keep(Late& call, Resumption<void()> resumption) {
  call.waiting_.emplace(std::move(resumption));
  late_.push_back(call);
}

void Poller::arm() {
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& ec) {
    if (!ec) dispatch();
  });
}

void Poller::dispatch() {
  std::exception_ptr escaped;
  for (int looks = 0; looks < kMostLooks; ++looks) {
    std::array<epoll_event, kMostEvents> events;
    const int n = ::epoll_wait(epoll_.native_handle(), events.data(), kMostEvents, 0);
    if (n <= 0) break;
    try {
      notice_all({events.data(), static_cast<std::size_t>(n)});
    } catch (...) {
      escaped = std::current_exception();
    }
    if (static_cast<std::size_t>(n) < kBusy) break;
  }
  arm();
  if (escaped) std::rethrow_exception(escaped);
}

// All is known before anybody acts on it. An edge is told once: what one of them throws must not cost the
// others theirs.
void Poller::notice_all(std::span<epoll_event> events) {
  std::exception_ptr escaped;
  for (const epoll_event& event : events) descriptor_of(event)->mark(event.events);
  for (std::size_t i = 0; i < events.size(); ++i) {
    Descriptor* const descriptor = descriptor_of(events[i]);
    if (descriptor == nullptr || !descriptor->is_open()) continue;
    pending_ = events.subspan(i + 1);
    current_ = descriptor;
    try {
      descriptor->tell(events[i].events);
    } catch (...) {
      escaped = std::current_exception();
    }
  }
  pending_ = {};
  current_ = nullptr;
  try {
    make_all_late();
  } catch (...) {
    escaped = std::current_exception();
  }
  if (escaped) std::rethrow_exception(escaped);
}

void Poller::make_all_late() {
  for (Late& call : late_) call.make();
  Lates made;
  made.swap(late_);
  std::exception_ptr escaped;
  while (!made.empty()) {
    Late& call = made.front();
    made.pop_front();
    Resumption<void()> resume = std::move(*call.waiting_);
    call.waiting_.reset();
    try {
      resume();
    } catch (...) {
      escaped = std::current_exception();
    }
  }
  if (escaped) std::rethrow_exception(escaped);
}

}  // namespace weir::net
