#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace weir::net {

// A loop's own, and no any_io_executor: that would cost a coroutine 200 bytes, and each wait calls by
// pointers.
using Executor = boost::asio::io_context::executor_type;

// A coroutine's return type. docs/coroutine-rules.md says in which forms it may be awaited: g++ 12
// miscompiles the others.
template <class T>
using Awaitable = boost::asio::awaitable<T, Executor>;

// In place of asio::use_awaitable.
using UseAwaitable = boost::asio::use_awaitable_t<Executor>;
inline constexpr UseAwaitable kUseAwaitable{};

// A coroutine that waits, to be gone on with by one call. Dropped instead, the coroutine is destroyed by what
// is posted to its loop. Asio has no public name for it.
template <class Signature>
using Resumption = boost::asio::detail::awaitable_async_op_handler<Signature, Executor>;

// Awaited like an Awaitable, but in the frame of who awaits it: a wait needs no memory of its own. Once that
// coroutine is suspended `Begin`, a plain value, is called with its Resumption.
template <class Signature, class Begin>
using Deferred = boost::asio::deferred_async_operation<Signature, Begin>;

template <class Signature, class Begin>
[[nodiscard]] Deferred<Signature, Begin> deferred(Begin begin) {
  return boost::asio::async_initiate<const boost::asio::deferred_t, Signature>(std::move(begin),
                                                                               boost::asio::deferred);
}

}  // namespace weir::net
