#pragma once
#include "journal/operation.hpp"

namespace tongqu::journal::detail {

/// Seals the bodies of a message under the key in force, when they are under an earlier one.
Result<void> reseal_message(Desk& desk, std::int64_t message);

struct ResealPage {
  std::int64_t resealed = 0;
  std::int64_t messages_upto = 0, receipts_upto = 0; ///< Rows to go on behind.
  bool more = true;
};
/// One page of messages and receipts. A row that is damaged or does not open stays as it is and is counted nowhere.
Result<void> reseal_page(Desk& desk, ResealPage& page);

} // namespace tongqu::journal::detail
