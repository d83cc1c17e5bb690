#pragma once
#include "journal/ledger.hpp"
#include "journal/sealing.hpp"

namespace tongqu::journal::detail {

/// SQLite holds a row below its limit of 1,000,000,000 bytes; far below it, one message is no longer a message.
constexpr std::size_t kBodyBytesMax = std::size_t{256} << 20U;

/// Checks an intake and seals its bodies. @errors journal.intake_invalid with the member.
Result<PreparedIntake> prepare_intake(Intake intake, const Sealing& sealing);

} // namespace tongqu::journal::detail
