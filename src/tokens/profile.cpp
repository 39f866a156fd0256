#include "weir/tokens/profile.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <bit>
#include <cstring>

#include "tokens/profile_readers.hpp"
#include "weir/base/sixteen_bytes.hpp"

namespace weir::tokens {
namespace {

constexpr std::size_t kBlock = 64;

// A bit for each byte of a block, the first one's lowest.
struct Marks {
  std::uint64_t letters = 0;
  std::uint64_t capitals = 0;
  std::uint64_t digits = 0;
  std::uint64_t blanks = 0;
  std::uint64_t newlines = 0;
  std::uint64_t backslashes = 0;
  std::uint64_t high = 0;     // not ASCII
  std::uint64_t escaped = 0;  // a character beyond ASCII by its number
  std::uint64_t nothing = 0;  // the backslash of an escape

  [[nodiscard]] std::uint64_t all_letters() const { return letters | high | escaped; }
  [[nodiscard]] std::uint64_t signs() const {
    return ~(letters | digits | blanks | newlines | high | escaped | nothing);
  }
  // Without the first bytes, of which there are fewer than in a block.
  [[nodiscard]] Marks from(unsigned first) const {
    return {.letters = letters >> first,
            .capitals = capitals >> first,
            .digits = digits >> first,
            .blanks = blanks >> first,
            .newlines = newlines >> first,
            .backslashes = backslashes >> first,
            .high = high >> first,
            .escaped = escaped >> first,
            .nothing = nothing >> first};
  }
};

// Letters that mean something else behind a backslash.
struct EscapeLetters {
  std::uint64_t newlines = 0;  // n, r
  std::uint64_t tabs = 0;      // t
  std::uint64_t numbers = 0;   // u
};

struct SixteenAtOnce {
  static Marks marks_of_block(const char* block) noexcept;
  static EscapeLetters escape_letters_of_block(const char* block) noexcept;
};

Marks SixteenAtOnce::marks_of_block(const char* block) noexcept {
  Marks marks;
  for (unsigned i = 0; i < kBlock; i += kSixteen) {
    const SixteenBytes bytes(block + i);
    const std::uint64_t small = bytes.between('a', 'z');
    const std::uint64_t capital = bytes.between('A', 'Z');
    marks.letters |= (small | capital) << i;
    marks.capitals |= capital << i;
    marks.digits |= std::uint64_t{bytes.between('0', '9')} << i;
    marks.blanks |= std::uint64_t{bytes.equal(' ') | bytes.equal('\t')} << i;
    marks.newlines |= std::uint64_t{bytes.equal('\n') | bytes.equal('\r')} << i;
    marks.backslashes |= std::uint64_t{bytes.equal('\\')} << i;
    marks.high |= std::uint64_t{bytes.high()} << i;
  }
  return marks;
}

EscapeLetters SixteenAtOnce::escape_letters_of_block(const char* block) noexcept {
  EscapeLetters letters;
  for (unsigned i = 0; i < kBlock; i += kSixteen) {
    const SixteenBytes bytes(block + i);
    letters.newlines |= std::uint64_t{bytes.equal('n') | bytes.equal('r')} << i;
    letters.tabs |= std::uint64_t{bytes.equal('t')} << i;
    letters.numbers |= std::uint64_t{bytes.equal('u')} << i;
  }
  return letters;
}

#if defined(__x86_64__)

struct SixtyFourAtOnce {
  __attribute__((target("avx512f,avx512bw,popcnt"))) static Marks marks_of_block(const char* block) noexcept {
    const __m512i bytes = _mm512_loadu_si512(block);
    const auto is = [bytes](char c) __attribute__((target("avx512f,avx512bw,popcnt"))) {
      return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
    };
    const auto between = [bytes](char low, char high) __attribute__((target("avx512f,avx512bw,popcnt"))) {
      const __m512i above = _mm512_sub_epi8(bytes, _mm512_set1_epi8(low));
      return _mm512_cmple_epu8_mask(above, _mm512_set1_epi8(static_cast<char>(high - low)));
    };
    const std::uint64_t capitals = between('A', 'Z');
    return {.letters = capitals | between('a', 'z'),
            .capitals = capitals,
            .digits = between('0', '9'),
            .blanks = is(' ') | is('\t'),
            .newlines = is('\n') | is('\r'),
            .backslashes = is('\\'),
            .high = _mm512_movepi8_mask(bytes)};
  }

