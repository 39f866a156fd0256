#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/base/clock.hpp"
#include "weir/base/result.hpp"

namespace weir {

// From start on and before end.
struct CivilWindow {
  WallTime start;
  WallTime end;

  [[nodiscard]] bool contains(WallTime time) const noexcept { return start <= time && time < end; }
  friend bool operator==(const CivilWindow&, const CivilWindow&) = default;
};

// What the clocks on the walls of one place show, and where days and months begin there. A handle on data
// that never changes: cheap to copy, and threads may share it. Asking it allocates nothing.
class TimeZone {
 public:
  static constexpr std::string_view kSystemDirectory = "/usr/share/zoneinfo";

  [[nodiscard]] static const TimeZone& utc();
  // The zone of an IANA name, like America/Los_Angeles, as the system's data has it. UTC, GMT, Etc/UTC,
  // Etc/GMT and the empty name need no data; without it the zones of some providers are known by their
  // present rule. ErrorKind::config with what to do where there is no such zone, or its file can't be used.
  [[nodiscard]] static Result<TimeZone> find(std::string_view iana_name,
                                             std::string_view directory = kSystemDirectory);
  // From the bytes of a TZif file of version 2 or later (RFC 8536).
  [[nodiscard]] static Result<TimeZone> from_tzif(std::string_view name, std::string_view bytes);
  // From the text of a POSIX TZ variable, like "PST8PDT,M3.2.0,M11.1.0".
  [[nodiscard]] static Result<TimeZone> from_posix(std::string_view name, std::string_view text);

  [[nodiscard]] const std::string& name() const noexcept;
  // Whether it is our own copy of a rule, made because the system has no data: right for the present, as far
  // as anyone knew when it was copied, and not for the past.
  [[nodiscard]] bool is_built_in() const noexcept;

  // What to add to UTC for the time that clocks show.
  [[nodiscard]] Duration offset_at(WallTime time) const;
  // The civil day or month that holds this moment. It starts at the first moment that has its date, be there
  // no midnight or two, and ends where the next one starts: a moment that shows yesterday's date again, after
  // clocks were set back over midnight, belongs to today. At the ends of WallTime the window is cut off.
  [[nodiscard]] CivilWindow day_of(WallTime time) const;
  [[nodiscard]] CivilWindow month_of(WallTime time) const;

 private:
  struct Rules;
  explicit TimeZone(std::shared_ptr<const Rules> rules);

  std::shared_ptr<const Rules> rules_;  // shared by all copies
};

}  // namespace weir
