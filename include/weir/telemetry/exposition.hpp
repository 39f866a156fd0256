#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "weir/telemetry/counters.hpp"
#include "weir/telemetry/telemetry.hpp"

namespace weir::telemetry {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

// A metric that /metrics may show.
struct Family {
  std::string_view name;
  MetricType type = MetricType::counter;
  std::string_view help;
  std::string_view labels;  // what it is told apart by, parted by spaces
};
// All there are. Whoever names another in a dashboard or a rule is wrong: a test looks.
[[nodiscard]] std::span<const Family> families() noexcept;

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Prometheus' text format, version 0.0.4. Each family once, all its samples behind one another.
class Exposition {
 public:
  // The samples that follow are of that family, which must be in families().
  void begin(std::string_view name);
  void sample(Labels labels, double value) { line("", labels, {}, value); }
  void sample(Labels labels, std::uint64_t value) { line("", labels, {}, value); }
  void sample(Labels labels, const Counter& value) { sample(labels, value.value()); }
  template <class Scale>
  void histogram(Labels labels, const Histogram<Scale>& histogram) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < Scale::kBounds.size(); ++i) {
      count += histogram.counts()[i].value();
      const double bound = static_cast<double>(Scale::kBounds[i]) / static_cast<double>(Scale::kUnit);
      line("_bucket", labels, number(bound), count);
    }
    count += histogram.counts().back().value();
    line("_bucket", labels, "+Inf", count);
    line("_sum", labels, {}, histogram.sum());
    line("_count", labels, {}, count);
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  static std::string number(double value);
  void head(std::string_view suffix, Labels labels, std::string_view bound);
  void line(std::string_view suffix, Labels labels, std::string_view bound, double value);
  void line(std::string_view suffix, Labels labels, std::string_view bound, std::uint64_t value);

  std::string text_;
  std::string_view name_;
};

// What has been counted of requests and attempts.
void write_counters(const Telemetry& telemetry, Exposition& out);

}  // namespace weir::telemetry
