#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::transport {

// What is left of a gathered write.
class Outgoing {
 public:
  static constexpr std::size_t kMaxPieces = 16;  // of one sendmsg

  explicit Outgoing(std::span<const boost::asio::const_buffer> pieces) : pieces_(pieces) { skip_written(); }

  [[nodiscard]] bool empty() const { return pieces_.empty(); }

  void advance(std::size_t n) {
    offset_ += n;
    skip_written();
  }

  // The next pieces as sendmsg wants them.
  [[nodiscard]] std::size_t gather(std::array<iovec, kMaxPieces>& into) const {
    const std::size_t count = std::min(pieces_.size(), into.size());
    for (std::size_t i = 0; i < count; ++i) {
      const boost::asio::const_buffer piece = i == 0 ? pieces_[0] + offset_ : pieces_[i];
      into[i] = {const_cast<void*>(piece.data()), piece.size()};  // sendmsg only reads
    }
    return count;
  }

  // The next bytes for one record: a large piece from where it is, small ones joined in `joined`. The same
  // again until advance().
  [[nodiscard]] std::string_view record(std::string& joined) const {
    const boost::asio::const_buffer first = pieces_[0] + offset_;
    if (pieces_.size() == 1 || first.size() >= kWorthJoining) {
      return {static_cast<const char*>(first.data()), std::min(first.size(), kRecord)};
    }
    joined.clear();
    for (std::size_t i = 0; i < pieces_.size() && joined.size() < kRecord; ++i) {
      const boost::asio::const_buffer piece = i == 0 ? first : pieces_[i];
      joined.append(static_cast<const char*>(piece.data()), std::min(piece.size(), kRecord - joined.size()));
    }
    return joined;
  }

 private:
  static constexpr std::size_t kRecord = 16 * 1024;  // what one TLS record carries
  // A copy of less is cheaper than a record of its own.
  static constexpr std::size_t kWorthJoining = 4 * 1024;

  void skip_written() {
    while (!pieces_.empty() && offset_ >= pieces_[0].size()) {
      offset_ -= pieces_[0].size();
      pieces_ = pieces_.subspan(1);
    }
  }

  std::span<const boost::asio::const_buffer> pieces_;
  std::size_t offset_ = 0;  // into the first piece
};

}  // namespace weir::transport
