#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "weir/base/clock.hpp"
#include "weir/base/fingerprint.hpp"

namespace weir::routing {

// Tells conversations apart.
using ConversationId = Fingerprint;

// Which target a conversation was served by last, so that it can stay there: providers keep what they have
// read of a prompt. At most kMost are known; the one that was used longest ago makes room. It begins empty
// and takes memory as it fills, 48 bytes each. Threads: any; a short lock a shard.
class Conversations {
 public:
  static constexpr std::size_t kMost = 65'536;

  Conversations();
  ~Conversations();
  Conversations(const Conversations&) = delete;
  Conversations& operator=(const Conversations&) = delete;

  // The target's id; nothing where the conversation isn't known, or was kept for the last time `ttl` ago.
  [[nodiscard]] std::optional<std::uint64_t> find(const ConversationId& id, Duration ttl, BootTime now) const;
  // It was served by that target now.
  void keep(const ConversationId& id, std::uint64_t target, BootTime now);

  [[nodiscard]] std::size_t size() const;

 private:
  class Shard;
  static constexpr std::size_t kShards = 64;

  [[nodiscard]] Shard& shard_of(const ConversationId& id) const;

  const std::unique_ptr<std::array<Shard, kShards>> shards_;
};

}  // namespace weir::routing
