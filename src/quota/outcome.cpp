#include "quota/outcome.hpp"

namespace weir::quota {

std::uint64_t final_charge(const Ending& ending, Dimension dimension, std::uint64_t admitted) noexcept {
  if (dimension == Dimension::in_flight) return 0;  // it is over, whatever came of it
  const bool is_request = dimension == Dimension::requests;
  switch (ending.outcome) {
    case Outcome::not_sent:
      return 0;
    case Outcome::refused:
      return is_request && ending.failures_count ? admitted : 0;
    case Outcome::served:
      return is_request ? admitted : ending.used.of(dimension);
    case Outcome::unknown:
      return admitted;
  }
  return admitted;
}

}  // namespace weir::quota
