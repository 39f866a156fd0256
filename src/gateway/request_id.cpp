#include "gateway/request_id.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace weir::gateway {
namespace {

constexpr std::size_t kLongest = 128;
constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's base 32

bool is_id_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.';
}

void append_base32(std::string& out, std::uint64_t value, int digits) {
  for (int shift = 5 * (digits - 1); shift >= 0; shift -= 5) out += kDigits[(value >> shift) & 31U];
}

}  // namespace

std::string request_id(std::string_view from_client, WallTime now, RandomSource& random) {
  if (!from_client.empty() && from_client.size() <= kLongest && std::ranges::all_of(from_client, is_id_char))
    return std::string(from_client);
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::string id = "req_";
  append_base32(id, static_cast<std::uint64_t>(ms), 10);
  append_base32(id, random.bits(), 8);
  append_base32(id, random.bits(), 8);
  return id;
}

}  // namespace weir::gateway
