#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/telemetry/request_record.hpp"

namespace weir::telemetry {

enum class LiveState : std::uint8_t { reading, waiting, trying, answering };
[[nodiscard]] std::string_view name(LiveState state) noexcept;

// A copy of what is known of a request under way.
struct LiveView {
  LiveState state = LiveState::reading;
  WallTime at{};
  Duration age{};
  std::string request_id;
  std::string client;
  std::string model;
  std::string_view priority;
  std::string target;  // of the attempt under way
  std::string key;
  std::vector<AttemptRecord> attempts;
  bool stream = false;
  std::uint64_t estimated_tokens = 0;
  Duration queued{};
  Duration first_byte{};
};

class LiveRequest;

// The requests of one thread that are under way. Only its thread adds to it; a lock that none but a reader
// contends for lets others look.
class LiveRequests {
 public:
  // Appends copies, oldest first. Any thread.
  void append_to(std::vector<LiveView>& views, Instant now) const;
  [[nodiscard]] std::size_t count() const;

 private:
  friend class LiveRequest;

  mutable std::mutex mutex_;  // guards the list and what is in it
  LiveRequest* first_ = nullptr;
  LiveRequest* last_ = nullptr;
  std::size_t count_ = 0;
};

// One of them, for as long as it is under way. What it is told of outlives it: views aren't copied until
// somebody looks. Its thread only.
class LiveRequest {
 public:
  // Of `record` its id and its attempts are looked at; these change by add() alone.
  LiveRequest(LiveRequests& all, RequestRecord& record, Instant began);
  ~LiveRequest();
  LiveRequest(const LiveRequest&) = delete;
  LiveRequest& operator=(const LiveRequest&) = delete;

  // What was asked for is known, and stays in the record as it is.
  void asked();
  void waits();
  void tries(std::string_view provider, std::string_view model, std::string_view key);
  void add(AttemptRecord&& attempt);
  void answers();

 private:
  friend class LiveRequests;

  LiveRequests& all_;
  RequestRecord& record_;
  const Instant began_;
  LiveRequest* before_;
  LiveRequest* after_ = nullptr;
  LiveState state_ = LiveState::reading;
  bool is_asked_ = false;
  std::string_view provider_;
  std::string_view model_;
  std::string_view key_;
  std::uint64_t estimated_tokens_ = 0;
  Duration queued_{};
  Duration first_byte_{};
};

}  // namespace weir::telemetry
