#pragma once
#include <new>

#include "tongqu/base/result.hpp"

namespace tongqu::journal::detail {

/// Want of memory says nothing about a message: it may come again. Only around what has kept nothing of the message when it throws.
template <class Act> Result<void> or_busy(Act&& act) {
  try {
    return act();
  } catch (const std::bad_alloc&) {
    return Error(Errc::journal_busy);
  }
}

} // namespace tongqu::journal::detail
