#pragma once
#include <string>

#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping {

/// The text that content_digest is the SM3 of, for who takes several digests at once. Empty for a refused record.
std::string content_digest_input(const MappedRecord& mapped);

} // namespace tongqu::mapping
