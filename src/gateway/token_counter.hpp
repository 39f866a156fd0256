#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "weir/net/awaitable.hpp"
#include "weir/net/cancellation.hpp"
#include "weir/net/loop.hpp"
#include "weir/wire/chat_request.hpp"

namespace weir::gateway {

// Texts of a request up to this size are encoded where the request is served, in a third of a millisecond at
// most.
inline constexpr std::size_t kCountedInPlace = 16 * 1024;  // bytes

// Counts requests exactly, long ones on a thread of its own. Threads: any.
class TokenCounter {
 public:
  ~TokenCounter();

  // Tokens of o200k_base in what the model reads; nothing where the client leaves first. What it is given
  // outlives the call, and a copy the counting. Needs tokens::has_encoder().
  [[nodiscard]] net::Awaitable<std::optional<std::uint64_t>> count(net::Loop& loop,
                                                                   const wire::ChatRequest& chat,
                                                                   std::string_view body,
                                                                   net::Cancellation& cancellation);

 private:
  boost::asio::thread_pool& thread();

  std::mutex mutex_;
  std::optional<boost::asio::thread_pool> thread_;  // from the first long request on
};

}  // namespace weir::gateway
