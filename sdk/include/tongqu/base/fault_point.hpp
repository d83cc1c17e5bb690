#pragma once
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"

/// Named places where a test can kill, delay, fail or throw. Compiled in when TONGQU_WITH_FAULT_POINTS is 1 (preset dev), and then
/// armed by the environment variable TONGQU_FAULTS=point:kill|error|delay=MS|throw[:nth=N][,point:...].
namespace tongqu::fault {

struct Point {
  std::string_view name;  ///< "s13_committed"
  std::string_view where; ///< What has just happened.
};

/// Every point of the product in the order of the road (S1 to S28), compiled in or not.
const std::vector<Point>& points();

/// True when the points are compiled in.
bool compiled_in() noexcept;

/// Called by the macros; does what TONGQU_FAULTS says for `name`. kill raises SIGKILL on the own process.
Result<void> hit(const char* name);

} // namespace tongqu::fault

#ifndef TONGQU_WITH_FAULT_POINTS
#define TONGQU_WITH_FAULT_POINTS 0
#endif

#if TONGQU_WITH_FAULT_POINTS
/// A place to kill or delay; a planted `error` is ignored here.
#define FAULT_POINT(name) static_cast<void>(::tongqu::fault::hit(name))
/// A place that can also fail: returns the planted error to the caller.
#define FAULT_POINT_TRY(name) TONGQU_CHECK(::tongqu::fault::hit(name))
#else
#define FAULT_POINT(name) static_cast<void>(0)
#define FAULT_POINT_TRY(name) static_cast<void>(0)
#endif
