#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "support/fake_clock.hpp"
#include "weir/net/loop.hpp"

// What the gauntlet's cases stand on: objects that notice a wrong life, and a loop that runs one coroutine to
// its end.
namespace weir::test {

using net::Awaitable;

// Counts the lives of Witness objects. An object destroyed twice, or moved from a dead one, is a fault.
struct Tally {
  std::set<const void*> alive;
  int made = 0;
  int faults = 0;
};

// A value with everything that g++ 12 gets wrong in coroutine frames: heap memory, a move and a destructor.
class Witness {
 public:
  Witness(Tally& tally, std::string text) : tally_(&tally), text_(std::move(text)) { born(); }
  Witness(const Witness& other) : tally_(other.tally_), text_(other.checked().text_) { born(); }
  Witness(Witness&& other) noexcept : tally_(other.tally_), text_(std::move(other.checked().text_)) {
    born();
  }
  Witness& operator=(const Witness& other) {
    text_ = other.checked().text_;
    return *this;
  }
  Witness& operator=(Witness&& other) noexcept {
    text_ = std::move(other.checked().text_);
    return *this;
  }
  ~Witness() {
    if (tally_->alive.erase(this) == 0) ++tally_->faults;
  }

  [[nodiscard]] const std::string& text() const { return checked().text_; }

 private:
  void born() {
    ++tally_->made;
    if (!tally_->alive.insert(this).second) ++tally_->faults;
  }
  const Witness& checked() const {
    if (!tally_->alive.contains(this)) ++tally_->faults;
    return *this;
  }
  Witness& checked() {
    if (!tally_->alive.contains(this)) ++tally_->faults;
    return *this;
  }

  Tally* tally_;
  std::string text_;
};

// Each case runs one coroutine to its end; afterwards every witness must have lived exactly once.
class Gauntlet : public testing::Test {
 public:
  void run(Awaitable<void> task) {
    loop_.spawn("gauntlet", run_and_stop(std::move(task)));
    loop_.run();
    EXPECT_EQ(loop_.escaped_exceptions(), 0U);
  }

  // A coroutine that really suspends before it goes on: its frame leaves the stack of its caller.
  Awaitable<void> turn() {
    net::Event later(loop_.io());
    loop_.post([&later] { later.set(); });
    co_await later.wait();
  }
  Awaitable<Witness> make(std::string text) {
    co_await turn();
    co_return Witness(tally_, std::move(text));
  }
  Awaitable<bool> say(bool answer) {
    co_await turn();
    co_return answer;
  }

  void TearDown() override {
    EXPECT_TRUE(tally_.alive.empty())
        << tally_.alive.size() << " of " << tally_.made << " witnesses never died";
    EXPECT_EQ(tally_.faults, 0) << "a witness was used or destroyed outside its life";
  }

  FakeClock clock_;
  Tally tally_;
  net::Loop loop_{clock_, std::chrono::milliseconds(1)};

 private:
  Awaitable<void> run_and_stop(Awaitable<void> task) {
    try {
      co_await std::move(task);
    } catch (const std::exception& e) {
      ADD_FAILURE() << "escaped: " << e.what();
    }
    loop_.stop();
  }
};

}  // namespace weir::test
