#include "conformance/sandbox/options.hpp"

namespace tongqu::sandbox {

std::string_view profile_name(Profile profile) noexcept { return profile == Profile::tif_rio ? "tif_rio" : "gjgxjhpt"; }

std::optional<Profile> profile_of(std::string_view name) noexcept {
  if (name == "tif_rio") return Profile::tif_rio;
  if (name == "gjgxjhpt") return Profile::gjgxjhpt;
  return std::nullopt;
}

std::string_view character_name(Character character) noexcept {
  switch (character) {
    case Character::dedup: return "dedup";
    case Character::queryable: return "queryable";
    case Character::neither: return "neither";
  }
  return "";
}

std::optional<Character> character_of(std::string_view name) noexcept {
  for (Character c : {Character::dedup, Character::queryable, Character::neither}) {
    if (character_name(c) == name) return c;
  }
  return std::nullopt;
}

} // namespace tongqu::sandbox
