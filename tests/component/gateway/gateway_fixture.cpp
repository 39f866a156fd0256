#include "component/gateway/gateway_fixture.hpp"

#include <utility>

#include "support/fake_random.hpp"
#include "support/test_certificates.hpp"

namespace weir::test {
namespace {

// One certificate in place of the machine's hundred and more: to read those takes longer than most tests.
const std::string& trusted_file() {
  static TestCertificates certificates;
  static const Certificate root = certificates.issue("root", {.is_ca = true});
  return root.file;
}

}  // namespace

RawProvider::Script serves() {
  return answers(200, kGoodAnswer);
}

RawProvider::Script answers(int status, std::string_view body, std::string_view fields) {
  return RawProvider::always(
      RawProvider::answer(status, body, "content-type: application/json\r\n" + std::string(fields)));
}

RawProvider::Script streams(std::string bytes) {
  return [bytes = std::move(bytes)](RawConnection& peer) {
    if (!peer.read_request()) return;
    peer.send(kStreamHead);
    peer.send(bytes);
  };
}

providers::Provider provider_at(std::string name, std::uint16_t port, std::vector<quota::Limit> limits) {
  providers::Model model = make_model("m");
  model.id = "upstream-m";
  providers::Provider provider = make_provider(std::move(name), {model}, std::move(limits));
  provider.base_url = {.tls = false, .host = "127.0.0.1", .port = port, .path = "/v1"};
  return provider;
}

std::string post(std::string_view body, std::string_view more_fields) {
  return "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: "
         "application/json\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n" + std::string(more_fields) + "\r\n" + std::string(body);
}

GatewayTest::~GatewayTest() {
  stop();
}

void GatewayTest::stop() {
  if (!thread_.joinable()) return;
  server_->close_all();
  EXPECT_TRUE(eventually([this] { return loop_->tasks() == 0; }));
  loop_->stop();
  thread_.join();
  EXPECT_EQ(loop_->escaped_exceptions(), 0U);
}

gateway::Settings GatewayTest::settings_for(std::vector<providers::Provider> providers) {
  gateway::Settings settings;
  routing::RouteSpec route{.name = "smart", .strategy = routing::Strategy::priority};
  for (const providers::Provider& provider : providers) {
    route.targets.push_back({.provider = provider.name, .model = "m"});
    settings.endpoints.push_back(
        {.tls = provider.base_url.tls, .host = provider.base_url.host, .port = provider.base_url.port});
  }
  settings.routes.push_back(std::move(route));
  settings.providers = std::move(providers);
  settings.access_log = false;
  settings.routing.queue_wait = Duration::zero();  // a test that waits for room says so
  return settings;
}

void GatewayTest::start(std::vector<providers::Provider> providers) {
  start_with(settings_for(std::move(providers)));
}

void GatewayTest::start_with(gateway::Settings settings) {
  server_.reset();  // of an earlier start, in the order of dependence
  gateway_.reset();
  upstream_.reset();
  loop_ = std::make_unique<net::Loop>(clock_, std::chrono::milliseconds(2));
  upstream_ =
      std::make_unique<transport::UpstreamShared>(transport::UpstreamSharedConfig{.ca_file = trusted_file()});
  guard_ =
      std::make_unique<http::HostGuard>(std::vector<std::string>{"127.0.0.1"}, std::vector<std::string>{},
                                        std::vector<std::string>{"https://page.example"});
  std::vector<gateway::Lane> lanes;
  lanes.push_back({.loop = loop_.get(),
                   .upstream = upstream_->make_client(*loop_, {}),
                   .random = std::make_unique<FakeRandom>(chance_)});
  gateway_ =
      std::make_unique<gateway::Gateway>(ledger_, memory_, *guard_, std::move(lanes), clock_.now().wall);
  gateway_->configure(std::move(settings));
  transport::ServerConfig config;
  config.port = 0;
  server_ = std::make_unique<transport::Server>(config, *guard_, *gateway_);
  net::Loop* const loop = loop_.get();
  const auto started = server_->start(std::span(&loop, 1));
  ASSERT_TRUE(started) << started.error().message;
  thread_ = std::thread([this] { loop_->run(); });
}

RawAnswer GatewayTest::chat(std::string_view body, std::string_view more_fields) {
  RawClient client = connect();
  return client.exchange(post(body, more_fields));
}

RawAnswer GatewayTest::get(std::string_view path) {
  RawClient client = connect();
  return client.exchange("GET " + std::string(path) + " HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
}

}  // namespace weir::test
