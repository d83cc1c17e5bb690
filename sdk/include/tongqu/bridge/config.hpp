#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/model/values.hpp"

namespace tongqu::bridge {

/// Where a secret comes from; a literal is refused.
struct SecretRef {
  enum class From : std::uint8_t { none, file, env } from = From::none;
  std::string name;                                ///< Path or variable.
  bool given() const noexcept { return from != From::none; }
  Result<Secret> read() const;
};

struct JournalSettings {
  std::string path;                                ///< With `postgres`, the name that the files of this bridge begin with.
  struct Postgres {
    SecretRef connection;                          ///< What libpq takes.
    std::string schema = "tongqu";
    std::chrono::milliseconds outage{10000}, clock_skew_max{5000};
  };
  std::optional<Postgres> postgres;                ///< The store is there, and other bridges may share it.
  SecretRef seal_key;                              ///< 64 hexadecimal digits.
  std::string key_id = "k1";
  struct EarlierKey { std::string key_id; SecretRef seal_key; };
  std::vector<EarlierKey> earlier_keys;            ///< Open what was sealed before the key was changed.
  std::size_t queue_max = 8192;
  std::int64_t backlog_max = 0;                    ///< With so many deliveries under way intake is answered "busy"; 0: no bound.
  std::int64_t low_water_mb = 64;                  ///< With less free room intake is answered "busy"; 0: never.
  std::chrono::hours waiting_limit{168};           ///< A delivery that waits longer for another target is held; 0: none.
  bool crash_guard = true;                         ///< A body that ends the process twice is kept unread.
  std::int64_t ballast_mb = 16;                    ///< Kept beside the store for a full disk; 0: none.
  std::chrono::hours attachments_unnamed{24};      ///< An attachment that no message names is kept so long.
};

struct AuditSettings {
  SecretRef key;                                   ///< 64 hexadecimal digits: HMAC-SM3 key of the chain.
  SecretRef sign_key;                              ///< SM2 private key, PEM; may be absent.
  std::string head_file;
  std::string public_key_file;                     ///< PEM, for verify.
  bool stop_without_head = false;                  ///< A head that is gone or foreign refuses the start instead of being noted.
};

/// What becomes of a record that names an attachment which was not uploaded.
enum class MissingAttachment : std::uint8_t {
  none_taken,  ///< The listener takes no attachments; digests in records are digests and nothing else.
  hold,        ///< Held until a person releases it, with the attachment there.
  refuse,
  report,      ///< Goes on, with a finding.
};

struct ListenSettings {
  std::string name, family, address = "127.0.0.1", path = "/", public_url, pack;
  std::uint16_t port = 0;
  SecretRef token;
  std::vector<std::string> hosts;
  std::map<std::string, std::string> settings;
  Limits limits;
  std::size_t records_max = 20000;                 ///< Of one delivery.
  std::uint32_t line = 0;                          ///< In the file.
  MissingAttachment attachments = MissingAttachment::none_taken;
  std::uint64_t attachment_bytes_max = std::uint64_t{1} << 30U;
};

/// A key with which a pack opens sealed content: 16 bytes, written as hexadecimal digits, Base64 or as they are.
struct PackKey {
  SecretRef ref;
  enum class Form : std::uint8_t { hex, base64, text } form = Form::hex;
};

/// Where a source system takes its events from above; without it, it asks for them.
struct CallBackSettings {
  std::string url, pinned_host, path = "/", ca_file;
  SecretRef token;                                 ///< Bearer token; none: no header.
  enum class Form : std::uint8_t { stored, own } form = Form::stored;  ///< Events as they are stored, or as the pack's `reverse` writes them.
  std::string reply_file;                          ///< Target file whose `reply` reads the answers; empty: HTTP 200 and 204 confirm.
  bool on() const noexcept { return !url.empty(); }
};

struct PackSettings {
  std::string path;
  std::map<std::string, std::string> params;
  std::string name;                                ///< What listeners call it; empty: the pack's own id.
  std::map<std::string, PackKey> keys;             ///< By the names that the pack's stages use.
  CallBackSettings call_back = {};
};

/// How many messages a second a platform is sent at most.
struct RateSettings {
  double per_second = 0;                           ///< 0: as many as it takes.
  std::size_t burst = 0;                           ///< Messages at once after a rest; 0: a tenth of a second's, at least one.
  bool learn = true;                               ///< Find the rate by the platform's "slow down".
};

/// Whether and how often a platform is asked for events.
struct EventSettings {
  std::chrono::milliseconds poll{0};               ///< 0: never.
  std::size_t max = 50;                            ///< In one answer.
  std::string pack;                                ///< Folder of the pack that reads them as records of their cases; for call-backs of form `own`.
  bool on() const noexcept { return poll.count() > 0; }
};

/// A time in which a platform is not sent to; what comes waits.
struct PauseSettings {
  UtcMillis from{}, until{};
};

struct PlatformSettings {
  std::string name, profile, url, pinned_host, ca_file, target_file;
  std::map<std::string, SecretRef> credentials;
  std::map<std::string, std::string> settings;
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds total_timeout{30000};
  std::size_t concurrency = 32;                    ///< Messages in flight.
  RateSettings rate;
  EventSettings events;
  std::vector<PauseSettings> pauses;
};

struct RouteSettings {
  std::string system;                              ///< Source system, or "*".
  std::string event;                               ///< Canonical event, or empty for every event.
  struct To { std::string platform, after; };
  std::vector<To> targets;
};

/// Working days beside the published ones of the nation.
struct CalendarSettings {
  std::string division = "000000";
  std::vector<std::string> files;
};

struct DeliverySettings {
  std::chrono::milliseconds retry_min{500};
  std::chrono::milliseconds retry_max{300000};
  std::chrono::milliseconds query_after{1000};     ///< First question after an unknown outcome.
  int breaker_failures = 5;                        ///< Failures in a row that open a platform's breaker.
  std::chrono::milliseconds breaker_open{5000};
};

/// The whole of bridge.yaml. Relative paths are relative to the file's folder and stored absolute.
struct Config {
  std::string file;
  std::string digest;                              ///< SM3 of the file's bytes, 64 hex.
  model::Time reference_date;                      ///< model.reference_date; today when not given.
  bool reference_date_given = false;
  JournalSettings journal;
  AuditSettings audit;
  std::vector<ListenSettings> listen;
  std::vector<PackSettings> packs;
  std::vector<PlatformSettings> platforms;
  std::vector<RouteSettings> routes;
  DeliverySettings delivery;
  std::map<std::string, std::string> catalogues;   ///< CSV files by catalogue: item, organisation, division.
  CalendarSettings calendar;
  std::string health_address;                      ///< "127.0.0.1:9100"; empty: none.
  std::string control_socket;
  std::size_t workers = 2;
};

/// Reads and checks bridge.yaml whole: unknown keys, wrong shapes, literal secrets, missing parts, routes to nowhere, all reported at once.
/// @param mistakes  source.part is the file, with line and column.
/// @errors bridge.config_invalid, base.file_unreadable.
Result<Config> load_config(const std::string& file, Findings& mistakes);

} // namespace tongqu::bridge
