#include "app/demo_providers.hpp"

#include <stdexcept>
#include <thread>

#include "weir/base/clock.hpp"
#include "weir/net/loop.hpp"
#include "weir/pretend/pretend.hpp"

namespace weir::app {

struct DemoProviders::Parts {
  Parts() : loop(clock), providers(pretend::demo_specs()) {
    if (const auto started = providers.start(loop); !started)
      throw std::runtime_error(started.error().message);
    thread = std::thread([this] { loop.run(); });
  }
  ~Parts() {
    providers.stop();
    while (loop.tasks() > 0) std::this_thread::yield();
    loop.stop();
    thread.join();
  }

  SystemClock clock;
  net::Loop loop;
  pretend::PretendProviders providers;
  std::thread thread;
};

DemoProviders::DemoProviders() : parts_(std::make_unique<Parts>()) {}
DemoProviders::~DemoProviders() = default;

std::string DemoProviders::configuration() const {
  // The providers forget everything with the process, and so must their counts.
  return parts_->providers.weir_yaml() + "state: {store: memory}\n";
}

std::string DemoProviders::invitation(const std::string& url) const {
  return "curl " + url +
         "/v1/chat/completions -H 'content-type: application/json' "
         "-d '{\"model\": \"smart\", \"messages\": [{\"role\": \"user\", \"content\": \"hello\"}]}'\n"
         "Three pretend providers with small quotas stand behind it: ask again and again, and with curl -i "
         "see\n"
         "x-weir-served-by change as one after the other runs dry.\n";
}

}  // namespace weir::app
