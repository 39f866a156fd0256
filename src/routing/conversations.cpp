#include "weir/routing/conversations.hpp"

#include <limits>
#include <mutex>
#include <vector>

namespace weir::routing {

// A hash table whose entries stand in a vector and are chained twice: those with one hash, and all by their
// last use. The vector grows to the shard's share and then stays.
class Conversations::Shard {
 public:
  [[nodiscard]] std::optional<std::uint64_t> find(const ConversationId& id, Duration ttl,
                                                  BootTime now) const {
    const std::lock_guard lock(mutex_);
    const Index found = look_up(id);
    if (found == kNone || now - entries_[found].used_at >= ttl) return std::nullopt;
    return entries_[found].target;
  }

  void keep(const ConversationId& id, std::uint64_t target, BootTime now) {
    const std::lock_guard lock(mutex_);
    Index index = look_up(id);
    if (index == kNone) {
      index = make_room();
      entries_[index].id = id;
      Index& head = heads_[bucket_of(id)];
      entries_[index].next = head;
      head = index;
    } else {
      leave_order(index);
    }
    entries_[index].target = target;
    entries_[index].used_at = now;
    become_newest(index);
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = std::numeric_limits<Index>::max();
  static constexpr std::size_t kCapacity = kMost / kShards;

  struct Entry {
    ConversationId id{};
    std::uint64_t target = 0;
    BootTime used_at{};
    Index next = kNone;  // with the same bucket
    Index older = kNone;
    Index newer = kNone;
  };

  // The second word: the first one chose the shard.
  static std::size_t bucket_of(const ConversationId& id) { return id[1] % kCapacity; }

  [[nodiscard]] Index look_up(const ConversationId& id) const {
    if (heads_.empty()) return kNone;
    Index index = heads_[bucket_of(id)];
    while (index != kNone && entries_[index].id != id) index = entries_[index].next;
    return index;
  }

  // The place of a new entry, in no chain.
  Index make_room() {
    if (heads_.empty()) heads_.assign(kCapacity, kNone);
    if (entries_.size() < kCapacity) {
      entries_.emplace_back();
      return static_cast<Index>(entries_.size() - 1);
    }
    const Index index = oldest_;
    leave_order(index);
    Index* link = &heads_[bucket_of(entries_[index].id)];
    while (*link != index) link = &entries_[*link].next;
    *link = entries_[index].next;
    return index;
  }

  void leave_order(Index index) {
    const Entry& entry = entries_[index];
    (entry.older == kNone ? oldest_ : entries_[entry.older].newer) = entry.newer;
    (entry.newer == kNone ? newest_ : entries_[entry.newer].older) = entry.older;
  }

  void become_newest(Index index) {
    entries_[index].older = newest_;
    entries_[index].newer = kNone;
    (newest_ == kNone ? oldest_ : entries_[newest_].newer) = index;
    newest_ = index;
  }

  mutable std::mutex mutex_;
  std::vector<Index> heads_;  // a bucket each; empty until something is kept
  std::vector<Entry> entries_;
  Index oldest_ = kNone;
  Index newest_ = kNone;
};

Conversations::Conversations() : shards_(std::make_unique<std::array<Shard, kShards>>()) {}
Conversations::~Conversations() = default;

Conversations::Shard& Conversations::shard_of(const ConversationId& id) const {
  return (*shards_)[id[0] % kShards];
}

std::optional<std::uint64_t> Conversations::find(const ConversationId& id, Duration ttl, BootTime now) const {
  return shard_of(id).find(id, ttl, now);
}

void Conversations::keep(const ConversationId& id, std::uint64_t target, BootTime now) {
  shard_of(id).keep(id, target, now);
}

std::size_t Conversations::size() const {
  std::size_t all = 0;
  for (const Shard& shard : *shards_) all += shard.size();
  return all;
}

}  // namespace weir::routing
