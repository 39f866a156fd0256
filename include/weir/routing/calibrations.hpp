#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/tokens/calibration.hpp"

namespace weir::routing {

// What is known of each model's way of counting, by provider/model. They stay where they are. Threads: any.
class Calibrations {
 public:
  // Of the family, where it wasn't known before.
  [[nodiscard]] tokens::Calibration& of(std::string_view target, tokens::Family family);

  // What has been learned since the last call, or all of it, for a restart: pairs of provider/model and text.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> take(bool all);
  // Before the models are bound, or after. What makes no sense is left out.
  void restore(std::string_view target, std::string_view saved);

 private:
  struct Entry {
    explicit Entry(tokens::Family family) : calibration(family) {}
    tokens::Calibration calibration;
    std::uint64_t saved = 0;  // the version that was taken last
  };

  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, std::string, std::less<>>
      unbound_;  // of an earlier run, of models that nobody has bound
};

}  // namespace weir::routing
