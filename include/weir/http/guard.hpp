#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/result.hpp"
#include "weir/http/head.hpp"

// The rules that a request must pass before anything is routed. Pure functions of bytes and values.
// Reasons: RFC 9112, and what Boost 1.81's parser lets through (obs-fold, unknown transfer codings, chunked
// under HTTP/1.0, a missing or repeated Host). Every refusal is an Error whose kind gives the status of the
// answer; the connection can't be used after it, since nobody knows where the next request would begin.
namespace weir::http {

inline constexpr std::size_t kMaxRequestHead = 32 * 1024;  // bytes, blank line included
inline constexpr std::size_t kMaxRequestLine = 8 * 1024;   // bytes of any line of the head, CR LF included
inline constexpr std::size_t kMaxRequestFields = 100;

// Looks at the raw bytes of a head as they arrive, line by line, and refuses at the first line that is wrong:
// what a parser would unfold or forgive (obs-fold, bare CR or LF, control bytes, space before a colon), a
// version other than 1.0 and 1.1, and what exceeds the limits above.
class HeadScanner {
 public:
  // `bytes` begins with the first byte of the head; each call gets what the last one got, and more behind it.
  // The size of the head, blank line included, or 0 where its end hasn't arrived.
  [[nodiscard]] Result<std::size_t> scan(std::string_view bytes);

 private:
  std::size_t line_ = 0;   // where the line that is under way begins
  std::size_t lines_ = 0;  // whole lines seen
};

// The same for a head that is whole, blank line included.
[[nodiscard]] Result<void> check_raw_head(std::string_view head);

// How a message's body ends.
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close } kind = Kind::none;
  std::uint64_t length = 0;
};

// Looks at the parsed head: method, target, Host, Content-Length and Transfer-Encoding, Expect,
// Content-Encoding. A Content-Length is 1 to 19 digits, with leading zeros or without; two of them are
// refused even where they agree.
[[nodiscard]] Result<Framing> check_request(const RequestHead& head);

// "http://host:port/path" as a target becomes "/path", so that everything behind the guard sees one form.
// Other targets stay. For a head that passed check_request() and HostGuard::check().
void reduce_to_origin_form(RequestHead& head);

// Whether the client wants the connection kept after the answer.
[[nodiscard]] bool wants_keep_alive(const RequestHead& head);
// Whether the client waits for "100 Continue" before it sends its body.
[[nodiscard]] bool expects_continue(const RequestHead& head);

// Which names and origins may talk to us. A page in the user's browser reaches a loopback port by DNS
// rebinding or by a simple cross-site POST; loopback alone is no defence.
class HostGuard {
 public:
  // `own` are the hosts we listen on, `allowed` further names from the configuration; both without port. "*"
  // among the origins allows every one.
  HostGuard(const std::vector<std::string>& own, const std::vector<std::string>& allowed,
            const std::vector<std::string>& origins);

  // Host (and the authority of an absolute target), Origin and Sec-Fetch-Site, on every path; and for POST,
  // PUT and PATCH a JSON content type. IP literals and localhost are accepted as Host with any port, since no
  // page can make a browser send them for a name of its own. An Origin that equals our own Host is the
  // dashboard's and passes. For a head that passed check_request().
  [[nodiscard]] Result<void> check(const RequestHead& head) const;
  // Whether the configuration allows this origin.
  [[nodiscard]] bool origin_allowed(std::string_view origin) const;

 private:
  [[nodiscard]] bool host_allowed(std::string_view host) const;

  std::vector<std::string> hosts_;    // lower case
  std::vector<std::string> origins_;  // lower case, no slash at the end
  bool any_origin_ = false;
};

}  // namespace weir::http