  __attribute__((target("avx512f,avx512bw,popcnt"))) static EscapeLetters escape_letters_of_block(
      const char* block) noexcept {
    const __m512i bytes = _mm512_loadu_si512(block);
    const auto is = [bytes](char c) __attribute__((target("avx512f,avx512bw,popcnt"))) {
      return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
    };
    return {.newlines = is('n') | is('r'), .tabs = is('t'), .numbers = is('u')};
  }
};
#endif

// The kind of a character beyond ASCII, by its number.
Trait trait_of(std::uint32_t character) noexcept {
  if (character < 0x300) return Trait::latin;
  if (character < 0x400) return Trait::greek;
  if (character < 0x500) return Trait::cyrillic;
  if (character < 0x800) return Trait::semitic;
  if (character < 0x900) return Trait::south_asian;
  if (character < 0x980) return Trait::devanagari;
  if (character < 0xE00) return Trait::south_asian;
  if (character < 0x1000) return Trait::thai;
  if (character < 0x2000) return Trait::other;
  if (character < 0x3040) return Trait::symbols;
  if (character < 0x3100) return Trait::kana;
  if (character < 0xA000) return Trait::han;
  if (character < 0xE000) return Trait::hangul;
  return character < 0x10000 ? Trait::other : Trait::astral;
}

int hex_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// One text on its way into a profile.
template <class Block>
class Reader {
 public:
  Reader(Profile& profile, std::string_view text) noexcept : profile_(profile), text_(text) {}

  void read() noexcept {
    for (; at_ + kBlock <= text_.size(); at_ += kBlock) add(text_.data() + at_, 0);
    const std::size_t rest = text_.size() - at_;
    if (rest == 0) return;
    used_ = (std::uint64_t{1} << rest) - 1;
    if (at_ > 0) {
      // The last block once more, from where the one before it ends: a copy of the rest would be waited for.
      return add(text_.data() + text_.size() - kBlock, static_cast<unsigned>(kBlock - rest));
    }
    std::array<char, kBlock> copy{};
    std::memcpy(copy.data() + kBlock - rest, text_.data(), rest);
    add(copy.data(), static_cast<unsigned>(kBlock - rest));
  }

 private:
  std::uint32_t& of(Trait trait) noexcept { return profile_[static_cast<std::size_t>(trait)]; }
  void count(Trait trait, std::uint64_t marks) noexcept {
    of(trait) += static_cast<std::uint32_t>(std::popcount(marks));
  }

  // The marks one byte on, with the last block's last one in front.
  static std::uint64_t behind(std::uint64_t marks, std::uint64_t last) noexcept {
    return marks << 1U | last >> 63U;
  }

  // A block, without its first bytes.
  void add(const char* block, unsigned first) noexcept {
    Marks marks = Block::marks_of_block(block).from(first);
    const std::uint64_t escaped = behind(marks.backslashes, last_.backslashes) & marks.letters;
    if (escaped != 0) read_escapes(Block::escape_letters_of_block(block), first, escaped, marks);
    const std::uint64_t signs = marks.signs() & used_;
    const std::uint64_t small = marks.letters & ~marks.capitals;
    count(Trait::letters, marks.letters);
    count(Trait::words, marks.letters & ~behind(marks.all_letters(), last_.all_letters()));
    count(Trait::camel_humps, marks.capitals & behind(small, last_.letters & ~last_.capitals));
    count(Trait::capitals, marks.capitals);
    count(Trait::digits, marks.digits);
    count(Trait::digit_runs, marks.digits & ~behind(marks.digits, last_.digits));
    count(Trait::signs, signs);
    count(Trait::sign_runs, signs & ~behind(signs, last_.signs()));
    count(Trait::newlines, marks.newlines);
    count(Trait::more_blanks, marks.blanks & behind(marks.blanks, last_.blanks));
    if (marks.high != 0) read_high(marks.high);
    last_ = marks;
  }

  void read_high(std::uint64_t high) noexcept {
    for (; high != 0; high &= high - 1) {
      const std::size_t at = at_ + static_cast<std::size_t>(std::countr_zero(high));
      const auto byte = static_cast<std::uint8_t>(text_[at]);
      if (byte < 0xC0) continue;  // within a character
      const auto next = at + 1 < text_.size() ? static_cast<std::uint32_t>(text_[at + 1]) & 0x3FU : 0;
      std::uint32_t character = 0x10000;
      if (byte < 0xE0)
        character = (byte & 0x1FU) << 6U | next;
      else if (byte < 0xF0)
        character = (byte & 0x0FU) << 12U | next << 6U;
      ++of(trait_of(character));
    }
  }

