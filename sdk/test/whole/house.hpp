#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "conformance/sandbox/options.hpp"
#include "conformance/sandbox/report.hpp"
#include "conformance/sandbox/sandbox.hpp"
#include "connectors/test_support/fake_intake.hpp"
#include "tongqu/bridge/bridge.hpp"

/// A whole county road in one process: two sandbox platforms, the real packs and profiles, a real bridge on real sockets and a real store.
namespace tongqu::whole {

using connector::test::Fields;
using connector::test::Reply;
using namespace std::chrono_literals;

/// A folder that goes with the test.
class TempFolder {
public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

private:
  std::string path_;
};

/// Waits until something holds; false when it does not within `most`.
bool wait_until(const std::function<bool()>& holds, std::chrono::milliseconds most = 10s);

std::string file_text(const std::string& path);
void write_text(const std::string& path, std::string_view text, bool owner_only = false);

/// A bridge on a configuration file, beside the one of a house. Throws with the mistakes when it does not start.
std::unique_ptr<bridge::Bridge> start_bridge(const std::string& config_file);

struct HouseOptions {
  sandbox::Character province = sandbox::Character::dedup;
  sandbox::Character nation = sandbox::Character::dedup;
  std::chrono::seconds secret_life{24 * 3600};
  std::string delivery = "{retry_min_ms: 20, retry_max_ms: 200, query_after_ms: 30, breaker_failures: 5, breaker_open_ms: 150}";
  std::string routes = "  - {system: \"*\", targets: [province, nation]}\n";
  std::string guarantee;                           ///< Further settings of both platforms, ", deduplicates: no".
  std::string platform_extra;                      ///< Further keys of both platforms, ", total_timeout_ms: 300".
  std::string extra;                               ///< Further keys of bridge.yaml, whole lines.
};

/// What a program said, and its exit code.
struct Said {
  int code = -1;
  std::string text;
};

/// What the two platforms and a bridge need, in one folder. The bridge is started by open() and may be closed and opened again; the
/// sandboxes run from the beginning to the end.
class House {
public:
  explicit House(HouseOptions options = {});
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  /// Starts the bridge. Throws with the mistakes when it does not start.
  void open();
  void close(std::chrono::milliseconds most = 10s);
  /// Another bridge takes listeners and store over from the one that runs.
  void restart_hot();
  bridge::Bridge& bridge() { return *bridge_; }
  std::uint16_t port(const std::string& name) const { return bridge_->port(name); }

  /// Changes a pack, a target or the configuration on disk.
  void edit(const std::string& file, const std::string& from, const std::string& to) const;

  /// Replaces the faults of a platform, one a line.
  void plant(const std::string& platform, const std::string& lines) const;
  /// An event that a platform has for a case of a system.
  void tell(const std::string& platform, const std::string& event_id, const std::string& system, const std::string& case_no, const std::string& data = "{}") const;
  /// Restarts a platform on the same port without the last message it took.
  void forget_last(const std::string& platform);
  /// Text of a member of a platform's own state.
  std::string state_of(const std::string& platform, const std::string& member) const;
  /// What a platform's own ledger says.
  sandbox::Report platform(const std::string& name) const;
  /// The ledger as text.
  std::string ledger(const std::string& name) const { return file_text(folder.file("state/" + name + ".ledger")); }

  /// The store as a second process sees it.
  std::unique_ptr<journal::Journal> store() const;
  journal::Counts counts() const;
  /// Every delivery is delivered, and there are `messages` messages.
  bool all_delivered(std::int64_t messages) const;
  /// States of a message's deliveries, "province=delivered nation=ready".
  std::string states(const std::string& message_id) const;
  /// One request to the control socket.
  std::string control(const std::string& request) const;
  /// GET at the health port.
  Reply health(const std::string& target) const;
  /// Value of a metric, "" when it is not there.
  std::string metric(const std::string& name_and_labels) const;
  std::string log() const;
  journal::VerifyReport verify() const;
  /// Runs a line of the shell; its output is kept in the folder.
  Said shell(const std::string& line) const;
  /// `tongqu bridge …`, the real program.
  Said tongqu_bridge(const std::string& arguments) const { return shell(TONGQU_BIN_DIR "/tongqu bridge " + arguments); }
  /// Heads of the audit chain are signed from the next start on.
  void sign_heads();

  TempFolder folder;
  const std::string token = "whole-road-token-of-the-tests";
  bridge::Config config;

private:
  std::unique_ptr<bridge::Bridge> start(std::map<std::string, int> inherited);
  void prepare();
  void write_config(const HouseOptions& options) const;

  class LogTail;
  SystemClock sandbox_clock_;
  std::unique_ptr<sandbox::Sandbox> province_, nation_;
  std::map<std::string, sandbox::Options> sandboxes_;
  std::shared_ptr<LogTail> log_;
  std::unique_ptr<bridge::Bridge> bridge_;
  mutable std::unique_ptr<journal::Journal> reader_;
};

} // namespace tongqu::whole
