#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "quota/learner.hpp"
#include "quota/others_use.hpp"
#include "quota/outcome.hpp"
#include "quota/pace.hpp"
#include "quota/window.hpp"
#include "weir/quota/ledger.hpp"

namespace weir::quota {

// One meter's part of a reservation, with what the meter noted when it was sent.
struct Charge {
  std::uint32_t meter = 0;  // index in the account
  bool is_close = false;    // it fitted only because something had just come back
  std::uint64_t cost = 0;
  std::uint64_t unused = 0;  // of it: what likely comes back. A restart forgets it

  BootTime stamp{};             // by which the window finds it
  std::uint64_t sequence = 0;   // among all that the meter sent
  std::uint64_t in_flight = 0;  // sent and not settled at that moment, this one too
  std::uint64_t counted = 0;    // what counted at that moment, this one too
  std::uint64_t sent = 0;       // in all until that moment, this one too
  Duration paced{};             // of its class's pace

  // Noted when its answer was observed.
  std::optional<std::uint64_t> spare;  // by how much our count, this one included, was above the provider's
};

// What is to become of the requests under way, as far as a forecast goes: each counts as it was charged, or
// all end at once and leave what they likely don't use.
enum class UnderWay : std::uint8_t { stays, ends };

// The live state of one limit in one scope. Whatever a window kind is, its costs are held, sent and settled
// alike, and what a provider says of it is merged alike. Not synchronised: its account's lock guards it.
class Meter {
 public:
  Meter(const Limit& limit, std::string scope);

