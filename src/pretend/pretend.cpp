#include "weir/pretend/pretend.hpp"

#include <utility>

#include "pretend/manner.hpp"
#include "pretend/provider.hpp"
#include "weir/http/guard.hpp"
#include "weir/transport/server.hpp"

namespace weir::pretend {

struct PretendProviders::Running {
  explicit Running(ProviderSpec spec) : provider(std::move(spec)), server(server_config(), guard, provider) {}

  static transport::ServerConfig server_config() {
    transport::ServerConfig config;
    config.port = 0;
    return config;
  }

  http::HostGuard guard{{"127.0.0.1", "localhost"}, {}, {}};
  Provider provider;
  transport::Server server;
};

PretendProviders::PretendProviders(std::vector<ProviderSpec> specs) {
  for (ProviderSpec& spec : specs) running_.push_back(std::make_unique<Running>(std::move(spec)));
}

PretendProviders::~PretendProviders() = default;

Result<void> PretendProviders::start(net::Loop& loop) {
  net::Loop* const loops[] = {&loop};
  for (const auto& running : running_) {
    auto started = running->server.start(loops);
    if (!started) return std::move(started).error();
  }
  return {};
}

void PretendProviders::stop() {
  for (const auto& running : running_) {
    running->server.drain();
    running->server.close_all();
  }
}

const ProviderSpec& PretendProviders::spec(std::size_t i) const {
  return running_.at(i)->provider.spec();
}

std::uint16_t PretendProviders::port(std::size_t i) const {
  return running_.at(i)->server.port();
}

std::string PretendProviders::base_url(std::size_t i) const {
  return "http://127.0.0.1:" + std::to_string(port(i)) + std::string(parts_of(spec(i).manner).path);
}

Counts PretendProviders::counts(std::size_t i) const {
  return running_.at(i)->provider.counts();
}

}  // namespace weir::pretend
