// Reloads while requests are under way. WEIR_TEST_RELOADS says how many; scripts/nightly.sh has more of them.

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "component/gateway/gateway_fixture.hpp"

namespace weir::test {
namespace {

constexpr int kClients = 4;

int reloads() {
  const char* const told = std::getenv("WEIR_TEST_RELOADS");
  return told == nullptr ? 50 : std::atoi(told);
}

class ReloadTest : public GatewayTest {};

TEST_F(ReloadTest, LosesNoRequestUnderLoad) {
  RawProvider one(serves());
  RawProvider two(serves());
  const auto settings = [&](int round) {
    gateway::Settings made = settings_for({provider_at("one", one.port()), provider_at("two", two.port())});
    made.aliases["round" + std::to_string(round % 3)] = "smart";
    return made;
  };
  start_with(settings(0));
  std::atomic<bool> over = false;
  std::atomic<std::size_t> served = 0;
  std::atomic<std::size_t> lost = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i)
    clients.emplace_back([&, is_stream = i % 2 == 1] {
      while (!over) {
        try {
          const RawAnswer answer = is_stream ? ask_stream() : ask();
          ++(answer.status == 200 && answer.whole ? served : lost);
        } catch (const std::exception&) {
          ++lost;
        }
      }
    });
  const int rounds = reloads();
  for (int round = 1; round <= rounds; ++round) {
    const std::size_t before = served;
    gateway_->configure(settings(round));
    EXPECT_TRUE(eventually([&] { return served > before || lost > 0; }));
  }
  over = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(lost, 0U);
  EXPECT_EQ(one.requests() + two.requests(), served);
}

}  // namespace
}  // namespace weir::test