  [[nodiscard]] const std::string& scope() const noexcept { return scope_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Limit& limit() const noexcept { return limit_; }
  // The limit as it is in force. What answers name beats a preset, and what use has shown beats it where
  // answers name nothing; neither exceeds the configuration. kUnknownAmount: nobody knows.
  [[nodiscard]] std::uint64_t amount() const noexcept;
  [[nodiscard]] bool is_known() const noexcept { return amount() != kUnknownAmount; }
  // Whether this is the meter of that limit, whatever its amount.
  [[nodiscard]] bool is_for(const Limit& limit, std::string_view scope) const;
  // Whether a provider that speaks of a window means this one.
  [[nodiscard]] bool is_about(Dimension dimension, const Period& period) const noexcept;
  [[nodiscard]] bool can_observe() const noexcept;
  // Whether a refusal that names no window may be about this one.
  [[nodiscard]] bool can_learn() const noexcept;
  // How much of the amount counts, from 0 to 1.
  [[nodiscard]] double fullness(Instant now) const;
  // Takes another amount and source, and what answers and use showed of the one before is over; the counts
  // stay.
  void rebind(const Limit& limit, Instant now);

  [[nodiscard]] std::uint64_t room(Instant now) const;
  [[nodiscard]] bool fits(std::uint64_t cost, Instant now, const DayRule& day = {}) const;
  // Whether no wait will ever do. Against an amount that only use has shown no cost is too large.
  [[nodiscard]] bool is_too_large(std::uint64_t cost, const DayRule& day = {}) const noexcept;
  // The most that it can ever hold at once.
  [[nodiscard]] std::uint64_t ceiling(Instant now, const DayRule& day = {}) const;
  // The first moment at which the cost fits; what is held counts as sent now. max(): never.
  [[nodiscard]] BootTime available_at(std::uint64_t cost, Instant now, const DayRule& day = {},
                                      UnderWay under_way = UnderWay::stays) const;
  // The same where so much is to go before it. What no window can hold at once takes as many of them as it
  // needs, one after the other; a moment too early rather than too late.
  [[nodiscard]] BootTime available_behind(std::uint64_t ahead, std::uint64_t cost, Instant now,
                                          const DayRule& day = {},
                                          UnderWay under_way = UnderWay::stays) const;
  // What would be left of the limit after a cost that fits, as a share of it, weighed by how soon it is lost.
  // Nothing where the kind has no such figure.
  [[nodiscard]] std::optional<double> headroom(std::uint64_t cost, Instant now,
                                               const DayRule& day = {}) const;
  [[nodiscard]] MeterView view(Instant now) const;
  // Whether it counts this in a window whose amount is known.
  [[nodiscard]] bool counts_over_time(Dimension dimension) const noexcept;
  [[nodiscard]] WindowRoom in_short(Instant now) const;

  void hold(const Charge& charge);
  // What is held goes by that rule: a pace is taken for it.
  void pace(Charge& charge, const DayRule& day, Instant now);
  void release(const Charge& charge);  // held, not sent: all back
  void send(Charge& charge, Instant now);
  // What was sent has ended: the charge becomes what is to stay.
  void settle(const Charge& charge, const Ending& ending, Instant now);

  // The answer to `charge` refused it for quota and named that wait. Whether that is because it came a moment
  // too early: then no limit is learnt from it, and what comes back does so a little later from now on.
  [[nodiscard]] bool came_too_early(const Charge& charge, std::optional<Duration> wait, Instant now);
  // Something had to wait for this. Whether that is new since its amount was last changed.
  bool press() noexcept { return learner_.pressed(); }
  // The answer to `charge` refused it for quota and named no other limit: what was accepted shows how large
  // this one is; or, where answers name the amount, that others use it too. Whether that was something new.
  bool learn_from_refusal(const Charge& charge, Instant now);

  // The answer to `charge` said this of the window; the limit at least.
  void observe(Charge& charge, const Observation& said, Instant now);
  // What others used with the same key, as far as answers have shown; and whether that is the first of it or
  // twice what was told last.
  [[nodiscard]] std::uint64_t used_by_others() const noexcept { return others_.known(); }
  [[nodiscard]] bool has_news_of_others() noexcept { return others_.has_news(); }
  // A new meter begins with what the provider has counted, and gives back after `reset`.
  void start_at(std::uint64_t used, std::optional<Duration> reset, Instant now);
  // Whether it counts in the same scope for as long, by whatever window.
  [[nodiscard]] bool may_replace(const Meter& other) const noexcept;
  // From now on this meter is in use in that one's place: no less counts than did there.
  void follow(const Meter& replaced, Instant now);
  // What counted for another meter of this limit comes on top.
  void add(const Meter& earlier, Instant now);
  // Answers to what has been sent so far say nothing new.
  void close_observations() noexcept { observed_ = sequence_ + 1; }
  void mark_full(BootTime until) noexcept;
  [[nodiscard]] bool is_marked_full(Instant now) const noexcept { return now.boot < full_until_; }
  void end_full() noexcept { full_until_ = BootTime::min(); }
  // Nothing is under way any more.
  void end_open(Instant now);
  // Somebody who knows says what has been used so far.
  void correct(std::uint64_t used, Instant now);
  // Nothing has been used, heard or learnt.
  void forget(Instant now);

  void save(MeterState& state) const;
  // A meter as it was. Null where the state makes no sense.
  [[nodiscard]] static std::unique_ptr<Meter> load(const MeterState& state, Duration shift, Instant now);
  // Nothing counts, and nothing is known that the configuration doesn't say.
  [[nodiscard]] bool is_blank(Instant now) const;

 private:
  // When time gives something back next, if ever.
  [[nodiscard]] std::optional<BootTime> reset(Instant now) const;
  // What may be counted at once: the amount, but one for an interval.
  [[nodiscard]] std::uint64_t capacity() const noexcept;
  // The same less what a day window keeps for others.
  [[nodiscard]] std::uint64_t share(const DayRule& day) const noexcept;
  // Whether it is use alone that has shown the amount.
  [[nodiscard]] bool is_inferred() const noexcept;
  // How much must be free for a cost.
  [[nodiscard]] std::uint64_t needed_for(std::uint64_t cost, const DayRule& day) const noexcept;
  // The same less the margin, but for a cost that is larger.
  [[nodiscard]] std::uint64_t usable_for(std::uint64_t cost, const DayRule& day) const noexcept;
  // Whether rules for day windows are about this one.
  [[nodiscard]] bool is_of_day() const noexcept;
  // When a cost behind `ahead` is on its pace.
  [[nodiscard]] BootTime paced_at(std::uint64_t ahead, Instant now, const DayRule& day) const;
  void keep_off(const Charge& charge, Instant now);
  void fill_up(const Charge& charge, Instant now);
  // The time in which a limit shows itself.
  [[nodiscard]] Duration learning_period() const noexcept;
  [[nodiscard]] std::uint64_t most_learnt() const noexcept;
  [[nodiscard]] bool is_shut(Instant now) const;  // even for nothing
  // The room where it isn't shut.
  [[nodiscard]] std::uint64_t unreserved(Instant now) const;
  void hear(std::uint64_t limit, Instant now);
  // Whether an answer that leaves nothing of the window may speak of the one before.
  [[nodiscard]] bool is_behind_edge(const Charge& charge, Instant now) const;

  Limit limit_;
  std::string scope_;
  std::string name_;
  EngineWindow engine_;
  std::unique_ptr<Window> window_;
  std::optional<std::uint64_t> header_;  // the amount that answers name
  WallTime heard_at_{};                  // when they named it last
  Learner learner_;
  Pace pace_;  // not written down: after a restart half an hour's worth may go at once again
  BootTime full_until_ = BootTime::min();
  std::optional<BootTime> early_at_;  // a request came too early, and nothing was served since
  // What is left to others who use the key: they take it between what one answer tells and the next. Grows
  // where answers name the amount and it was refused all the same; shrinks while that doesn't happen.
  std::uint64_t margin_ = 0;
  BootTime margin_since_{};

  std::uint64_t held_ = 0;
  std::uint64_t in_flight_ = 0;  // sent and not settled
  std::uint64_t unused_ = 0;     // of both: what likely comes back. Not written down
  std::uint64_t sent_ = 0;       // in all; only differences of it are used
  std::uint64_t sequence_ = 0;
  std::uint64_t observed_ = 0;  // the newest sequence whose answer was applied
  bool is_fresh_ = true;        // the next answer applied may show what was used before our time
  OthersUse others_;
};

}  // namespace weir::quota
