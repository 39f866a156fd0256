#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

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

}  // namespace weir::net
