#pragma once
#include <functional>
#include <memory>

#include "tongqu/journal/journal.hpp"

namespace tongqu::journal::detail {

/// A journal without a thread: nothing happens until `turn` is called, which runs one group (true: something was waiting). For
/// simulations that choose every step. `turn` must not be called from a callback; `accept_and_wait` must not be called at all.
struct Stepped {
  std::unique_ptr<Journal> journal;
  std::function<bool()> turn;
};
Result<Stepped> open_stepped(JournalOptions options, std::shared_ptr<Clock> clock);

} // namespace tongqu::journal::detail
