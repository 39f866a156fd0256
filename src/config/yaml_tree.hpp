#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.hpp"

namespace weir::config {

// A YAML value with its place. Aliases point at the node they name, so that one node may stand in several
// places.
struct Node {
  // null: nothing stands there. invalid: what stands there was reported already and must not be read.
  enum class Kind : std::uint8_t { null, scalar, sequence, map, invalid };

  struct Entry {
    std::string key;
    Place place;  // of the key
    const Node* value = nullptr;
  };

  Kind kind = Kind::null;
  Place place;
  std::string text;                // of a scalar, as written
  std::vector<Entry> entries;      // of a map; no key stands twice
  std::vector<const Node*> items;  // of a sequence
  std::size_t weight = 1;          // how many values it is with all aliases followed
};

struct YamlTree {
  std::deque<Node> nodes;
  const Node* root = nullptr;  // null: the document is empty
};

inline constexpr std::size_t kMaxConfigBytes = 1U << 20U;
inline constexpr std::size_t kMaxDepth = 64;        // yaml-cpp recurses
inline constexpr std::size_t kMaxValues = 100'000;  // aliases could multiply a small file without end

// Reads one YAML document. What can be said without knowing the keys is reported here: syntax, duplicate
// keys, merge keys, tags, aliases into themselves, sizes. Nothing: there is no tree to go on with. Never
// throws.
[[nodiscard]] std::optional<YamlTree> parse_yaml(std::string_view text, Report& report);

}  // namespace weir::config
