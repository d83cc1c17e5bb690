#pragma once
#include <algorithm>
#include <cstdint>

#include "tongqu/model/values.hpp"

/// Comparing times that were sent with different precision.
namespace tongqu::model::detail {

/// Calendar fields and clock in one number that grows with the local time, cut to `precision`.
inline std::int64_t local_key(const Time& time, Time::Precision precision) {
  std::int64_t key = std::int64_t{time.year} * 16 + time.month;
  if (precision == Time::Precision::month) return key;
  key = key * 32 + time.day;
  if (precision == Time::Precision::day) return key;
  key = (key * 32 + time.hour) * 64 + time.minute;
  if (precision == Time::Precision::minute) return key;
  key = key * 64 + time.second;
  return precision == Time::Precision::second ? key : key * 1024 + time.millisecond;
}

/// Instants under different offsets, cut to `precision`.
bool instant_before(const Time& one, const Time& other, Time::Precision precision);

/// Whether `later` lies before `earlier` beyond doubt: compared as coarsely as the coarser of the two was sent.
inline bool contradicts(const Time& earlier, const Time& later) {
  const Time::Precision precision = std::min(earlier.precision, later.precision);
  if (precision <= Time::Precision::day || earlier.offset_minutes == later.offset_minutes) return local_key(later, precision) < local_key(earlier, precision);
  return instant_before(later, earlier, precision);
}

/// Whether two times certainly lie on different days.
inline bool other_day(const Time& one, const Time& other) {
  const Time::Precision precision = std::min({one.precision, other.precision, Time::Precision::day});
  return local_key(one, precision) != local_key(other, precision);
}

} // namespace tongqu::model::detail
