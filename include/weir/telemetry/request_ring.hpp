#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "weir/telemetry/request_record.hpp"

namespace weir::telemetry {

inline constexpr std::size_t kKeptRequests = 1000;

// The last requests that ended. Threads: any. A writer takes a number and a slot: it meets nobody there but a
// reader that copies just that one.
class RequestRing {
 public:
  explicit RequestRing(std::size_t capacity = kKeptRequests);

  // Long names are cut, so that what is kept is bounded.
  void put(RequestRecord&& record);
  // How many there have been; their numbers count from 1.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_.load(std::memory_order_acquire); }

  // Copies, newest first: those with a number above `after` for which `wanted` says yes, at most `most`.
  [[nodiscard]] std::vector<RequestRecord> last(
      std::size_t most, std::uint64_t after = 0,
      const std::function<bool(const RequestRecord&)>& wanted = nullptr) const;

 private:
  struct Slot {
    std::mutex mutex;  // guards what stands below it
    std::uint64_t number = 0;
    std::unique_ptr<RequestRecord> record;  // from its first use on: most daemons idle for long
  };

  const std::size_t capacity_;
  const std::unique_ptr<Slot[]> slots_;
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace weir::telemetry
