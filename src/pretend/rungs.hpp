#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/base/clock.hpp"
#include "weir/pretend/pretend.hpp"
#include "weir/pretend/windows.hpp"

// Several limits that a request must all pass: what the manners with more than two of them share.
namespace weir::pretend {

struct Rung {
  enum class Counts : std::uint8_t { requests, tokens };
  Counts counts = Counts::requests;
  std::string_view period;  // "minute"
  std::uint64_t limit = 0;
  std::unique_ptr<Window> window;

  [[nodiscard]] std::uint64_t remaining(Instant now) const;
  [[nodiscard]] bool is(Counts what, std::string_view a_period) const {
    return counts == what && period == a_period;
  }
};

class Rungs {
 public:
  // None where the rule's limit is 0.
  void add(Rung::Counts counts, std::string_view period, const WindowRule& rule);

  struct Refused {
    const Rung* rung;
    Duration wait;  // Window::kNever: it will never fit
  };
  // All rungs that one request with so many tokens doesn't pass, in the order in which they were added.
  [[nodiscard]] std::vector<Refused> refused(std::uint64_t tokens, Instant now) const;
  void take(std::uint64_t tokens, Instant now);
  void take_tokens(std::uint64_t tokens, Instant now);

  [[nodiscard]] const std::vector<Rung>& all() const { return rungs_; }

 private:
  std::vector<Rung> rungs_;
};

// One set of rungs for each model.
class RungsByModel {
 public:
  explicit RungsByModel(const Limits& limits, Rungs (*make)(const Limits&)) : limits_(limits), make_(make) {}

  [[nodiscard]] Rungs& of(const std::string& model) {
    const auto found = models_.find(model);
    return found != models_.end() ? found->second : models_.emplace(model, make_(limits_)).first->second;
  }
  // Nothing for a model that was never let in.
  [[nodiscard]] const Rungs* find(const std::string& model) const {
    const auto found = models_.find(model);
    return found != models_.end() ? &found->second : nullptr;
  }

 private:
  Limits limits_;
  Rungs (*make_)(const Limits&);
  std::map<std::string, Rungs> models_;
};

}  // namespace weir::pretend
