#include "config/tokens_reader.hpp"

#include <array>

#include "weir/base/units.hpp"

namespace weir::config {
namespace {

using tokens::Estimator;
using tokens::Overflow;

constexpr std::array kEstimators{Choice<Estimator>{"auto", Estimator::automatic},
                                 Choice<Estimator>{"bytes", Estimator::bytes},
                                 Choice<Estimator>{"exact", Estimator::exact}};
constexpr std::array kOverflows{Choice<Overflow>{"reject", Overflow::reject},
                                Choice<Overflow>{"truncate", Overflow::truncate}};

void read_quantile(MapReader& tokens, double& quantile) {
  constexpr std::string_view kExpected = "a share from 50% to 99.9%, like 90%";
  constexpr double kLeast = 0.5;
  constexpr double kMost = 99.9 / 100;  // as the text is read
  const auto field = tokens.take("quantile");
  if (!field) return;
  const auto text = read_text(tokens.reading(), *field, kExpected);
  if (!text) return;
  const auto share = parse_percent(*text);
  if (!share || *share < kLeast || *share > kMost)
    return report_unexpected(tokens.reading(), *field, kExpected);
  quantile = *share;
}

}  // namespace

void read_tokens(MapReader& tokens, tokens::Config& config) {
  tokens.word<Estimator>("estimator", config.estimator, kEstimators);
  tokens.flag("calibrate", config.calibrate);
  read_quantile(tokens, config.quantile);
  tokens.word<Overflow>("overflow", config.overflow, kOverflows);
}

}  // namespace weir::config
