#pragma once
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tongqu/base/clock.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::bridge::detail {

/// What intake planned for a target, until the lane sends it. A plan is a function of the record and the target alone, and both are the
/// same a moment later (whoever changes a record takes its plans out): nothing is lost when an entry is missing, it is only planned again. Bounded in bytes; when full, new plans are
/// not kept, because the older ones are sent first. Safe from several threads.
class PlanCache {
public:
  explicit PlanCache(std::size_t bytes_max = std::size_t{4} << 20U) : bytes_max_(bytes_max) {}

  void put(std::string_view message_id, std::string_view target, std::vector<mapping::OutMessage> messages, MonoTime now);
  /// Nothing when it is not here; what is taken is gone.
  std::optional<std::vector<mapping::OutMessage>> take(std::string_view message_id, std::string_view target);
  void clear();
  std::size_t bytes() const;

private:
  /// A plan that nobody has come for in this time belongs to a delivery that waits for something else.
  static constexpr std::chrono::seconds kAgeMax{30};
  struct Entry {
    std::string key;
    std::vector<mapping::OutMessage> messages;
    std::size_t bytes = 0;
    MonoTime at;
  };
  using Entries = std::map<std::uint64_t, Entry>;
  void erase(Entries::iterator entry);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  Entries entries_;                                       ///< In the order of arrival.
  std::unordered_map<std::string, std::uint64_t> places_;
  std::uint64_t next_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace tongqu::bridge::detail
