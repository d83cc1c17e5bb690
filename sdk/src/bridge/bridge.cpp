#include "tongqu/bridge/bridge.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <fstream>
#include <sstream>
#include <thread>

#include "bridge/control.hpp"
#include "bridge/health.hpp"
#include "bridge/intake.hpp"
#include "bridge/lane.hpp"
#include "bridge/operator_desk.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::bridge {
namespace detail {
namespace {

constexpr std::size_t kPoolQueueMax = 4096;
constexpr std::chrono::milliseconds kLookAgain{1000};

/// Reads 32 key bytes written as 64 hexadecimal digits.
Result<Secret> hex_key(const SecretRef& ref) {
  TONGQU_TRY(const Secret text, ref.read());
  auto raw = from_hex(text.reveal());
  if (!raw || raw->size() != 32) return Error(Errc::crypto_key_size).at(ref.name);
  return Secret(*std::move(raw));
}

Result<platform::PlatformConfig> platform_config(const PlatformSettings& from) {
  platform::PlatformConfig to;
  to.name = from.name;
  to.profile = from.profile;
  to.url = from.url;
  to.pinned_host = from.pinned_host;
  to.ca_file = from.ca_file;
  to.settings = from.settings;
  to.connect_timeout = from.connect_timeout;
  to.total_timeout = from.total_timeout;
  to.connections_max = from.concurrency;
  for (const auto& [name, ref] : from.credentials) {
    TONGQU_TRY(to.credentials[name], ref.read());
  }
  return to;
}

/// One thread that looks after all lanes: pumps those that were rung or have something due.
class Courier {
public:
  void add(std::unique_ptr<Lane> lane) { lanes_.push_back(std::move(lane)); }
  void start() { thread_ = std::thread([this] { run(); }); }
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    changed_.notify_one();
  }
  void ring(const std::string& target) {
    bool now = false;
    for (const auto& lane : lanes_) {
      if (lane->platform() == target) now = lane->ring() || now;
    }
    if (now) wake();
  }
  /// An operator has acted: whatever became ready is claimed.
  void ring_all() {
    for (const auto& lane : lanes_) static_cast<void>(lane->ring());
    wake();
  }
  void stop_claiming() {
    for (const auto& lane : lanes_) lane->stop_claiming();
  }
  bool idle() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->idle(); });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }
  void close_lanes() {
    for (const auto& lane : lanes_) lane->close();
  }
  void clear() { lanes_.clear(); }

private:
  void run() {
    for (;;) {
      MonoTime until = std::chrono::steady_clock::now() + kLookAgain;
      for (const auto& lane : lanes_) {
        lane->pump();
        if (const auto at = lane->next_look(); at && *at < until) until = *at;
      }
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, until, [this] { return woken_ || stopping_; });
      woken_ = false;
      if (stopping_) return;
    }
  }

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

class RunningBridge final : public Bridge {
public:
  RunningBridge(Config config, const Parts& parts) : config_(std::move(config)), clock_(parts.clock), log_(parts.log) {}
  ~RunningBridge() override {
    CallContext at_once;
    at_once.deadline = clock_->now_mono() + std::chrono::seconds(1);
    stop(at_once);
  }

  Result<void> begin(const Parts& parts, Findings& mistakes) {
    TONGQU_CHECK(packs_.load(config_.packs, mistakes));
    TONGQU_CHECK(check_listeners());
    TONGQU_TRY(auto options, journal_options(config_));
    options.queue_max = config_.journal.queue_max;
    options.ask_after = config_.delivery.query_after;
    TONGQU_TRY(journal_, journal::Journal::open(std::move(options), clock_));
    TONGQU_CHECK(journal_->note("start config=" + config_.digest, {"bridge", "start"}));
    pool_ = std::make_unique<WorkerPool>(config_.workers, kPoolQueueMax, [this] {
      metrics_.metric("tongqu_contained_faults_total", "", "Work items that ended in a fault of our own").add();
      log_(obs::Level::error, "work_item_failed", {{"error_id", std::string(errc_row(Errc::base_internal).id)}});
    });
    TONGQU_CHECK(build_lanes(parts, mistakes));
    intake_ = std::make_unique<IntakeRoad>(
        IntakeParts{&config_, journal_.get(), &packs_, targets_, &plans_, pool_.get(), clock_, log_, &metrics_, [this] { fail(); }});
    journal_->on_ready([this](const std::string& target) { courier_.ring(target); });
    courier_.start();
    TONGQU_CHECK(open_side_doors());
    return open_listeners(*parts.connectors);
  }

  std::uint16_t port(const std::string& name) const override {
    if (name == "health") return health_server_ ? health_server_->port() : std::uint16_t{0};
    for (const auto& [listener, connector] : connectors_) {
      if (listener == name) return connector->port();
    }
    return 0;
  }

  bool failed() const override { return failed_.load(); }

