#pragma once

#include <cstdint>
#include <optional>

#include "quota/words.hpp"

namespace weir::quota {

// What somebody else used with the same key, as far as answers have shown. An answer may count of our own
// requests more than they were charged: they use more than was estimated, and we hear of it at their end. So
// what nobody explains is a finding that waits until all have ended that were under way: what they used
// beyond their charge explains it, and only the rest is others' use. Not synchronised.
class OthersUse {
 public:
  // One of ours has been sent.
  void sent() noexcept { ++under_way_; }
  // It has ended, and used so much more than it was charged; nothing where nobody knows.
  void ended(std::uint64_t sequence, std::optional<std::uint64_t> more) noexcept;
  // So much is not ours. May be explained by what is under way, up to the newest request.
  void suspect(std::uint64_t amount, std::uint64_t newest) noexcept;
  // So much is certainly not ours.
  void add(std::uint64_t amount) noexcept;

  [[nodiscard]] std::uint64_t known() const noexcept { return known_; }
  // Whether that is the first of it or twice what was told last.
  [[nodiscard]] bool has_news() noexcept;
  // Nothing is under way any more.
  void end_all() noexcept;
  void forget() noexcept;

  void save(Words& words) const;
  // A state of before there were findings has none, and what was known then had been told.
  void load(std::uint64_t known, WordReader& reader);

 private:
  struct Finding {
    std::uint64_t amount = 0;
    std::uint64_t newest = 0;     // the last request that may explain it
    std::uint64_t under_way = 0;  // that may explain it
  };

  std::uint64_t known_ = 0;
  std::uint64_t told_ = 0;
  std::uint64_t under_way_ = 0;
  // The first must end some time, however many follow: so what is found meanwhile waits apart.
  Finding first_;
  Finding next_;
};

}  // namespace weir::quota
