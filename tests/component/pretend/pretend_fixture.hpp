#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/loop_turns.hpp"
#include "support/raw_client.hpp"
#include "weir/net/loop.hpp"
#include "weir/pretend/pretend.hpp"

namespace weir::test {

// Pretend providers on a loop of their own, real sockets and a clock that the test moves. Words take no time
// unless the test says so.
class RunningPretend {
 public:
  explicit RunningPretend(std::vector<pretend::ProviderSpec> specs);
  explicit RunningPretend(pretend::ProviderSpec spec) : RunningPretend(std::vector{std::move(spec)}) {}
  ~RunningPretend();

  [[nodiscard]] pretend::PretendProviders& providers() { return providers_; }
  [[nodiscard]] RawClient connect(std::size_t i = 0) const { return RawClient(providers_.port(i)); }
  // One request on a connection of its own.
  [[nodiscard]] RawAnswer ask(std::string_view request, std::size_t i = 0) const {
    return connect(i).exchange(request);
  }
  void advance(Duration by) {
    take_turns(loop_);
    clock_.advance(by);
  }
  [[nodiscard]] Instant now() const { return clock_.now(); }

 private:
  FakeClock clock_;
  net::Loop loop_;
  pretend::PretendProviders providers_;
  std::thread thread_;
};

[[nodiscard]] pretend::ProviderSpec instant_spec(pretend::Manner manner, pretend::Limits limits = {});

// POST chat/completions, asking for instant_spec's model.
[[nodiscard]] std::string chat(std::string_view more_members = "", std::string_view more_fields = "");
[[nodiscard]] std::string post_chat(std::string_view body, std::string_view more_fields = "");

// Waits until the condition holds, at most ten seconds: for what the loop's thread is about to do.
[[nodiscard]] bool becomes_true(const std::function<bool()>& condition);

}  // namespace weir::test
