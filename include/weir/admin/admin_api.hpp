#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/base/digest.hpp"
#include "weir/gateway/admin_surface.hpp"
#include "weir/store/store.hpp"

namespace weir::admin {

class Alerts;
struct OwnFigures;

// What the configuration says of all this; replaced as a whole at a reload.
struct AdminSettings {
  std::optional<Sha256> key;  // is asked for; without one, a client on this machine
  bool metrics = true;
  std::optional<Sha256> metrics_token;
  std::vector<double> alert_at{0.8, 0.95};            // alerts.at
  std::string config_file;                            // empty: none
  std::string config_yaml;                            // in effect, without secrets
  std::map<std::string, std::uint64_t> config_lines;  // where the file sets a key
};

// What only the whole daemon can do: each is called on a loop's thread and returns at once. Empty: not
// possible.
struct Orders {
  std::function<void()> reload;
  std::function<void()> drain;
  std::function<void(std::string)> alert;                      // sends one, as JSON
  std::vector<std::pair<std::string, std::string>> libraries;  // "openssl", "3.0.17"
};

// What operators ask and order over HTTP; docs/admin-api.md is the whole of it.
//
// A key or a model may be "*", for all of them. Without an admin key only clients on this machine are served,
// no page of another site, and nobody through a proxy that says that it is one. Threads: any.
class AdminApi final : public gateway::AdminSurface {
 public:
  explicit AdminApi(const store::Store& store, Orders orders = {});
  ~AdminApi() override;

  void configure(AdminSettings settings, WallTime now);
  // A reload was refused, and what was in force goes on.
  void note_reload_failed();
  // An alert has been delivered, or never will be.
  void note_delivery(bool taken);

  [[nodiscard]] Result<void> admit(const transport::Request& request) const override;
  [[nodiscard]] gateway::AdminAnswer answer(const transport::Request& request,
                                            const gateway::AdminContext& context, Instant now) override;
  [[nodiscard]] Result<std::unique_ptr<gateway::EventFeed>> listen() override;
  [[nodiscard]] Result<void> admit_scrape(const transport::Request& request) const override;
  [[nodiscard]] std::string metrics(const gateway::AdminContext& context, Instant now) override;
  void tick(const gateway::AdminContext& context, Instant now) override;
  [[nodiscard]] bool is_degraded() const override;

 private:
  [[nodiscard]] std::shared_ptr<const AdminSettings> settings() const;
  [[nodiscard]] std::optional<gateway::AdminAnswer> answer_report(const transport::Request& request,
                                                                  std::string_view path,
                                                                  const gateway::AdminContext& context,
                                                                  Instant now);
  [[nodiscard]] std::optional<gateway::AdminAnswer> answer_order(const transport::Request& request,
                                                                 std::string_view path,
                                                                 const gateway::AdminContext& context,
                                                                 Instant now);
  [[nodiscard]] static gateway::AdminAnswer order(std::string_view what, const std::function<void()>& give);
  [[nodiscard]] std::string config_report() const;
  [[nodiscard]] std::string version_report(const gateway::AdminContext& context, Instant now) const;

  const store::Store& store_;
  const Orders orders_;
  std::atomic<int> readers_{0};
  mutable std::mutex mutex_;  // guards settings_
  std::shared_ptr<const AdminSettings> settings_;
  const std::unique_ptr<OwnFigures> own_;
  const std::unique_ptr<Alerts> alerts_;  // tick() alone
};

}  // namespace weir::admin
