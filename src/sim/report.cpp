#include "weir/sim/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <tuple>

#include "weir/base/units.hpp"

namespace weir::sim {
namespace {

template <class... Values>
void print(std::string& out, const char* form, Values... values) {
  std::array<char, 256> line{};
  const int size = std::snprintf(line.data(), line.size(), form, values...);
  out.append(line.data(), static_cast<std::size_t>(std::clamp<int>(size, 0, line.size() - 1)));
}

double part(std::uint64_t some, std::uint64_t all) {
  return all == 0 ? 1.0 : static_cast<double>(some) / static_cast<double>(all);
}

// "81.8 %"; of nothing, there is no share.
std::string percent(int width, double value, std::uint64_t all) {
  std::string text;
  if (all == 0)
    print(text, "%*s", width + 2, "-");
  else
    print(text, "%*.1f %%", width, value);
  return text;
}

Duration at(const std::vector<Duration>& sorted, double quantile) {
  if (sorted.empty()) return Duration::zero();
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::llround(quantile * last))];
}

auto fields(const Counts& counts) {
  return std::tie(counts.sent, counts.refused, counts.accepted, counts.accepted_tokens, counts.grantable,
                  counts.grantable_tokens);
}

}  // namespace

Counts& Counts::operator+=(const Counts& other) {
  sent += other.sent;
  refused += other.refused;
  accepted += other.accepted;
  accepted_tokens += other.accepted_tokens;
  grantable += other.grantable;
  grantable_tokens += other.grantable_tokens;
  return *this;
}

double Counts::refused_per_thousand() const {
  return sent == 0 ? 0.0 : 1000.0 * static_cast<double>(refused) / static_cast<double>(sent);
}

double Report::Row::share() const {
  const double requests = part(counts.accepted, counts.grantable);
  const double tokens = part(counts.accepted_tokens, counts.grantable_tokens);
  if (limits_tokens && limits_requests) return std::max(requests, tokens);
  return limits_tokens ? tokens : requests;
}

double Report::share() const {
  double used = 0;
  for (const Row& row : rows) used += row.share() * static_cast<double>(row.counts.grantable);
  const std::uint64_t grantable = all().grantable;
  return grantable == 0 ? 1.0 : used / static_cast<double>(grantable);
}

Counts Report::all() const {
  Counts sum;
  for (const Row& row : rows) sum += row.counts;
  return sum;
}

Duration Report::wait_at(double quantile) const {
  return at(waits, quantile);
}

Duration Report::wait_at(double quantile, routing::Priority priority) const {
  return at(waits_of.at(static_cast<std::size_t>(priority)), quantile);
}

bool operator==(const Report& a, const Report& b) {
  const auto same_row = [](const Report::Row& x, const Report::Row& y) {
    return x.provider == y.provider && fields(x.counts) == fields(y.counts);
  };
  return std::tie(a.arrivals, a.served, a.turned_away, a.lost, a.waits, a.events) ==
             std::tie(b.arrivals, b.served, b.turned_away, b.lost, b.waits, b.events) &&
         std::ranges::equal(a.rows, b.rows, same_row);
}

std::string format(const Report& report) {
  std::string out;
  constexpr double kMinute = 60;
  print(out, "%s: %s of traffic, %.1f requests a minute", report.model.c_str(),
        format_for_people(report.time).c_str(), report.demand * kMinute);
  if (std::isfinite(report.capacity))
    print(out, "; the limits take %.1f (load %.2f)", report.capacity * kMinute,
          report.demand / report.capacity);
  print(out, "\n\n%-12s %9llu\n", "requests", static_cast<unsigned long long>(report.arrivals));
  for (const auto& [name, number] :
       {std::pair{"served", report.served}, std::pair{"turned away", report.turned_away},
        std::pair{"lost", report.lost}})
    print(out, "%-12s %9llu  %s\n", name, static_cast<unsigned long long>(number),
          percent(5, 100 * part(number, report.arrivals), report.arrivals).c_str());
  print(out, "%-12s p50 %s, p95 %s\n\n", "waited", format_for_people(report.wait_at(0.5)).c_str(),
        format_for_people(report.wait_at(0.95)).c_str());

  print(out, "%-16s %9s %9s %9s %9s %9s %9s\n", "provider", "sent", "refused", "accepted", "grantable",
        "used", "wasted");
  const auto row = [&](const std::string& name, const Counts& counts, double share) {
    print(out, "%-16s %9llu %9llu %9llu %9llu %s %s\n", name.c_str(),
          static_cast<unsigned long long>(counts.sent), static_cast<unsigned long long>(counts.refused),
          static_cast<unsigned long long>(counts.accepted), static_cast<unsigned long long>(counts.grantable),
          percent(7, 100 * share, counts.grantable).c_str(),
          percent(7, 100 * std::max(0.0, 1 - share), counts.grantable).c_str());
  };
  for (const Report::Row& one : report.rows) row(one.provider, one.counts, one.share());
  if (report.rows.size() > 1) row("all", report.all(), report.share());
  return out;
}

}  // namespace weir::sim
