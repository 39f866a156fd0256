#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "weir/gateway/admin_surface.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

// What one reader of /admin/v1/events knows already, and so what is new to it.
class StatusFeed final : public gateway::EventFeed {
 public:
  static constexpr int kMostReaders = 16;

  // `store` and `readers`, which counts it, outlive it.
  StatusFeed(const store::Store& store, std::atomic<int>& readers);
  ~StatusFeed() override;

  [[nodiscard]] std::string next(const gateway::AdminContext& context, Instant now) override;
  [[nodiscard]] std::string end() override;

 private:
  [[nodiscard]] std::string first(const gateway::AdminContext& context, Instant now);
  [[nodiscard]] nlohmann::ordered_json delta(const gateway::AdminContext& context, Instant now);
  void add_cards(nlohmann::ordered_json&& cards, nlohmann::ordered_json& delta);
  // Adds a member where it isn't what was sent last.
  void add_changed(const char* name, const nlohmann::ordered_json& value, nlohmann::ordered_json& delta);
  void remember(const nlohmann::ordered_json& status);
  [[nodiscard]] std::string news();

  const store::Store& store_;
  std::atomic<int>& readers_;
  bool has_begun_ = false;
  std::map<std::string, std::string> sent_;        // members, as they were
  std::map<std::string, std::string> sent_cards_;  // by provider and key, without what only time changes
  std::uint64_t seen_requests_ = 0;
  std::uint64_t seen_steps_ = 0;
  std::uint64_t seen_log_ = 0;
  BootTime spoke_at_{};
};

}  // namespace weir::admin
