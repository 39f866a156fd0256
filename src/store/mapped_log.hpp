#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "weir/base/result.hpp"

namespace weir::store {

// The intent log's memory: a file of fixed size, mapped so that what is written is the kernel's at once and
// outlives the process. All its blocks are allocated when it is made, so that a full disk is an error here
// and not a signal later.
class MappedLog {
 public:
  // Opens or makes it; a file that isn't one of ours, or of another size, is set aside under that stamp.
  // Fails with kind io.
  [[nodiscard]] static Result<MappedLog> open(const std::filesystem::path& path, std::size_t bytes,
                                              const std::string& stamp);
  // Memory that ends with the process.
  [[nodiscard]] static MappedLog in_memory(std::size_t bytes);

  MappedLog(MappedLog&& other) noexcept;
  MappedLog& operator=(MappedLog&& other) noexcept;
  ~MappedLog();

  [[nodiscard]] std::span<std::byte> records() const;
  // The newest epoch that has written here.
  [[nodiscard]] std::uint32_t epoch() const;
  void set_epoch(std::uint32_t epoch);
  // A file's pages are the process's only once it touches them again; what stands there stays.
  void unload() const;

 private:
  MappedLog(std::span<std::byte> memory, bool is_file) : memory_(memory), is_file_(is_file) {}

  std::span<std::byte> memory_;  // a page of ours, then the records
  bool is_file_ = false;
};

// Gives a file another name, "name.damaged-20261124T081500Z", that isn't taken. Fails with kind io.
[[nodiscard]] Result<std::filesystem::path> set_aside(const std::filesystem::path& path,
                                                      const std::string& stamp);

}  // namespace weir::store
