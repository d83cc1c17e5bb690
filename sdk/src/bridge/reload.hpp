#pragma once
#include <optional>
#include <string>

#include "tongqu/bridge/config.hpp"

namespace tongqu::bridge::detail {

/// The first key that a running bridge cannot take over because something was made of it at start: the store, the audit keys, sockets,
/// workers. Nothing when all changes can come into force. Packs, keys, parameters, targets, platforms, routes, delivery and the pack of a
/// listener can.
std::optional<std::string> first_fixed_change(const Config& before, const Config& after);

} // namespace tongqu::bridge::detail
