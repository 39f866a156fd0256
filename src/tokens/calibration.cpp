#include "weir/tokens/calibration.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace weir::tokens {
namespace {

constexpr double kDecay = 0.98;
// What is believed before anything is known, as so many answers' worth: a ratio of one and no overhead beyond
// the template, each within what is usual.
constexpr double kPriorAnswers = 1;
constexpr double kUsualOverhead = 30;  // tokens
constexpr double kUsualError = 0.1;
constexpr double kLeastRatio = 0.4;
constexpr double kMostRatio = 2.5;
constexpr double kLeastOverhead = -100;  // a template that is shorter than we think
constexpr double kMostOverhead = 16384;  // a provider's own system prompt
constexpr double kLeastSpread = 0.005;
constexpr double kWildError = 1;  // an error counts as no more than this: one odd answer isn't the rule
constexpr std::uint64_t kEnoughOutputs = 10;

// The standard normal quantile, to a thousandth: Abramowitz and Stegun 26.2.23.
double normal_quantile(double p) noexcept {
  const bool upper = p > 0.5;
  const double t = std::sqrt(-2 * std::log(std::clamp(upper ? 1 - p : p, 1e-9, 0.5)));
  const double z =
      t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return upper ? z : -z;
}

std::uint64_t whole(double tokens) noexcept {
  return static_cast<std::uint64_t>(std::ceil(std::clamp(tokens, 1.0, 1e15)));
}

std::size_t length_index(std::uint64_t tokens, std::size_t lengths) noexcept {
  const double half_octave = 2 * std::log2(static_cast<double>(std::max<std::uint64_t>(tokens, 1)));
  return std::min(static_cast<std::size_t>(half_octave), lengths - 1);
}

// The 95th percentile of a normal error, as its deviation.
double deviation_of(double spread) noexcept {
  return spread / 1.96;
}

}  // namespace

Calibration::Calibration(Family family) noexcept : family_(family) {
  publish_all();
}

Calibration::Prediction Calibration::prompt(const PromptSize& size, double quantile) const noexcept {
  const Line& line = lines_[static_cast<std::size_t>(size.method)];
  const double likely = line.overhead.load(std::memory_order_relaxed) +
                        line.ratio.load(std::memory_order_relaxed) * size.of(family_);
  const double spread = line.spread.load(std::memory_order_relaxed);
  return {.likely = whole(likely), .upper = whole(likely * (1 + normal_quantile(quantile) * spread))};
}

std::optional<std::uint64_t> Calibration::output(double quantile) const noexcept {
  const auto wanted = std::ranges::find_if(kOutputQuantiles, [&](double q) { return q >= quantile; });
  const auto index =
      static_cast<std::size_t>(std::min(wanted, kOutputQuantiles.end() - 1) - kOutputQuantiles.begin());
  const std::uint64_t tokens = outputs_below_[index].load(std::memory_order_relaxed);
  return tokens > 0 ? std::optional(tokens) : std::nullopt;
}

// Within a half octave, lengths are taken to be spread evenly.
void Calibration::publish_outputs() noexcept {
  if (outputs_ < kEnoughOutputs) return;
  double all = 0;
  for (const double count : lengths_) all += count;
  for (std::size_t q = 0; q < kOutputQuantiles.size(); ++q) {
    double left = kOutputQuantiles[q] * all;
    std::size_t i = 0;
    while (i + 1 < kLengths && lengths_[i] < left) left -= lengths_[i++];
    const double part = lengths_[i] > 0 ? std::min(left / lengths_[i], 1.0) : 1;
    outputs_below_[q] = whole(std::exp2((static_cast<double>(i) + part) / 2));
  }
}

void Calibration::learn_prompt(const PromptSize& size, std::uint64_t tokens) noexcept {
  const double estimate = size.of(family_);
  if (tokens == 0 || estimate < 1) return;
  const auto method = static_cast<std::size_t>(size.method);
  const auto actual = static_cast<double>(tokens);
  const std::lock_guard lock(mutex_);
  Fit& fit = fits_[method];
  const Line& line = lines_[method];
  const double predicted = std::max(1.0, line.overhead + line.ratio * estimate);
  const double error = std::clamp(actual / predicted - 1, -kWildError, kWildError);
  const double x = 1 / estimate;
  const double y = std::min(actual, kMostRatio * estimate + kMostOverhead) / estimate;
  fit.weight = kDecay * fit.weight + 1;
  fit.x = kDecay * fit.x + x;
  fit.xx = kDecay * fit.xx + x * x;
  fit.y = kDecay * fit.y + y;
  fit.xy = kDecay * fit.xy + x * y;
  fit.error = kDecay * fit.error + error * error;
  ++fit.answers;
  publish_all();
  version_.fetch_add(1, std::memory_order_relaxed);
}

