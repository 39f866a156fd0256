#pragma once

#include <memory>
#include <string>

namespace weir::app {

// The three pretend providers of `weir demo`, running on a thread of their own, and the configuration that
// knows them. No key, no network.
class DemoProviders {
 public:
  DemoProviders();
  ~DemoProviders();

  [[nodiscard]] std::string configuration() const;  // YAML
  // What to try, printed behind the READY line.
  [[nodiscard]] std::string invitation(const std::string& url) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir::app
