#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"

namespace tongqu::sandbox {

/// Events that the service has for its senders until they are confirmed. Used on one thread; lost when the sandbox ends.
class EventBox {
public:
  /// Takes an event: {"eventId", "sourceSystem", "project_no", "kind", "at", "data"}; the digest is computed here, unless one is given (a
  /// service at fault). @errors conform.fault_spec.
  Result<void> put(std::string_view json);
  /// The answer to a question: those that nobody confirmed, oldest first.
  std::string list(std::size_t max) const;
  /// The answer to a confirmation; nothing when the body is not one.
  std::optional<std::string> confirm(std::string_view body);

  std::size_t waiting() const noexcept { return events_.size(); }
  std::uint64_t confirmed() const noexcept { return confirmed_; }

private:
  struct Event { std::string id, json; };
  std::deque<Event> events_;
  std::uint64_t confirmed_ = 0;
};

} // namespace tongqu::sandbox
