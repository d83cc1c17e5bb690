#pragma once
#include <memory>
#include <string>

#include "tongqu/bridge/bridge.hpp"
#include "tools/tongqu/commands.hpp"

/// What the files of `tongqu bridge …` share.
namespace tongqu::tool {

struct BridgeOptions {
  std::string config, id, reason, as, target, state = "held", message, case_no, system;
  std::string from, to, replay_states, day;
  std::size_t max = 1000, rate = 0;
  bool remap = false, overtake = false, requeue = false;
  bool preview = false;
  bool quiet = false, take_over = false;
};

/// bridge.yaml, its mistakes shown.
Result<bridge::Config> load_bridge(const BridgeOptions& options, const Console& console);
/// The store of a configuration, for reading beside a running bridge.
Result<std::unique_ptr<journal::Journal>> open_store(const BridgeOptions& options, const Console& console);

int run_bridge(const BridgeOptions& options, const Console& console);
int show_status(const BridgeOptions& options, const Console& console);
int list_state(const BridgeOptions& options, const Console& console);
/// Sends many deliveries again, as the options choose them.
int replay_many(const BridgeOptions& options, const Console& console);
/// Compares a day's deliveries with what a platform lists.
int reconcile(const BridgeOptions& options, const Console& console);
int verify_audit(const BridgeOptions& options, const Console& console);

/// Sends one request to the running bridge and shows its answer.
int ask_bridge(const BridgeOptions& options, const Console& console, const std::string& request);
/// The request of an act on a message, or on a delivery when its number is not 0.
std::string act_request(std::string_view cmd, const BridgeOptions& options, std::int64_t delivery);
/// An act on the one delivery that the options name and that is in a state.
int act_on_delivery(std::string_view cmd, journal::DeliveryState state, const BridgeOptions& options, const Console& console);

} // namespace tongqu::tool
