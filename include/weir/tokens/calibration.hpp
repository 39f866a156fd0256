#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "weir/tokens/estimator.hpp"

namespace weir::tokens {

// What answers teach about one model: how its counts differ from our estimates (a ratio, and what its
// template adds), how far they scatter, and how long its answers are. Newer answers weigh more: the last
// fifty or so decide. Threads: any; reading takes no lock.
class Calibration {
 public:
  explicit Calibration(Family family = Family::unknown) noexcept;

  [[nodiscard]] Family family() const noexcept { return family_; }

  struct Prediction {
    std::uint64_t likely = 0;
    std::uint64_t upper = 0;  // what the quantile asked for stays within
  };
  // `quantile` in (0, 1).
  [[nodiscard]] Prediction prompt(const PromptSize& size, double quantile) const noexcept;
  // The length that a share of the answers stays within: the half, nine of ten or nineteen of twenty,
  // whichever is asked for at the least. Nothing before there were ten to tell.
  [[nodiscard]] std::optional<std::uint64_t> output(double quantile) const noexcept;

  // A provider's own count of a prompt that was estimated at `size`. A count of nothing is no count.
  void learn_prompt(const PromptSize& size, std::uint64_t tokens) noexcept;
  // An answer that came to its own end.
  void learn_output(std::uint64_t tokens) noexcept;

  // For people.
  struct Summary {
    double ratio = 1;     // provider's tokens for one of ours
    double overhead = 0;  // tokens that it adds to each prompt
    double spread = 0;    // standard deviation of the relative error
    std::uint64_t answers = 0;
    std::optional<std::uint64_t> median_output;
    std::optional<std::uint64_t> long_output;  // nineteen of twenty stay within
  };
  [[nodiscard]] Summary summary(Method method) const;

  // What a restart needs, as text; restore() takes only what save() wrote and says whether it did.
  [[nodiscard]] std::string save() const;
  bool restore(std::string_view saved) noexcept;
  // Goes up with each thing learned.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_relaxed); }

 private:
  // A line through what was seen, each answer by its relative error: tokens = overhead + ratio x estimate.
  struct Fit {
    double weight = 0;     // answers, decayed
    double x = 0, xx = 0;  // sums of 1/estimate and 1/estimate^2
    double y = 0, xy = 0;  // of tokens/estimate and tokens/estimate^2
    double error = 0;      // of squared relative errors of what was predicted
    std::uint64_t answers = 0;
  };
  struct Line {
    std::atomic<float> ratio{1};
    std::atomic<float> overhead{0};
    std::atomic<float> spread{0};
  };
  static constexpr std::size_t kLengths = 40;  // half octaves
  static constexpr std::array kOutputQuantiles{0.5, 0.9, 0.95};

  void publish_all() noexcept;
  void publish(std::size_t method, double usual_overhead, double usual_ratio) noexcept;
  void publish_outputs() noexcept;

  const Family family_;
  mutable std::mutex mutex_;
  std::array<Fit, kMethods> fits_;
  std::array<double, kLengths> lengths_{};  // decayed counts of answers by their length
  std::uint64_t outputs_ = 0;
  std::array<Line, kMethods> lines_;
  std::array<std::atomic<std::uint64_t>, kOutputQuantiles.size()> outputs_below_{};  // 0: unknown
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace weir::tokens
