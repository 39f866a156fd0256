#include "weir/tokens/encoder.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include "tokens/splitter.hpp"
#include "tokens/vocabulary.hpp"
#include "weir/base/text.hpp"

namespace weir::tokens {
namespace {

constexpr std::uint32_t kNone = Vocabulary::kNone;
constexpr std::size_t kShortPiece = 64;

// A part of a piece: what has been merged so far, from here to where the next part begins.
struct Part {
  std::uint32_t begin = 0;
  std::uint32_t joined = kNone;  // the rank of this part and the next one as one token
};

std::uint32_t rank_of(const Vocabulary& vocabulary, std::string_view piece, std::size_t begin,
                      std::size_t end) {
  return vocabulary.rank(piece.data() + begin, end - begin);
}

// Merges the pair of lowest rank, the first of equals, until none is a token. Looks through all parts for it,
// which is quickest where there are few. Returns how many parts are left, the end mark not counted.
std::size_t merge_short(const Vocabulary& vocabulary, std::string_view piece,
                        std::array<Part, kShortPiece + 1>& parts) {
  std::size_t count = piece.size();
  for (std::size_t i = 0; i <= count; ++i) parts[i] = {static_cast<std::uint32_t>(i), kNone};
  for (std::size_t i = 0; i + 1 < count; ++i) parts[i].joined = rank_of(vocabulary, piece, i, i + 2);
  const auto join = [&](std::size_t i) {
    parts[i].joined = i + 1 < count ? rank_of(vocabulary, piece, parts[i].begin, parts[i + 2].begin) : kNone;
  };
  while (count > 1) {
    std::size_t lowest = 0;
    for (std::size_t i = 1; i + 1 < count; ++i)
      if (parts[i].joined < parts[lowest].joined) lowest = i;
    if (parts[lowest].joined == kNone) break;
    std::copy(parts.begin() + static_cast<std::ptrdiff_t>(lowest + 2),
              parts.begin() + static_cast<std::ptrdiff_t>(count + 1),
              parts.begin() + static_cast<std::ptrdiff_t>(lowest + 1));
    --count;
    join(lowest);
    if (lowest > 0) join(lowest - 1);
  }
  return count;
}

// The same by a heap of candidates, for pieces in which looking through all would take the square of their
// length.
class LongMerge {
 public:
  LongMerge(const Vocabulary& vocabulary, std::string_view piece) : vocabulary_(vocabulary), piece_(piece) {
    const std::size_t size = piece.size();
    candidates_.reserve(2 * size);
    for (std::size_t i = 0; i <= size; ++i) {
      parts_[i] = {.next = static_cast<std::uint32_t>(i + 1),
                   .previous = static_cast<std::uint32_t>(i - 1)};  // kNone before the first
    }
    for (std::uint32_t i = 0; i + 1 < size; ++i)
      if (const std::uint32_t rank = joined(i); rank != kNone) candidates_.push_back(key(rank, i));
    std::ranges::make_heap(candidates_, std::greater<>());
    merge();
  }

  // Each token's begin and end, in order.
  template <typename Sink>
  void each(Sink&& sink) const {
    for (std::uint32_t at = 0; at < piece_.size(); at = parts_[at].next) sink(at, parts_[at].next);
  }

 private:
  struct Linked {
    std::uint32_t next = 0;  // where the next part begins
    std::uint32_t previous = 0;
    std::uint32_t joined = kNone;
  };

  // Lower ranks come first, then what stands further in front.
  static std::uint64_t key(std::uint32_t rank, std::uint32_t at) { return std::uint64_t{rank} << 32U | at; }

  std::uint32_t joined(std::uint32_t at) {
    Linked& part = parts_[at];
    part.joined =
        part.next < piece_.size() ? rank_of(vocabulary_, piece_, at, parts_[part.next].next) : kNone;
    return part.joined;
  }
  void join(std::uint32_t at) {
    const std::uint32_t rank = joined(at);
    if (rank == kNone) return;
    candidates_.push_back(key(rank, at));
    std::ranges::push_heap(candidates_, std::greater<>());
  }
  void merge() {
    while (!candidates_.empty()) {
      std::ranges::pop_heap(candidates_, std::greater<>());
      const std::uint64_t best = candidates_.back();
      candidates_.pop_back();
      const auto at = static_cast<std::uint32_t>(best);
      Linked& part = parts_[at];
      if (part.joined != best >> 32U) continue;  // merged or joined anew meanwhile
      Linked& gone = parts_[part.next];
      part.next = gone.next;
      if (gone.next <= piece_.size()) parts_[gone.next].previous = at;
      gone.joined = kNone;
      join(at);
      if (part.previous != kNone) join(part.previous);
    }
  }

  const Vocabulary& vocabulary_;
  std::string_view piece_;
  std::array<Linked, kLongestPiece + 1> parts_;  // by where a part begins
  std::vector<std::uint64_t> candidates_;        // a heap, the best first
};

// Calls sink(rank) for every token of the piece.
template <typename Sink>
void encode_piece(const Vocabulary& vocabulary, std::string_view piece, Sink& sink) {
  if (const std::uint32_t whole = vocabulary.rank(piece.data(), piece.size()); whole != kNone)
    return sink(whole);
  if (piece.size() > kShortPiece) {
    const LongMerge merged(vocabulary, piece);
    return merged.each(
        [&](std::size_t begin, std::size_t end) { sink(rank_of(vocabulary, piece, begin, end)); });
  }
  std::array<Part, kShortPiece + 1> parts;
  const std::size_t count = merge_short(vocabulary, piece, parts);
  for (std::size_t i = 0; i < count; ++i)
    sink(rank_of(vocabulary, piece, parts[i].begin, parts[i + 1].begin));
}

template <typename Sink>
void encode_text(std::string_view text, Sink& sink) {
  const Vocabulary& vocabulary = *built_in_vocabulary();
  Splitter splitter(text);
  for (std::string_view piece = splitter.next(); !piece.empty(); piece = splitter.next())
    for (; !piece.empty(); piece.remove_prefix(std::min(piece.size(), kLongestPiece)))
      encode_piece(vocabulary, piece.substr(0, kLongestPiece), sink);
}

template <typename Sink>
void encode_any(std::string_view text, Sink& sink) {
  if (is_utf8(text)) return encode_text(text, sink);
  const std::string repaired = to_utf8(text);
  encode_text(repaired, sink);
}

}  // namespace

bool has_encoder() noexcept {
  return built_in_vocabulary() != nullptr;
}

std::uint64_t count(std::string_view text) {
  std::uint64_t tokens = 0;
  auto sink = [&tokens](std::uint32_t) { ++tokens; };
  encode_any(text, sink);
  return tokens;
}

void encode(std::string_view text, std::vector<std::uint32_t>& ranks) {
  auto sink = [&ranks](std::uint32_t rank) { ranks.push_back(rank); };
  encode_any(text, sink);
}

}  // namespace weir::tokens
