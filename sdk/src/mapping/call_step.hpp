#pragma once
#include <memory>

#include "mapping/steps.hpp"
#include "tongqu/mapping/functions.hpp"

namespace tongqu::mapping::detail {

/// A step that calls a function of the site. It takes and gives what the signature says.
std::unique_ptr<Step> make_call_step(std::shared_ptr<const Function> function);

} // namespace tongqu::mapping::detail
