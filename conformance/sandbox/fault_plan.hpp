#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"

namespace tongqu::sandbox {

enum class Fault : std::uint8_t {
  error_before_commit,  ///< HTTP 500, nothing taken.
  error_after_commit,   ///< HTTP 500, taken.
  internal_after_commit,///< Code 9999, taken.
  hang_after_commit,    ///< Taken; the answer comes after `ms`, or never when ms=0.
  cut_answer,           ///< Taken; the connection closes in the middle of the answer.
  wrong_id,             ///< Taken; the receipt names another message.
  wrong_digest,         ///< Taken; the receipt names another digest.
  too_many,             ///< HTTP 429 with Retry-After, nothing taken.
  secret_expired,       ///< gjgxjhpt: every secret issued so far is void from now on.
  slow,                 ///< The answer comes `ms` later.
  redirect,             ///< HTTP 302 to another host, nothing taken.
  login_page,           ///< HTTP 200 with an HTML page, nothing taken.
  busy,                 ///< Code 2001, nothing taken.
  close_delimited,      ///< Taken; the answer has no length and ends by close.
};
constexpr std::size_t kFaultCount = 14;
std::string_view fault_name(Fault fault) noexcept;

/// What is planned for one request.
class Draw {
public:
  bool has(Fault fault) const noexcept { return delays_[static_cast<std::size_t>(fault)].has_value(); }
  /// `ms` of the fault; zero when the fault is not drawn.
  std::chrono::milliseconds delay(Fault fault) const noexcept {
    return delays_[static_cast<std::size_t>(fault)].value_or(std::chrono::milliseconds(0));
  }
  void add(Fault fault, std::chrono::milliseconds delay) noexcept { delays_[static_cast<std::size_t>(fault)] = delay; }

private:
  std::array<std::optional<std::chrono::milliseconds>, kFaultCount> delays_{};
};

/// The faults planted into submits. Not safe from several threads.
class FaultPlan {
public:
  struct Rule {
    Fault fault = Fault::slow;
    std::uint64_t every = 1;                 ///< Fires at each such submit, counted from when it was planted.
    std::optional<std::uint64_t> first = 1;  ///< Fires so many times at most; nothing: without end.
    std::chrono::milliseconds delay{0};
    std::uint64_t seen = 0;
    std::uint64_t fired = 0;
  };

  /// Replaces the plan. One spec: `name[:every=N][:first=N][:ms=M]`. Without options it fires once, at the next submit; `every`
  /// alone has no end. A plan with a bad spec changes nothing. @errors conform.fault_spec with the spec in where().
  Result<void> replace(const std::vector<std::string>& specs);
  /// What hits the next submit.
  Draw draw() noexcept;
  const std::vector<Rule>& rules() const noexcept { return rules_; }

private:
  std::vector<Rule> rules_;
};

} // namespace tongqu::sandbox
