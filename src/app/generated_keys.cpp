#include "app/generated_keys.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

namespace weir::app {
namespace {

constexpr std::string_view kClientLine = "WEIR_CLIENT_KEY=";
constexpr std::string_view kAdminLine = "WEIR_ADMIN_KEY=";

Error failure(const std::filesystem::path& file, const std::string& what) {
  return {ErrorKind::io, file.string() + ": " + what};
}

// 128 bits of the kernel's chance, as hex.
Result<std::string> new_key(std::string_view prefix) {
  std::array<unsigned char, 16> bits{};
  if (::getrandom(bits.data(), bits.size(), 0) != static_cast<ssize_t>(bits.size()))
    return Error{ErrorKind::io, "no random bits for a key: " + std::string(std::strerror(errno))};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string key(prefix);
  for (const unsigned char byte : bits) {
    key += kDigits[byte >> 4U];
    key += kDigits[byte & 15U];
  }
  return key;
}

// Empty: the line isn't there.
std::string value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const std::string_view line = text.substr(0, end); line.starts_with(name))
      return std::string(line.substr(name.size()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

config::StandInKeys parse(std::string_view text) {
  return {.client = value_of(text, kClientLine), .admin = value_of(text, kAdminLine)};
}

bool are_whole(const config::StandInKeys& keys) {
  constexpr std::size_t kLeast = 16;  // shorter ones are no longer hard to guess
  return keys.client.size() >= kLeast && keys.admin.size() >= kLeast;
}

// As it is written: the whole or nothing, whatever happens on the way.
Result<void> write_private(const std::filesystem::path& file, const std::string& text) {
  const std::string draft = file.string() + ".new";
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failure(file, std::strerror(errno));
  bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  written = ::fsync(fd) == 0 && written;
  int why = errno;
  ::close(fd);
  if (written && ::rename(draft.c_str(), file.c_str()) == 0) return {};
  if (written) why = errno;
  ::unlink(draft.c_str());
  return failure(file, "the generated keys can't be kept: " + std::string(std::strerror(why)));
}

std::string read_all(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Result<GeneratedKeys> GeneratedKeys::find(const std::filesystem::path& state_directory) {
  std::filesystem::path file = state_directory / kKeysFile;
  struct stat found {};
  if (::lstat(file.c_str(), &found) == 0) {
    std::ifstream in(file);
    if (!in) return failure(file, "can't be read: " + std::string(std::strerror(errno)));
    config::StandInKeys keys = parse(read_all(in));
    if (are_whole(keys)) return GeneratedKeys(std::move(file), std::move(keys), true);
    return failure(file, "expected the lines " + std::string(kClientLine) + "... and " +
                             std::string(kAdminLine) +
                             "... that --generate-keys once wrote; remove the file to have new keys made");
  }
  auto client = new_key("weir-client-");
  if (!client) return std::move(client).error();
  auto admin = new_key("weir-admin-");
  if (!admin) return std::move(admin).error();
  return GeneratedKeys(std::move(file), {.client = *std::move(client), .admin = *std::move(admin)}, false);
}

Result<void> GeneratedKeys::keep() {
  if (kept_) return {};
  struct stat found {};
  // Between find() and the lock on the directory another start had its turn.
  if (::lstat(file_.c_str(), &found) == 0)
    return failure(file_, "another weir has made keys meanwhile; start again to use them");
  const std::string text =
      "# Made by weir serve --generate-keys. Clients show the first; the dashboard and /admin/ ask for the "
      "second.\n" +
      std::string(kClientLine) + keys_.client + "\n" + std::string(kAdminLine) + keys_.admin + "\n";
  if (auto written = write_private(file_, text); !written) return written;
  kept_ = true;
  return {};
}

std::optional<config::StandInKeys> kept_keys(const std::filesystem::path& state_directory) {
  std::ifstream in(state_directory / kKeysFile);
  if (!in) return std::nullopt;
  config::StandInKeys keys = parse(read_all(in));
  return are_whole(keys) ? std::optional(std::move(keys)) : std::nullopt;
}

}  // namespace weir::app
