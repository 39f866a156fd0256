#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "weir/transport/server.hpp"

namespace weir::transport {

// Bytes that are read into at the end and taken from the front. Memory isn't touched before bytes arrive, so
// that a peer which announces much and sends little costs address space only. kBodyPadding readable bytes
// stand behind the capacity.
class ByteBuffer {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::span<char> bytes() noexcept { return {bytes_.get() + begin_, size()}; }
  [[nodiscard]] std::string_view text() const noexcept { return {bytes_.get() + begin_, size()}; }

  // Where the next bytes may be written before they are appended: those aren't copied.
  [[nodiscard]] std::span<char> space() noexcept { return {bytes_.get() + end_, capacity_ - end_}; }

  void append(std::string_view more) {
    if (more.empty()) return;
    if (capacity_ - end_ < more.size()) {
      // What has been taken from the front is room again, where that is so much that moving the rest pays.
      const std::size_t all = size() + more.size();
      reserve(all <= capacity_ / 2 ? capacity_ : std::max(all, 2 * capacity_));
    }
    if (more.data() != bytes_.get() + end_) std::memcpy(bytes_.get() + end_, more.data(), more.size());
    end_ += more.size();
  }

  // Drops from the front. Views of the rest stay valid until the next reserve() or append().
  void consume(std::size_t n) noexcept {
    begin_ += n;
    if (begin_ == end_) clear();
  }
  void clear() noexcept { begin_ = end_ = 0; }

  // Room for `capacity` bytes in all, what is there included; moves what is there to the front.
  void reserve(std::size_t capacity) {
    if (capacity <= capacity_) {
      if (begin_ > 0) std::memmove(bytes_.get(), bytes_.get() + begin_, size());
    } else {
      auto larger = std::make_unique_for_overwrite<char[]>(capacity + kBodyPadding);
      if (size() > 0) std::memcpy(larger.get(), bytes_.get() + begin_, size());
      bytes_ = std::move(larger);
      capacity_ = capacity;
    }
    end_ = size();
    begin_ = 0;
  }

  // Gives the memory back. Only where it is empty.
  void release() noexcept {
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
  }

  // Writes zeros behind the last byte, so that a reader that looks ahead sees the same each time.
  void pad() noexcept { std::memset(bytes_.get() + end_, 0, kBodyPadding); }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace weir::transport
