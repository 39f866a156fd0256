#include "base/tzif.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace weir {
namespace {

constexpr std::string_view kMagic = "TZif";
constexpr std::size_t kVersionAt = 4;
constexpr std::size_t kCountsAt = 20;
constexpr std::size_t kHeaderSize = 44;
constexpr std::size_t kTypeSize = 6;
constexpr std::size_t kTypesMax = 256;  // their index is a byte
// Some files begin with a change "at the beginning of time"; any moment before all of WallTime will do.
constexpr EpochSeconds kEarliest = -(EpochSeconds{1} << 50);
constexpr EpochSeconds kLatest = EpochSeconds{1} << 50;

Error damaged(std::string what) {
  return {ErrorKind::config, std::move(what)};
}

// The caller has seen to it that the bytes are there.
std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

struct Header {
  char version = 0;
  std::uint64_t ut_indicators = 0;
  std::uint64_t standard_indicators = 0;
  std::uint64_t leap_seconds = 0;
  std::uint64_t times = 0;
  std::uint64_t types = 0;
  std::uint64_t letters = 0;

  // Of what follows it; a time has that many bytes. Six 32-bit counts can't overflow this.
  [[nodiscard]] std::uint64_t block_size(std::uint64_t time_size) const {
    return times * (time_size + 1) + types * kTypeSize + letters + leap_seconds * (time_size + 4) +
           standard_indicators + ut_indicators;
  }
};

std::optional<Header> read_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with(kMagic)) return std::nullopt;
  const auto count = [bytes](std::size_t index) {
    return big_endian(bytes.substr(kCountsAt + 4 * index, 4));
  };
  return Header{.version = bytes[kVersionAt],
                .ut_indicators = count(0),
                .standard_indicators = count(1),
                .leap_seconds = count(2),
                .times = count(3),
                .types = count(4),
                .letters = count(5)};
}

// The block of a header whose counts have been checked against its size.
Result<ZoneHistory> read_block(const Header& header, std::string_view block) {
  constexpr std::size_t kTimeSize = 8;
  const std::string_view times = block.substr(0, header.times * kTimeSize);
  const std::string_view indices = block.substr(times.size(), header.times);
  const std::string_view types = block.substr(times.size() + indices.size(), header.types * kTypeSize);

  std::vector<std::int32_t> offsets;
  offsets.reserve(header.types);
  for (std::size_t i = 0; i < header.types; ++i) {
    const auto offset = static_cast<std::int32_t>(big_endian(types.substr(i * kTypeSize, 4)));
    if (offset <= -kOffsetMax || offset >= kOffsetMax)
      return damaged("it names an offset of more than a day");
    offsets.push_back(offset);
  }

  ZoneHistory history;
  history.first_offset = offsets.front();
  history.changes.reserve(header.times);
  for (std::size_t i = 0; i < header.times; ++i) {
    const auto at = static_cast<EpochSeconds>(big_endian(times.substr(i * kTimeSize, kTimeSize)));
    const auto type = static_cast<unsigned char>(indices[i]);
    if (type >= offsets.size()) return damaged("it names a type of time that it doesn't have");
    const EpochSeconds kept = std::clamp(at, kEarliest, kLatest);
    if (!history.changes.empty() && kept <= history.changes.back().at)
      return damaged("its changes are not in their order");
    history.changes.push_back({.at = kept, .offset = offsets[type]});
  }
  return history;
}

}  // namespace

Result<ZoneHistory> parse_tzif(std::string_view bytes) {
  // The first block has 32-bit times, for readers of long ago.
  const auto old = read_header(bytes);
  if (!old) return damaged("it is not a TZif file");
  if (old->version < '2') return damaged("it is of version 1, which has no times after 2037");
  const std::uint64_t old_size = kHeaderSize + old->block_size(4);
  if (old_size > bytes.size()) return damaged("it is cut short");
  bytes.remove_prefix(old_size);

  const auto header = read_header(bytes);
  if (!header) return damaged("its 64-bit part is missing");
  bytes.remove_prefix(kHeaderSize);
  if (header->block_size(8) > bytes.size()) return damaged("it is cut short");
  if (header->types == 0 || header->types > kTypesMax) return damaged("it has no type of time, or too many");
  if (header->leap_seconds > 0) return damaged("it counts leap seconds; take the name without right/");
  auto history = read_block(*header, bytes.substr(0, header->block_size(8)));
  if (!history) return history;
  bytes.remove_prefix(header->block_size(8));

  if (!bytes.starts_with('\n')) return damaged("its footer is missing");
  bytes.remove_prefix(1);
  const auto end = bytes.find('\n');
  if (end == std::string_view::npos) return damaged("its footer is cut short");
  if (end == 0) return history;  // no rule: the last offset stays
  history->rule = ZoneRule::parse(bytes.substr(0, end));
  if (!history->rule) return damaged("the rule in its footer makes no sense");
  return history;
}

}  // namespace weir
