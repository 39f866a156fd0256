#pragma once

#include <atomic>
#include <memory>

#include "gateway/snapshot.hpp"
#include "weir/gateway/gateway.hpp"

namespace weir::gateway {

// Asks providers for their lists of models, which cost no quota, while a model of theirs is set aside as
// gone. A list is no proof that a model serves (some list what answers 404), so it only says when a request
// is worth a try: Pool::hear_listed. Nothing polls: requests bring it about. Threads: any.
class ModelWatch {
 public:
  // A model was refused as gone: with the next request its provider is asked.
  void note_gone() noexcept { due_ = kAtOnce; }
  // Called with each request. Where a look is due it is begun on the lane's loop, whose thread this is.
  void look(Lane& lane, const std::shared_ptr<const Snapshot>& snapshot, Instant now);

 private:
  static constexpr BootTime::rep kAtOnce = 0;

  std::atomic<BootTime::rep> due_ = kAtOnce;  // a start asks: what was gone may have come back
};

}  // namespace weir::gateway