  // Letters behind a backslash: a newline's aren't letters, and a character by its number is no digits.
  void read_escapes(const EscapeLetters& among, unsigned first, std::uint64_t escaped,
                    Marks& marks) noexcept {
    const std::uint64_t newlines = escaped & among.newlines >> first;
    const std::uint64_t tabs = escaped & among.tabs >> first;
    marks.letters &= ~(newlines | tabs);
    marks.newlines |= newlines;
    marks.blanks |= tabs;
    marks.nothing |= (newlines | tabs) >> 1U;
    for (std::uint64_t numbers = escaped & among.numbers >> first; numbers != 0; numbers &= numbers - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(numbers));
      read_number(marks, bit, at_ + bit);
    }
  }

  void read_number(Marks& marks, unsigned bit, std::size_t at) noexcept {
    std::uint32_t character = 0;
    for (std::size_t i = 1; i <= 4; ++i) {
      const int digit = at + i < text_.size() ? hex_of(text_[at + i]) : -1;
      if (digit < 0) return;
      character = character << 4U | static_cast<std::uint32_t>(digit);
    }
    const bool second_half = character >= 0xDC00 && character < 0xE000;
    const bool first_half = character >= 0xD800 && character < 0xDC00;
    if (character >= 0x80 && !second_half) ++of(first_half ? Trait::astral : trait_of(character));
    // What of its six bytes stands in the next block counts as what it looks like.
    const std::uint64_t whole = (std::uint64_t{0x3F} << bit) >> 1U;
    marks.letters &= ~whole;
    marks.capitals &= ~whole;
    marks.digits &= ~whole;
    marks.escaped |= whole;
  }

  Profile& profile_;
  std::string_view text_;
  std::size_t at_ = 0;
  Marks last_{.newlines = ~std::uint64_t{0}};
  std::uint64_t used_ = ~std::uint64_t{0};
};

void read_plainly(Profile& profile, std::string_view text) noexcept {
  Reader<SixteenAtOnce>(profile, text).read();
}

#if defined(__x86_64__)
// Half of the time would go into counting bits, for which all but the oldest of these machines have an
// instruction.
__attribute__((target("popcnt"), flatten)) void read_with_popcnt(Profile& profile,
                                                                 std::string_view text) noexcept {
  Reader<SixteenAtOnce>(profile, text).read();
}

__attribute__((target("avx512f,avx512bw,popcnt"), flatten)) void read_wide(Profile& profile,
                                                                           std::string_view text) noexcept {
  Reader<SixtyFourAtOnce>(profile, text).read();
}
#endif

void read(Profile& profile, std::string_view text) noexcept {
  static const ReadTraits best = trait_readers().front();
  best(profile, text);
}

}  // namespace

std::span<const ReadTraits> trait_readers() noexcept {
#if defined(__x86_64__)
  static constexpr std::array<ReadTraits, 3> kAll{read_wide, read_with_popcnt, read_plainly};
  if (__builtin_cpu_supports("avx512bw") != 0) return kAll;
  return std::span(kAll).subspan(__builtin_cpu_supports("popcnt") != 0 ? 1 : 2);
#else
  static constexpr std::array<ReadTraits, 1> kAll{read_plainly};
  return kAll;
#endif
}

void ProfileReader::add(std::string_view text) noexcept {
  constexpr std::size_t kWindow = 4096;
  if (bytes_ <= kReadInFull) return read(sum_, text);
  // Steps of the golden ratio: whatever comes back every so many texts, as turns do, is met in its share.
  constexpr std::uint32_t kStep = 0x9E3779B9;
  const std::uint64_t share = (std::uint64_t{kReadInFull} << 32U) / bytes_;
  while (!text.empty()) {
    const std::string_view window = text.substr(0, kWindow);
    if (place_ < share) {
      read(sum_, window);
      read_ += window.size();
    }
    place_ += kStep;
    passed_ += window.size();
    text.remove_prefix(window.size());
  }
}

Profile ProfileReader::profile() const noexcept {
  Profile all = sum_;
  if (read_ > 0)
    for (std::uint32_t& trait : all)
      trait = static_cast<std::uint32_t>(std::uint64_t{trait} * passed_ / read_);
  return all;
}

void add_traits(Profile& profile, std::string_view text) noexcept {
  if (text.size() <= kReadInFull) return read(profile, text);
  ProfileReader reader(text.size());
  reader.add(text);
  const Profile all = reader.profile();
  for (std::size_t i = 0; i < kTraits; ++i) profile[i] += all[i];
}

}  // namespace weir::tokens
