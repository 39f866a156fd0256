#include "component/pretend/pretend_fixture.hpp"

#include <chrono>
#include <future>
#include <stdexcept>
#include <utility>

namespace weir::test {

RunningPretend::RunningPretend(std::vector<pretend::ProviderSpec> specs)
    : loop_(clock_, std::chrono::milliseconds(2)), providers_(std::move(specs)) {
  const auto started = providers_.start(loop_);
  if (!started) throw std::runtime_error(started.error().message);
  thread_ = std::thread([this] { loop_.run(); });
}

RunningPretend::~RunningPretend() {
  providers_.stop();
  if (!becomes_true([this] { return loop_.tasks() == 0; })) std::fputs("a session did not end\n", stderr);
  loop_.stop();
  thread_.join();
}

pretend::ProviderSpec instant_spec(pretend::Manner manner, pretend::Limits limits) {
  pretend::ProviderSpec spec;
  spec.name = "test";
  spec.manner = manner;
  spec.models = {"m:free"};
  spec.limits = limits;
  spec.words = 12;
  spec.word_delay = Duration::zero();
  return spec;
}

std::string chat(std::string_view more_members, std::string_view more_fields) {
  return post_chat(
      R"({"model":"m:free","messages":[{"role":"user","content":"hello"}])" + std::string(more_members) + "}",
      more_fields);
}

std::string post_chat(std::string_view body, std::string_view more_fields) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(more_fields) + "\r\n" + std::string(body);
}

bool becomes_true(const std::function<bool()>& condition) {
  constexpr std::chrono::milliseconds kPause(2);
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::promise<void> never;
    never.get_future().wait_for(kPause);
  }
  return condition();
}

}  // namespace weir::test
