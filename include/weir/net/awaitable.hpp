#pragma once

#include <boost/asio/awaitable.hpp>

namespace weir::net {

// A coroutine's return type. docs/coroutine-rules.md says in which forms it may be awaited: g++ 12
// miscompiles the others.
template <class T>
using Awaitable = boost::asio::awaitable<T>;

}  // namespace weir::net
