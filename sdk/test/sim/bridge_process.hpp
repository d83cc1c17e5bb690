#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/intake.hpp"
#include "bridge/lane.hpp"
#include "journal/stepped.hpp"
#include "platform_peer.hpp"

namespace tongqu::sim {

/// What a bridge is started with: the pack of the sending office, the targets, the configuration. The same for every run.
struct Settings {
  bridge::Config config;
  bridge::detail::SetupShelf setups;
  std::map<std::string, bridge::detail::TargetPtr> targets;
};

/// Writes the pack and the targets into a folder and loads them. Throws std::runtime_error with the first mistake.
std::unique_ptr<Settings> make_settings(const std::string& folder, bool nonce_identity);

/// A bridge whose threads are taken out: intake, pool, lanes and journal are the product's own, and every step of them is chosen here.
class BridgeProcess {
public:
  struct Parts {
    Settings* settings;
    std::string store;               ///< Path of the journal; its lock and audit head are real files.
    std::shared_ptr<VirtualClock> clock;
    std::vector<PlatformPeer*> peers;
    Chance chance;
    Planted planted = Planted::none;
  };
  static Result<std::unique_ptr<BridgeProcess>> start(Parts parts);
  ~BridgeProcess() { end(); }

  void deliver(std::string body, connector::AnswerFn answer);
  /// One thing that can be done now, chosen by chance; false when there is none.
  bool step();
  /// When something will be due without anybody's doing.
  std::optional<std::int64_t> wake_at() const { return courier_at_; }
  /// True once the journal has lost its disk: the program would end.
  bool fatal() const noexcept { return fatal_; }
  journal::Journal& journal() { return *stepped_.journal; }
  void ring_all();
  /// Ends without a word where `disk` is dead already; otherwise as on SIGTERM, as far as one step goes: no lane claims any more.
  void end();
  void stop_claiming();
  bool idle() const;

private:
  explicit BridgeProcess(Parts parts) : parts_(std::move(parts)) {}
  Result<void> begin();
  bool courier();

  Parts parts_;
  obs::Metrics metrics_;
  bridge::detail::PlanCache plans_;
  bridge::detail::Worker worker_;
  journal::detail::Stepped stepped_;
  std::unique_ptr<bridge::detail::WorkerPool> pool_;
  std::vector<std::shared_ptr<bridge::detail::Lane>> lanes_;
  std::unique_ptr<bridge::detail::IntakeRoad> intake_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::optional<std::int64_t> courier_at_;
  bool woken_ = true, fatal_ = false;
};

/// The options of every journal of the simulation, also for the check of its chain afterwards.
journal::JournalOptions store_options(const std::string& store);

} // namespace tongqu::sim
