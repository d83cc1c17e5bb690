#pragma once
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"
#include "tongqu/wire/delivery.hpp"

namespace tongqu::bridge::detail {

/// The raw form of a delivery in the journal: every part byte for byte and every transport fact, so that it can be mapped again.
std::string store_delivery(const wire::Delivery& delivery);

/// @errors bridge.stored_delivery.
Result<wire::Delivery> load_delivery(std::string_view stored);

} // namespace tongqu::bridge::detail
