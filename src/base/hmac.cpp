#include "weir/base/hmac.hpp"

#include <cstdint>

#include "weir/base/digest.hpp"

namespace weir {
namespace {

constexpr std::size_t kBlock = 64;  // bytes that SHA-256 takes at once
constexpr std::uint8_t kInner = 0x36;
constexpr std::uint8_t kOuter = 0x5C;

std::string bytes_of(const Sha256& digest) {
  std::string bytes;
  for (const std::uint8_t byte : digest) bytes += static_cast<char>(byte);
  return bytes;
}

std::string masked(std::string_view key, std::uint8_t mask) {
  std::string out(key);
  out.resize(kBlock, '\0');
  for (char& c : out) c = static_cast<char>(static_cast<std::uint8_t>(c) ^ mask);
  return out;
}

}  // namespace

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::string short_key = key.size() > kBlock ? bytes_of(sha256(key)) : std::string(key);
  const std::string inner = bytes_of(sha256(masked(short_key, kInner) + std::string(text)));
  std::string hex;
  for (const std::uint8_t byte : sha256(masked(short_key, kOuter) + inner)) {
    hex += kHex[byte / 16U];
    hex += kHex[byte % 16U];
  }
  return hex;
}

}  // namespace weir
