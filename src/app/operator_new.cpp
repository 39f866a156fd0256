#include <malloc.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

// Memory for the whole program. A request takes some sixty small blocks and gives them back within
// microseconds, and a turn of the loop has dozens of requests under way: glibc keeps seven spare blocks of
// each size for a thread, and cuts what is above from its heap and joins it again, each time. Here a thread
// keeps up to 24 KiB of each size. Every block is malloc's own, so any thread may give it back. The
// sanitizers bring operators of their own.
#ifndef WEIR_SANITIZED

namespace {

// What malloc gives is as large as one of these: 24, 40, 56 and so on, so nothing is wasted.
constexpr std::size_t kSmallest = 24;
constexpr std::size_t kStep = 16;
constexpr std::size_t kSizes = 66;  // up to 1,064 bytes; larger ones are malloc's alone
constexpr std::uint32_t kMostBytes = 24 * 1024;

struct Spare {
  explicit Spare(Spare* behind) : next(behind) {}
  Spare* next;
};
struct Spares {
  Spare* first = nullptr;
  std::uint32_t bytes = 0;
};
constinit thread_local std::array<Spares, kSizes> spares{};
// Of one size. Nothing is kept before the first block comes back, and after the thread's last moment.
constinit thread_local std::uint32_t most_bytes = 0;

struct Keeping {
  Keeping() { most_bytes = kMostBytes; }
  ~Keeping() {
    most_bytes = 0;
    for (Spares& kept : spares)
      while (kept.first != nullptr) std::free(std::exchange(kept.first, kept.first->next));
  }
};

constexpr std::size_t index_of(std::size_t size) {
  return size <= kSmallest ? 0 : (size - kSmallest + kStep - 1) / kStep;
}

constexpr std::size_t size_at(std::size_t index) {
  return kSmallest + index * kStep;
}

void* from_malloc(std::size_t size) {
  while (true) {
    if (void* const block = std::malloc(size)) return block;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void keep(void* block, std::size_t index) noexcept {
  Spares& kept = spares[index];
  if (kept.bytes >= most_bytes) {
    thread_local const Keeping keeping;  // from now on, once
    return std::free(block);
  }
  kept.first = std::construct_at(static_cast<Spare*>(block), kept.first);
  kept.bytes += static_cast<std::uint32_t>(size_at(index));
}

}  // namespace

void* operator new(std::size_t size) {
  const std::size_t index = index_of(size);
  if (index >= kSizes) return from_malloc(size);
  Spares& kept = spares[index];
  Spare* const block = kept.first;
  if (block == nullptr) return from_malloc(size_at(index));
  kept.first = block->next;
  kept.bytes -= static_cast<std::uint32_t>(size_at(index));
  return block;
}

void operator delete(void* block, std::size_t size) noexcept {
  const std::size_t index = index_of(size);
  if (block == nullptr || index >= kSizes) return std::free(block);
  keep(block, index);
}

void operator delete(void* block) noexcept {
  const std::size_t size = block == nullptr ? 0 : ::malloc_usable_size(block);
  if (size < kSmallest || size >= size_at(kSizes)) return std::free(block);
  keep(block, (size - kSmallest) / kStep);
}

#endif
