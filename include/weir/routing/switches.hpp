#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace weir::routing {

// The keys that a person has switched off until the restart. Each stays where it is. Threads: any.
class Switches {
 public:
  // Of a provider's key, by "groq#main": true where it is off.
  [[nodiscard]] std::atomic<bool>& of(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto known = switches_.find(key);
    return known != switches_.end() ? known->second : switches_.try_emplace(std::string(key)).first->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::atomic<bool>, std::less<>> switches_;
};

}  // namespace weir::routing
