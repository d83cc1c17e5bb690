#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/secret.hpp"

/// The sandbox: a province (TIF/RIO) or the nation (gjgxjhpt) with the case exchange service of docs/reference/case-exchange.md
/// behind it. Judges with its own code; shares none with the platform profiles it is used to judge.
namespace tongqu::sandbox {

enum class Profile : std::uint8_t { tif_rio, gjgxjhpt };
std::string_view profile_name(Profile profile) noexcept;
std::optional<Profile> profile_of(std::string_view name) noexcept;

/// What the service does with an id that it has taken before, and whether it can be asked.
enum class Character : std::uint8_t { dedup, queryable, neither };
std::string_view character_name(Character character) noexcept;
std::optional<Character> character_of(std::string_view name) noexcept;

/// One sender: paas id and token, or requester id and app key.
struct Credential {
  std::string id;
  Secret secret;
};

struct Options {
  Profile profile = Profile::tif_rio;
  Character character = Character::dedup;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::vector<Credential> credentials;             ///< At least one.
  std::string ledger;                              ///< Path; empty keeps nothing on disk.
  std::vector<std::string> faults;                 ///< As FaultPlan::parse reads them.
  std::optional<std::chrono::seconds> clock_window;///< Default 180 s (TIF/RIO), 30 min (gjgxjhpt).
  std::chrono::seconds secret_life{24 * 3600};     ///< gjgxjhpt: of one refreshed secret.
  bool strict_hex = false;                         ///< TIF/RIO: the signature in lower case only.
  std::optional<std::uint64_t> seed;               ///< Makes issued secrets repeatable; random otherwise.
  std::size_t nonces_max = 2'000'000;              ///< Replay store; when full, requests get 429.
  std::size_t messages_max = 10'000'000;           ///< Known ids; when full, submits get 2001.
};

} // namespace tongqu::sandbox
