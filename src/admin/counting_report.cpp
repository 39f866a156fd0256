#include "admin/counting_report.hpp"

#include <cmath>
#include <set>

namespace weir::admin {
namespace {

using nlohmann::ordered_json;
using tokens::Method;

// What was learned is no more exact than that.
double in_thousandths(double value) {
  constexpr double kThousand = 1000;
  return std::round(value * kThousand) / kThousand;
}

ordered_json length_or_null(std::optional<std::uint64_t> tokens) {
  return tokens ? ordered_json(*tokens) : ordered_json(nullptr);
}

}  // namespace

std::optional<Counting> counting_of(const routing::Target& target) {
  if (target.counting == nullptr) return std::nullopt;
  const tokens::Calibration& counting = *target.counting;
  auto by_bytes = counting.summary(Method::bytes);
  auto by_encoder = counting.summary(Method::encoder);
  if (by_encoder.answers > by_bytes.answers) return Counting{&target, Method::encoder, by_encoder};
  return Counting{&target, Method::bytes, by_bytes};
}

std::vector<Counting> countings_of(const routing::Catalogue& catalogue) {
  std::vector<Counting> all;
  std::set<const tokens::Calibration*> seen;
  for (const routing::Target& target : catalogue.targets()) {
    if (!seen.insert(target.counting).second) continue;
    const auto counting = counting_of(target);
    if (counting && counting->learned.answers > 0) all.push_back(*counting);
  }
  return all;
}

ordered_json counting_json(const std::optional<Counting>& counting) {
  if (!counting) return nullptr;
  ordered_json json;
  json["tokenizer"] = tokens::name(counting->target->counting->family());
  json["method"] = counting->method == Method::encoder ? "encoder" : "bytes";
  json["ratio"] = in_thousandths(counting->learned.ratio);
  json["overhead"] = std::llround(counting->learned.overhead);
  json["spread"] = in_thousandths(counting->learned.spread);
  json["answers"] = counting->learned.answers;
  json["output_p50"] = length_or_null(counting->learned.median_output);
  json["output_p95"] = length_or_null(counting->learned.long_output);
  return json;
}

ordered_json countings_json(const routing::Catalogue& catalogue) {
  ordered_json all = ordered_json::array();
  for (const Counting& counting : countings_of(catalogue)) {
    ordered_json json;
    json["target"] = counting.target->name();
    json.update(counting_json(counting));
    all.push_back(std::move(json));
  }
  return all;
}

}  // namespace weir::admin
