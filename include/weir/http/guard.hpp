#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/result.hpp"
#include "weir/http/head.hpp"

// The rules that a request must pass before anything is routed. Pure functions of bytes and values.
// Reasons: RFC 9112, and what Boost 1.81's parser lets through (obs-fold, unknown transfer codings, chunked under
// HTTP/1.0, a missing or repeated Host).
namespace weir::http {

inline constexpr std::size_t kMaxRequestHead = 32 * 1024;  // bytes, blank line included
inline constexpr std::size_t kMaxRequestLine = 8 * 1024;
inline constexpr std::size_t kMaxRequestFields = 100;

// How a message's body ends.
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close } kind = Kind::none;
  std::uint64_t length = 0;
};

// Looks at the raw bytes of a whole head, blank line included: what a parser would unfold or forgive is refused.
[[nodiscard]] Result<void> check_raw_head(std::string_view head);

// Looks at the parsed head: method, target, version, Host count, Content-Length and Transfer-Encoding.
[[nodiscard]] Result<Framing> check_request(const RequestHead& head);

// Which names and origins may talk to us. A page in the user's browser reaches a loopback port by DNS rebinding or
// by a simple cross-site POST; loopback alone is no defence.
class HostGuard {
 public:
  // `own` are the hosts we listen on, `allowed` further names from the configuration; both without port.
  HostGuard(std::vector<std::string> own, std::vector<std::string> allowed, std::vector<std::string> origins);

  // Host, Origin and Sec-Fetch-Site, on every path; and for POST, PUT and PATCH a JSON content type.
  [[nodiscard]] Result<void> check(const RequestHead& head) const;
  [[nodiscard]] bool origin_allowed(std::string_view origin) const;

 private:
  [[nodiscard]] bool host_allowed(std::string_view host) const;

  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
};

}  // namespace weir::http
