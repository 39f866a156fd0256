#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace weir {
namespace {

// A block whose every byte says whose it is.
struct Marked {
  unsigned char* bytes = nullptr;
  std::size_t size = 0;
  unsigned char mark = 0;
};

Marked take(std::size_t size, unsigned char mark) {
  auto* const bytes = static_cast<unsigned char*>(::operator new(size));
  std::memset(bytes, mark, size);
  return {bytes, size, mark};
}

bool is_whole(const Marked& block) {
  for (std::size_t i = 0; i < block.size; ++i)
    if (block.bytes[i] != block.mark) return false;
  return true;
}

void give_back(const Marked& block, [[maybe_unused]] bool says_size) {
#ifdef __cpp_sized_deallocation  // clang has it only where it is told to
  if (says_size) return ::operator delete(block.bytes, block.size);
#endif
  ::operator delete(block.bytes);
}

// Around each size that there are spare blocks of, and far above.
std::size_t some_size(std::mt19937_64& random) {
  return random() % 8 == 0 ? random() % 100'000 : random() % 2'200;
}

// Blocks go from thread to thread as they do when a request's end is told elsewhere.
TEST(OperatorNew, NoBlockIsTwosWhereverItIsGivenBack) {
  std::mutex mutex;
  std::vector<Marked> shared;
  std::vector<std::thread> threads;
  for (unsigned char mark = 1; mark <= 4; ++mark) {
    threads.emplace_back([&, mark] {
      std::mt19937_64 random(mark);
      for (int i = 0; i < 50'000; ++i) {
        Marked block = take(some_size(random), mark);
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block.bytes) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
        {
          const std::lock_guard lock(mutex);
          if (shared.size() < 200) {
            shared.push_back(block);
            continue;
          }
          std::swap(block, shared[random() % shared.size()]);
        }
        ASSERT_TRUE(is_whole(block)) << block.size << " bytes of " << int{block.mark};
        give_back(block, random() % 2 == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Marked& block : shared) {
    EXPECT_TRUE(is_whole(block));
    give_back(block, true);
  }
}

#ifndef WEIR_SANITIZED
TEST(OperatorNew, WhatCannotBeIsBadAlloc) {
  volatile std::size_t too_much = SIZE_MAX / 2;
  EXPECT_THROW(::operator delete(::operator new(too_much)), std::bad_alloc);
  ::operator delete(nullptr);
  ::operator delete (nullptr, std::size_t{16});
}

TEST(OperatorNew, AThreadLeavesNothingBehind) {
  const auto use_some = [] {
    for (std::size_t size = 16; size < 2'000; size += 100) {
      std::vector<void*> blocks(20);
      for (void*& block : blocks) block = ::operator new(size);
      for (void* const block : blocks) ::operator delete(block);
    }
  };
  std::thread(use_some).join();
  const std::size_t before = ::mallinfo2().uordblks;
  for (int i = 0; i < 200; ++i) std::thread(use_some).join();
  EXPECT_LE(::mallinfo2().uordblks, before + 64 * 1024);
}

// A burst must not keep its memory for good.
TEST(OperatorNew, OfEachSizeLittleIsKept) {
  constexpr std::size_t kSize = 1'000;
  std::vector<void*> blocks(20'000);
  const std::size_t before = ::mallinfo2().uordblks;
  for (void*& block : blocks) block = ::operator new(kSize);
  EXPECT_GE(::mallinfo2().uordblks, before + blocks.size() * kSize);
  for (void* const block : blocks) ::operator delete(block);
  EXPECT_LE(::mallinfo2().uordblks, before + 64 * 1024);
}
#endif

}  // namespace
}  // namespace weir
