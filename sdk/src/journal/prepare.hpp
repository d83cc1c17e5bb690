#pragma once
#include "journal/ledger.hpp"
#include "journal/sealing.hpp"

namespace tongqu::journal::detail {

/// SQLite holds a row below its limit of 1,000,000,000 bytes; far below it, one message is no longer a message.
constexpr std::size_t kBodyBytesMax = std::size_t{256} << 20U;

/// Checks each intake and seals the bodies of those that are right, side by side. An answer for each, in their order.
/// @errors journal.intake_invalid with the member.
std::vector<Result<PreparedIntake>> prepare_intakes(std::vector<Intake> intakes, const Sealing& sealing);

} // namespace tongqu::journal::detail