void Calibration::learn_output(std::uint64_t tokens) noexcept {
  if (tokens == 0) return;
  const std::lock_guard lock(mutex_);
  for (double& count : lengths_) count *= kDecay;
  lengths_[length_index(tokens, kLengths)] += 1;
  ++outputs_;
  publish_outputs();
  version_.fetch_add(1, std::memory_order_relaxed);
}

// A provider adds the same to a prompt however we counted it, and a family that nobody knows differs by the
// same: what the one method has taught is where the other one, which is rarer, begins.
void Calibration::publish_all() noexcept {
  constexpr auto kBytes = static_cast<std::size_t>(Method::bytes);
  constexpr auto kEncoder = static_cast<std::size_t>(Method::encoder);
  publish(kBytes, 0, 1);
  publish(kEncoder, lines_[kBytes].overhead, family_ == Family::unknown ? lines_[kBytes].ratio.load() : 1);
}

// Minimises the sum of (overhead/estimate + ratio - tokens/estimate)^2 with what is believed before as one
// more term for each of the two.
void Calibration::publish(std::size_t method, double usual_overhead, double usual_ratio) noexcept {
  const Fit& fit = fits_[method];
  const double trust = kUsualError * kUsualError / (kUsualOverhead * kUsualOverhead);
  const double rr = fit.weight + kPriorAnswers;
  const double ro = fit.x;
  const double oo = fit.xx + trust;
  const double r = fit.y + kPriorAnswers * usual_ratio;
  const double o = fit.xy + trust * usual_overhead;
  const double determinant = rr * oo - ro * ro;
  const double overhead = std::clamp((rr * o - ro * r) / determinant, kLeastOverhead, kMostOverhead);
  const double ratio = std::clamp((r - ro * overhead) / rr, kLeastRatio, kMostRatio);
  const double before = deviation_of(tokens::spread(family_, static_cast<Method>(method)));
  constexpr double kPriorErrors = 4;
  const double variance = (fit.error + kPriorErrors * before * before) / (fit.weight + kPriorErrors);
  Line& line = lines_[method];
  line.ratio = static_cast<float>(ratio);
  line.overhead = static_cast<float>(overhead);
  line.spread = static_cast<float>(std::max(std::sqrt(variance), kLeastSpread));
}

Calibration::Summary Calibration::summary(Method method) const {
  const std::lock_guard lock(mutex_);
  const Line& line = lines_[static_cast<std::size_t>(method)];
  return {.ratio = line.ratio,
          .overhead = line.overhead,
          .spread = line.spread,
          .answers = fits_[static_cast<std::size_t>(method)].answers,
          .median_output = output(0.5),
          .long_output = output(0.95)};
}

// "1" for this layout, then the numbers of fits, how many outputs, and their lengths.
std::string Calibration::save() const {
  const std::lock_guard lock(mutex_);
  std::string out = "1";
  const auto add = [&out](double value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.begin(), text.end(), value, std::chars_format::general, 9).ptr;
    out.append(1, ' ').append(text.begin(), end);
  };
  for (const Fit& fit : fits_) {
    for (const double value : {fit.weight, fit.x, fit.xx, fit.y, fit.xy, fit.error}) add(value);
    add(static_cast<double>(fit.answers));
  }
  add(static_cast<double>(outputs_));
  for (const double count : lengths_) add(count);
  return out;
}

bool Calibration::restore(std::string_view saved) noexcept {
  constexpr std::size_t kNumbers = kMethods * 7 + 1 + kLengths;
  std::array<double, kNumbers> numbers{};
  if (!saved.starts_with("1 ")) return false;
  saved.remove_prefix(1);
  for (double& number : numbers) {
    if (!saved.starts_with(' ')) return false;
    const auto [end, error] = std::from_chars(saved.data() + 1, saved.data() + saved.size(), number);
    if (error != std::errc() || !(number >= 0 && number < 1e15)) return false;
    saved.remove_prefix(static_cast<std::size_t>(end - saved.data()));
  }
  if (!saved.empty()) return false;
  const std::lock_guard lock(mutex_);
  const double* next = numbers.data();
  for (Fit& fit : fits_) {
    for (double* const value : {&fit.weight, &fit.x, &fit.xx, &fit.y, &fit.xy, &fit.error}) *value = *next++;
    fit.answers = static_cast<std::uint64_t>(*next++);
  }
  outputs_ = static_cast<std::uint64_t>(*next++);
  for (double& count : lengths_) count = *next++;
  publish_all();
  publish_outputs();
  return true;
}

}  // namespace weir::tokens
