#pragma once

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "support/raw_provider.hpp"
#include "weir/routing/retry.hpp"

// Everything that a provider is known to do wrong, as data: what it does on the wire, and where in the life
// of an attempt the retry table has it.
namespace weir::test {

// The provider's key in all of it; some faults quote it.
inline constexpr const char* kPlantedKey = "sk-planted-0123456789-abcdefghijklmnop";

struct Fault {
  enum class Asked : std::uint8_t { either, plain, stream };  // by which requests it shows
  enum class Reach : std::uint8_t { usual, nobody_listens, tls };

  std::string name;
  RawProvider::Script script;
  // `served`: not the client's trouble, the answer is whole and right. `client_fault`: passed on, once.
  // `broken_stream`: after content. All others: the next provider serves.
  routing::Point point{};
  int status = 502;  // where nobody serves
  std::string code = "upstream_error";
  Asked asked = Asked::either;
  Reach reach = Reach::usual;
  bool hangs = false;  // until a clock has run out
  // A stream waits for it once its first event is out: until the client has that.
  std::shared_ptr<std::atomic<bool>> go_on;
  bool heavy = false;  // so many bytes that one of it is enough
};

void PrintTo(const Fault& fault, std::ostream* out);

[[nodiscard]] std::vector<Fault> all_faults();

// Serves both kinds of requests well.
[[nodiscard]] RawProvider::Script serves_both();
[[nodiscard]] const std::string& good_stream();  // all its bytes

}  // namespace weir::test
