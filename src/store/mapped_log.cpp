#include "store/mapped_log.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include "weir/base/log.hpp"

namespace weir::store {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr char kMagic[8] = {'w', 'e', 'i', 'r', 'l', 'o', 'g', '1'};

struct Header {
  char magic[8];
  std::uint32_t epoch;
};

Error failure(const std::filesystem::path& path, int code) {
  return {ErrorKind::io, path.filename().string() + ": " + std::generic_category().message(code)};
}

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] off_t size() const {
    struct stat status {};
    return ::fstat(fd_, &status) == 0 ? status.st_size : -1;
  }

 private:
  int fd_;
};

// Of zeros is one whose maker was killed at it.
bool is_ours(int fd) {
  constexpr char kNothing[sizeof kMagic] = {};
  Header header{};
  return ::pread(fd, &header, sizeof header, 0) == static_cast<ssize_t>(sizeof header) &&
         (std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 ||
          std::memcmp(header.magic, kNothing, sizeof kNothing) == 0);
}

}  // namespace

Result<MappedLog> MappedLog::open(const std::filesystem::path& path, std::size_t bytes,
                                  const std::string& stamp) {
  const auto size = static_cast<off_t>(kHeaderBytes + bytes);
  const Descriptor file(path);
  if (file.get() < 0) return failure(path, errno);
  const off_t found = file.size();
  if (found != 0 && (found != size || !is_ours(file.get()))) {
    const auto aside = set_aside(path, stamp);
    if (!aside) return aside.error();
    log::error("state_damaged", {{"file", path.filename().string()},
                                 {"why", "it is not an intent log of this version"},
                                 {"set_aside_as", aside->filename().string()}});
    return open(path, bytes, stamp);
  }
  if (const int code = ::posix_fallocate(file.get(), 0, size); code != 0) {
    if (found == 0) ::unlink(path.c_str());  // what there was room for is no use
    return failure(path, code);
  }
  void* const memory =
      ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return failure(path, errno);
  std::memcpy(memory, kMagic, sizeof kMagic);
  return MappedLog({static_cast<std::byte*>(memory), static_cast<std::size_t>(size)}, true);
}

MappedLog MappedLog::in_memory(std::size_t bytes) {
  void* const memory =
      ::mmap(nullptr, kHeaderBytes + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return MappedLog({static_cast<std::byte*>(memory), kHeaderBytes + bytes}, false);
}

MappedLog::MappedLog(MappedLog&& other) noexcept
    : memory_(std::exchange(other.memory_, {})), is_file_(other.is_file_) {}

MappedLog& MappedLog::operator=(MappedLog&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(is_file_, other.is_file_);
  return *this;
}

MappedLog::~MappedLog() {
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

void MappedLog::unload() const {
  if (is_file_) ::madvise(memory_.data(), memory_.size(), MADV_DONTNEED);
}

std::span<std::byte> MappedLog::records() const {
  return memory_.subspan(kHeaderBytes);
}

std::uint32_t MappedLog::epoch() const {
  Header header{};
  std::memcpy(&header, memory_.data(), sizeof header);
  return header.epoch;
}

void MappedLog::set_epoch(std::uint32_t epoch) {
  std::memcpy(memory_.data() + offsetof(Header, epoch), &epoch, sizeof epoch);
}

Result<std::filesystem::path> set_aside(const std::filesystem::path& path, const std::string& stamp) {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    std::filesystem::path to = path;
    to += ".damaged-" + stamp + (i == 0 ? std::string() : "." + std::to_string(i));
    std::error_code ec;
    if (std::filesystem::exists(to, ec)) continue;
    std::filesystem::rename(path, to, ec);
    if (ec) return Error{ErrorKind::io, path.filename().string() + ": " + ec.message()};
    return to;
  }
  return Error{ErrorKind::io, path.filename().string() + ": too many damaged files beside it"};
}

}  // namespace weir::store
