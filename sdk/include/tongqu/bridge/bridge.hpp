#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tongqu/base/call_context.hpp"
#include "tongqu/bridge/config.hpp"
#include "tongqu/connector/connector.hpp"
#include "tongqu/journal/journal.hpp"
#include "tongqu/obs/log.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::bridge {

/// What a bridge is made of besides its configuration. Registries are read during start only.
struct Parts {
  const connector::Registry* connectors = nullptr;
  const platform::Registry* platforms = nullptr;
  std::shared_ptr<Clock> clock;
  obs::Log log;
  /// Listening sockets of the bridge that ran before, by listener ("health" for the health server): see take_over(). With them, start()
  /// waits up to half a minute for that bridge to let the store go.
  std::map<std::string, int> inherited;
};

/// The runtime that an office runs: receive -> translate -> journal -> submit -> receipt. One per process and store.
class Bridge {
public:
  virtual ~Bridge() = default;

  /// Loads packs and targets, opens the journal, starts lanes, health, control and last the listeners.
  /// @param mistakes  Mistakes of packs and targets.
  /// @errors bridge.config_invalid, journal.*, net.listen, platform.*, base.secret_* (fix_setup).
  static Result<std::unique_ptr<Bridge>> start(Config config, const Parts& parts, Findings& mistakes);

  /// Port of a listener by name; of the health server by "health". 0 when there is none.
  virtual std::uint16_t port(const std::string& name) const = 0;

  /// Reads the configuration, its packs, targets and secrets again and puts all of it in force at once, or nothing: with a mistake
  /// anywhere the last good one goes on. Work that has begun ends under the setup it began with; each message names its pack version.
  /// Audited with `who`. Store, audit, listeners, health, control and workers cannot change while it runs.
  /// @errors bridge.config_invalid with mistakes, bridge.reload_restart with the key, bridge.reload_platform_busy, platform.*, base.secret_*.
  virtual Result<void> reload(Findings& mistakes, const std::string& who) = 0;
  /// The same up to the moment before something would change.
  virtual Result<void> check_reload(Findings& mistakes) = 0;

  /// Stops taking in, lets sends in flight finish until the deadline, writes the audit head, closes. Idempotent.
  virtual void stop(const CallContext& context) = 0;

  /// Shows copies of the listening sockets, by name, to `give`, which says whether a process that follows has them; they are closed
  /// afterwards. Once it has, stop() refuses nobody: connections end with their next answer, and who connects waits for the one that
  /// follows. The caller stops this bridge soon. When it has not, nothing has changed.
  /// @errors bridge.handover_failed with the listener that has no socket to give, or none when `give` said no.
  virtual Result<void> hand_over(const std::function<bool(const std::map<std::string, int>&)>& give) = 0;
  virtual bool handed_over() const = 0;

  /// Set when the journal lost its disk: the process must end, nothing more is acknowledged.
  virtual bool failed() const = 0;
};

/// Loads what a configuration names (packs, keys, targets, platforms) and lets it go again: whether start() would find a mistake there.
/// @errors bridge.config_invalid, platform.*, base.secret_*.
Result<void> check_config(const Config& config, const Parts& parts, Findings& mistakes);

/// Journal options of a configuration, with secrets read. For the commands that look at the store.
Result<journal::JournalOptions> journal_options(const Config& config);

/// Asks the bridge behind a control socket for its listening sockets and so makes it stop. @errors bridge.control_unreachable, bridge.handover_failed.
Result<std::map<std::string, int>> take_over(const std::string& socket_path);

/// One request to the control socket of a running bridge; the answer is a JSON object in one line.
/// @param request  {"cmd":"hold_release|hold_discard|resolve|replay|status", "message_id":…, "delivery":…, "as":…, "reason":…, "preview":…}; a preview changes nothing
/// @errors bridge.control_unreachable.
Result<std::string> control_request(const std::string& socket_path, const std::string& request);

} // namespace tongqu::bridge