  void stop(const CallContext& context) override {
    if (stopped_.exchange(true)) return;
    const MonoTime deadline = context.deadline.value_or(clock_->now_mono() + std::chrono::seconds(10));
    CallContext bounded = context;
    bounded.deadline = deadline;
    if (intake_) intake_->stop_taking();
    for (const auto& [name, connector] : connectors_) connector->stop(bounded);
    courier_.stop_claiming();
    while (!courier_.idle() && clock_->now_mono() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    courier_.stop();
    connectors_.clear();
    control_.reset();
    if (health_server_) health_server_->stop(bounded);
    health_server_.reset();
    if (pool_) pool_->stop();
    if (journal_) {
      static_cast<void>(journal_->note("stop", {"bridge", "stop"}));
      courier_.close_lanes();  // Clients end first: what they still had in flight is settled as unknown while the journal listens.
      journal_->close();
    }
    courier_.clear();
    intake_.reset();
    pool_.reset();
    journal_.reset();
  }

private:
  void fail() {
    if (failed_.exchange(true)) return;
    log_(obs::Level::error, "journal_failed", {{"error_id", std::string(errc_row(Errc::journal_sync_failed).id)}});
  }

  Result<void> check_listeners() const {
    for (const ListenSettings& one : config_.listen) {
      if (packs_.current(one.pack) == nullptr) return Error(Errc::bridge_config_reference).at("listen " + one.name).with("pack " + one.pack);
    }
    return {};
  }

  Result<void> build_lanes(const Parts& parts, Findings& mistakes) {
    for (const PlatformSettings& one : config_.platforms) {
      TONGQU_TRY(auto target, mapping::Target::load(one.target_file, mistakes));
      targets_[one.name] = target;
      TONGQU_TRY(const auto platform, platform_config(one));
      TONGQU_TRY(auto client, parts.platforms->create(platform, clock_));
      LaneParts lane;
      lane.platform = one.name;
      lane.client = std::move(client);
      lane.target = std::move(target);
      lane.concurrency = one.concurrency;
      lane.settings = config_.delivery;
      lane.journal = journal_.get();
      lane.plans = &plans_;
      lane.pool = pool_.get();
      lane.clock = clock_;
      lane.log = log_;
      lane.metrics = &metrics_;
      lane.on_fatal = [this] { fail(); };
      courier_.add(std::make_unique<Lane>(std::move(lane), [this] { courier_.wake(); }));
    }
    return {};
  }

  Result<void> open_side_doors() {
    if (!config_.health_address.empty()) {
      health_ = std::make_unique<Health>(*journal_, metrics_, [this] { return failed_.load(); });
      net::HttpServerOptions options;
      const auto colon = config_.health_address.rfind(':');
      int port = -1;
      const char* end = config_.health_address.data() + config_.health_address.size();
      if (colon != std::string::npos) std::from_chars(config_.health_address.data() + colon + 1, end, port);
      if (port < 0 || port > 65535) return Error(Errc::bridge_config_value).at("health.listen");
      options.address = config_.health_address.substr(0, colon);
      options.port = static_cast<std::uint16_t>(port);
      TONGQU_TRY(health_server_, net::HttpServer::start(options, *health_));
    }
    if (!config_.control_socket.empty()) {
      desk_ = std::make_unique<OperatorDesk>(*journal_, *intake_, [this] { courier_.ring_all(); });
      TONGQU_TRY(control_, ControlServer::start(config_.control_socket, [this](std::string_view request, const std::string& who) { return desk_->answer(request, who); }));
    }
    return {};
  }

  Result<void> open_listeners(const connector::Registry& registry) {
    for (const ListenSettings& one : config_.listen) {
      const PackPtr pack = packs_.current(one.pack);
      connector::ListenerConfig listener;
      listener.name = one.name;
      listener.family = one.family;
      listener.address = one.address;
      listener.port = one.port;
      listener.path = one.path;
      listener.public_url = one.public_url;
      listener.ns = pack->info().connector.ns;
      if (!pack->info().connector.wsdl.empty()) listener.wsdl_file = pack->info().folder + "/" + pack->info().connector.wsdl;
      listener.settings = one.settings;
      listener.hosts = one.hosts;
      listener.limits = one.limits;
      if (one.token.given()) {
        TONGQU_TRY(const Secret token, one.token.read());
        listener.token = token.reveal();
      }
      TONGQU_TRY(auto connector, registry.start(listener, *intake_));
      log_(obs::Level::info, "listening", {{"route", one.name}, {"family", one.family}, {"port", std::to_string(connector->port())}});
      connectors_.emplace_back(one.name, std::move(connector));
    }
    return {};
  }

  Config config_;
  std::shared_ptr<Clock> clock_;
  obs::Log log_;
  obs::Metrics metrics_;
  PackShelf packs_;
  std::map<std::string, TargetPtr> targets_;
  PlanCache plans_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<WorkerPool> pool_;
  Courier courier_;
  std::unique_ptr<IntakeRoad> intake_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<net::HttpServer> health_server_;
  std::unique_ptr<OperatorDesk> desk_;
  std::unique_ptr<ControlServer> control_;
  std::vector<std::pair<std::string, std::unique_ptr<connector::Connector>>> connectors_;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> failed_{false};
};

} // namespace
} // namespace detail

Result<std::unique_ptr<Bridge>> Bridge::start(Config config, const Parts& parts, Findings& mistakes) {
  auto bridge = std::make_unique<detail::RunningBridge>(std::move(config), parts);
  TONGQU_CHECK(bridge->begin(parts, mistakes));
  return std::unique_ptr<Bridge>(std::move(bridge));
}

Result<journal::JournalOptions> journal_options(const Config& config) {
  journal::JournalOptions options;
  options.path = config.journal.path;
  options.key_id = config.journal.key_id;
  TONGQU_TRY(options.seal_key, detail::hex_key(config.journal.seal_key));
  TONGQU_TRY(options.audit_key, detail::hex_key(config.audit.key));
  options.audit_head_file = config.audit.head_file;
  if (config.audit.sign_key.given()) {
    TONGQU_TRY(options.audit_sign_key_pem, config.audit.sign_key.read());
  }
  return options;
}

} // namespace tongqu::bridge
