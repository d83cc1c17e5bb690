#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "tongqu/base/clock.hpp"

namespace tongqu::bridge::detail {

/// Message ids: 26 characters of Crockford's Base32, 48 bits of UTC milliseconds and 80 random bits. Safe from several threads.
class MessageIds {
public:
  std::string next(UtcMillis now);
  /// The time that an id was made from; the epoch for anything that is no such id.
  static UtcMillis time_of(std::string_view id);

private:
  std::mutex mutex_;
  std::string pool_;   ///< Random bytes not used yet: one call to the engine serves many ids.
};

/// "2026-03-05T07:08:09.123+08:00": the wall clock of every office that reads it.
std::string office_time(UtcMillis at);

} // namespace tongqu::bridge::detail
