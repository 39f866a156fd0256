#include "weir/base/ip_literal.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace weir {
namespace {

template <typename Address>
std::optional<Address> parse(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  Address address{};
  if (::inet_pton(family, terminated.data(), &address) != 1) return std::nullopt;
  return address;
}

}  // namespace

std::optional<in_addr> parse_ipv4(std::string_view text) {
  return parse<in_addr>(AF_INET, text);
}

std::optional<in6_addr> parse_ipv6(std::string_view text) {
  return parse<in6_addr>(AF_INET6, text);
}

}  // namespace weir
