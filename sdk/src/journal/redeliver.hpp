#pragma once
#include "journal/operation.hpp"

namespace tongqu::journal::detail {

/// Checks everything that redeliver() needs and changes nothing. @errors as Journal::redeliver.
Result<DeliveryRow> redeliverable(Desk& desk, std::int64_t message, const Redelivery& what);

/// Has a message sent again; a parked delivery becomes ready, behind a final one comes a new one. Gives the delivery that will be sent.
/// @param canonical_box  Sealed new record; empty: the one that is stored.
Result<std::int64_t> redeliver(Desk& desk, const Redelivery& what, const std::string& canonical_box, const Journal::Act& act);

} // namespace tongqu::journal::detail
