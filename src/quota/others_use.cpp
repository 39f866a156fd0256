#include "quota/others_use.hpp"

#include <algorithm>
#include <utility>

#include "weir/base/arithmetic.hpp"

namespace weir::quota {

void OthersUse::ended(std::uint64_t sequence, std::optional<std::uint64_t> more) noexcept {
  under_way_ = less(under_way_, 1);
  if (first_.under_way == 0) return;
  for (Finding* const finding : {&first_, &next_}) {
    if (finding->under_way == 0 || sequence > finding->newest) continue;
    --finding->under_way;
    const std::uint64_t explained = std::min(finding->amount, more.value_or(finding->amount));
    finding->amount -= explained;
    if (more) more = *more - explained;
  }
  for (int ended = 0; ended < 2 && first_.under_way == 0; ++ended) {
    known_ = plus(known_, first_.amount);
    first_ = std::exchange(next_, {});
  }
}

void OthersUse::suspect(std::uint64_t amount, std::uint64_t newest) noexcept {
  if (under_way_ == 0) return add(amount);
  Finding& finding = first_.under_way == 0 ? first_ : next_;
  finding = {.amount = plus(finding.amount, amount), .newest = newest, .under_way = under_way_};
}

void OthersUse::add(std::uint64_t amount) noexcept {
  known_ = plus(known_, amount);
}

bool OthersUse::has_news() noexcept {
  if (known_ == 0 || known_ / 2 < told_) return false;
  told_ = known_;
  return true;
}

void OthersUse::end_all() noexcept {
  under_way_ = 0;
  first_ = next_ = {};
}

void OthersUse::forget() noexcept {
  known_ = told_ = 0;
  first_ = next_ = {};
}

void OthersUse::save(Words& words) const {
  put(words, under_way_);
  for (const Finding& finding : {first_, next_})
    for (const std::uint64_t number : {finding.amount, finding.newest, finding.under_way}) put(words, number);
  put(words, told_);
}

void OthersUse::load(std::uint64_t known, WordReader& reader) {
  known_ = told_ = known;
  if (reader.left() == 0) return;
  under_way_ = reader.number();
  for (Finding* const finding : {&first_, &next_})
    for (std::uint64_t* const number : {&finding->amount, &finding->newest, &finding->under_way})
      *number = reader.number();
  if (reader.left() > 0) told_ = reader.number();
}

}  // namespace weir::quota
