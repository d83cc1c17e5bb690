#include "tongqu/bridge/bridge.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include "bridge/attachment_desk.hpp"
#include "bridge/control.hpp"
#include "bridge/courier.hpp"
#include "bridge/health.hpp"
#include "bridge/intake.hpp"
#include "bridge/lane_builder.hpp"
#include "bridge/operator_desk.hpp"
#include "bridge/reload.hpp"
#include "bridge/up_events.hpp"
#include "tongqu/base/bytes.hpp"

namespace tongqu::bridge {
namespace detail {
namespace {

constexpr std::size_t kPoolQueueMax = 4096;
constexpr std::chrono::milliseconds kLeaseMargin{10000};
constexpr std::chrono::milliseconds kLetGo{2000};       // A caller between two requests needs no longer.
constexpr std::chrono::milliseconds kTakeOver{30000};

/// Reads 32 key bytes written as 64 hexadecimal digits.
Result<Secret> hex_key(const SecretRef& ref) {
  TONGQU_TRY(const Secret text, ref.read());
  auto raw = from_hex(text.reveal());
  if (!raw || raw->size() != 32) return Error(Errc::crypto_key_size).at(ref.name);
  return Secret(*std::move(raw));
}

class RunningBridge final : public Bridge {
public:
  RunningBridge(Config config, const Parts& parts) : config_(std::move(config)), clock_(parts.clock), log_(parts.log) {}
  ~RunningBridge() override {
    CallContext at_once;
    at_once.deadline = clock_->now_mono() + std::chrono::seconds(1);
    stop(at_once);
  }

  Result<void> begin(const Parts& parts, Findings& mistakes) {
    TONGQU_TRY(const SetupPtr setup, load_setup(config_, mistakes));
    setups_.put(setup);
    TONGQU_TRY(auto options, journal_options(config_));
    options.queue_max = config_.journal.queue_max;
    options.backlog_max = config_.journal.backlog_max;
    options.ask_after = config_.delivery.query_after;
    // A claim must outlast a message, or somebody else asks about it while it is still on its way.
    for (const PlatformSettings& one : config_.platforms) options.lease = std::max(options.lease, 2 * one.total_timeout + kLeaseMargin);
    lease_ = options.lease;
    inherited_ = parts.inherited;
    TONGQU_TRY(journal_, open_journal(options));
    if (config_.journal.crash_guard) {
      TONGQU_TRY(guard_, journal::CrashGuard::open(config_.journal.path + ".guard"));
    }
    TONGQU_CHECK(journal_->note("start config=" + config_.digest, {"bridge", "start"}));
    pool_ = std::make_unique<WorkerPool>(config_.workers, kPoolQueueMax, [this] {
      metrics_.metric("tongqu_contained_faults_total", "", "Work items that ended in a fault of our own").add();
      log_(obs::Level::error, "work_item_failed", {{"error_id", std::string(errc_row(Errc::base_internal).id)}});
    });
    platforms_ = *parts.platforms;
    TONGQU_TRY(auto lanes, build_lanes(*setup, platforms_, lane_context(), {}));
    courier_.replace(std::move(lanes));
    back_ = std::make_unique<BackDesk>(*journal_, clock_, lease_);
    const auto takes = [](const ListenSettings& one) { return one.attachments != MissingAttachment::none_taken; };
    const bool taken = std::any_of(config_.listen.begin(), config_.listen.end(), takes);
    if (taken && journal_->attachments() == nullptr) return Error(Errc::bridge_config_value).at("listen.attachments");
    if (taken) attachments_ = std::make_unique<AttachmentDesk>(AttachmentDeskParts{journal_.get(), log_, &metrics_});
    intake_ = std::make_unique<IntakeRoad>(
        IntakeParts{&setups_, journal_.get(), &plans_, pool_.get(), back_.get(), clock_, log_, &metrics_, [this] { fail(); }, guard_.get(), attachments_.get()});
    journal_->on_ready([this](const std::string& target) { courier_.ring(target); });
    courier_.start();
    poller_ = std::make_unique<EventPoller>(PollerParts{&setups_, &courier_, journal_.get(), clock_, log_, &metrics_, [this] { fail(); }});
    TONGQU_CHECK(open_side_doors());
    TONGQU_CHECK(open_listeners(*parts.connectors));
    poller_->start();
    return {};
  }

  std::uint16_t port(const std::string& name) const override {
    if (name == "health") return health_server_ ? health_server_->port() : std::uint16_t{0};
    for (const auto& [listener, connector] : connectors_) {
      if (listener == name) return connector->port();
    }
    return 0;
  }

  bool failed() const override { return failed_.load(); }

  Result<void> hand_over(const std::function<bool(const std::map<std::string, int>&)>& give) override {
    // Who was given the sockets may have us stopped before we have noted that they arrived: a stop waits for that.
    const std::lock_guard giving(hand_over_mutex_);
    std::map<std::string, int> sockets;
    for (const auto& [name, connector] : connectors_) {
      if (connector->port() != 0) sockets[name] = connector->listener_fd();  // A family without a port has nothing to give.
    }
    if (health_server_) sockets["health"] = health_server_->listener_fd();
    const auto without = std::find_if(sockets.begin(), sockets.end(), [](const auto& one) { return one.second < 0; });
    const bool given = without == sockets.end() && give(sockets);
    for (const auto& [name, fd] : sockets) {
      if (fd >= 0) ::close(fd);
    }
    if (without != sockets.end()) return Error(Errc::bridge_handover_failed).at(without->first);
    if (!given) return Error(Errc::bridge_handover_failed);
    handed_over_.store(true);
    return {};
  }
  bool handed_over() const override { return handed_over_.load(); }

  Result<void> reload(Findings& mistakes, const std::string& who) override {
    const std::lock_guard one_at_a_time(reload_mutex_);
    if (stopped_.load()) return Error(Errc::bridge_stopping);
    TONGQU_TRY(const Prepared prepared, prepare_reload(mistakes));
    // Told before it happens: a configuration that cannot be audited does not come into force.
    TONGQU_CHECK(journal_->note("reload config=" + prepared.setup->config.digest + " was=" + setups_.current()->config.digest + pack_versions(*prepared.setup), {who, "reload"}));
    setups_.put(prepared.setup);
    courier_.replace(prepared.lanes);
    plans_.clear();  // What was planned for a target that is no more.
    log_(obs::Level::info, "reloaded", {{"config", prepared.setup->config.digest}});
    return {};
  }

  Result<void> check_reload(Findings& mistakes) override {
    const std::lock_guard one_at_a_time(reload_mutex_);
    TONGQU_CHECK(prepare_reload(mistakes));
    return {};
  }

  void stop(const CallContext& context) override {
    if (stopped_.exchange(true)) return;
    const MonoTime deadline = context.deadline.value_or(clock_->now_mono() + std::chrono::seconds(10));
    CallContext bounded = context;
    bounded.deadline = deadline;
    if (poller_) poller_->stop_asking();
    courier_.stop_claiming();
    {
      const std::lock_guard giving(hand_over_mutex_);
    }
    if (handed_over_.load()) let_callers_go(std::min(deadline, clock_->now_mono() + kLetGo));
    if (intake_) intake_->stop_taking();
    for (const auto& [name, connector] : connectors_) connector->stop(bounded);
    while (!courier_.idle() && clock_->now_mono() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    courier_.stop();
    connectors_.clear();
    if (health_server_) health_server_->stop(bounded);
    health_server_.reset();
    if (attachments_) attachments_->stop();
    if (pool_) pool_->stop();
    if (journal_) static_cast<void>(journal_->note("stop", {"bridge", "stop"}));
    courier_.close_lanes();  // Clients end first: what they still had in flight is settled as unknown while the journal listens.
    // Both may have waited for an answer of a client. The control socket goes before the store's lock does: who follows makes his own.
    if (poller_) poller_->stop();
    control_.reset();
    if (journal_) journal_->close();
    courier_.clear();
    poller_.reset();
    intake_.reset();
    attachments_.reset();
    back_.reset();
    pool_.reset();
    journal_.reset();
  }

private:
  struct Prepared {
    SetupPtr setup;
    Lanes lanes;
  };

  /// Everything of a reload that can fail, and nothing that changes what runs.
  Result<Prepared> prepare_reload(Findings& mistakes) {
    const SetupPtr before = setups_.current();
    TONGQU_TRY(Config config, load_config(config_.file, mistakes));
    if (const auto fixed = first_fixed_change(before->config, config)) return Error(Errc::bridge_reload_restart).at(*fixed);
    for (const PlatformSettings& one : before->config.platforms) {
      const bool stays = std::any_of(config.platforms.begin(), config.platforms.end(), [&](const auto& p) { return p.name == one.name; });
      // What is on its way is not due, and comes back.
      if (!stays && (journal_->next_due(one.name) || !idle(one.name))) return Error(Errc::bridge_reload_platform_busy).at("platforms").with(one.name);
    }
    for (const PlatformSettings& one : config.platforms) {
      // The lease of claims is the journal's for as long as it is open.
      if (2 * one.total_timeout + kLeaseMargin > lease_) return Error(Errc::bridge_reload_restart).at("platforms.total_timeout_ms").with(one.name);
    }
    TONGQU_TRY(SetupPtr setup, load_setup(std::move(config), mistakes));
    TONGQU_TRY(auto lanes, build_lanes(*setup, platforms_, lane_context(), courier_.lanes()));
    return Prepared{std::move(setup), std::move(lanes)};
  }

  bool idle(const std::string& platform) const {
    const Lanes lanes = courier_.lanes();
    return std::all_of(lanes.begin(), lanes.end(), [&](const auto& lane) { return lane->platform() != platform || lane->idle(); });
  }

  Result<platform::DayOutcome> ask_day(const std::string& target, const std::string& day, const std::string& prefix) {
    for (const auto& lane : courier_.lanes()) {
      if (lane->platform() == target) return lane->ask_day(day, prefix);
    }
    return Error(Errc::bridge_config_reference).at("platforms").with(target);
  }

  static std::string pack_versions(const Setup& setup) {
    std::string text;
    for (const auto& [name, one] : setup.packs) text += " pack=" + one->pack->info().name() + ":" + one->pack->info().digest;
    return text;
  }

  void fail() {
    if (failed_.exchange(true)) return;
    log_(obs::Level::error, "journal_failed", {{"error_id", std::string(errc_row(Errc::journal_sync_failed).id)}});
  }

  LaneContext lane_context() {
    LaneContext context;
    context.lease = lease_;
    context.journal = journal_.get();
    context.plans = &plans_;
    context.pool = pool_.get();
    context.clock = clock_;
    context.log = log_;
    context.metrics = &metrics_;
    context.on_fatal = [this] { fail(); };
    context.wake = [this] { courier_.wake(); };
    return context;
  }

  /// The process before may still hold the store when it has given its sockets away.
  Result<std::unique_ptr<journal::Journal>> open_journal(const journal::JournalOptions& options) const {
    const MonoTime until = clock_->now_mono() + kTakeOver;
    for (;;) {
      auto opened = journal::Journal::open(options, clock_);
      if (opened || inherited_.empty() || opened.error().code() != Errc::journal_locked || clock_->now_mono() >= until) return opened;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  int inherited(const std::string& name) {
    const auto at = inherited_.find(name);
    return at == inherited_.end() ? -1 : std::exchange(at->second, -1);
  }

  /// What is connected is answered here, and told that the connection ends; who comes now waits in the queue of the sockets that were given
  /// away. Connections that ask nothing are closed when the time is over.
  void let_callers_go(MonoTime until) {
    for (const auto& [name, connector] : connectors_) connector->drain();
    if (health_server_) health_server_->drain();
    const auto open = [this] {
      return std::any_of(connectors_.begin(), connectors_.end(), [](const auto& one) { return one.second->open_connections() > 0; });
    };
    while (open() && clock_->now_mono() < until) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  Result<void> open_side_doors() {
    if (!config_.health_address.empty()) {
      health_ = std::make_unique<Health>(*journal_, metrics_, log_, [this] { return failed_.load(); });
      net::HttpServerOptions options;
      const auto colon = config_.health_address.rfind(':');
      int port = -1;
      const char* end = config_.health_address.data() + config_.health_address.size();
      if (colon != std::string::npos) std::from_chars(config_.health_address.data() + colon + 1, end, port);
      if (port < 0 || port > 65535) return Error(Errc::bridge_config_value).at("health.listen");
      options.address = config_.health_address.substr(0, colon);
      options.port = static_cast<std::uint16_t>(port);
      options.listen_fd = inherited("health");
      TONGQU_TRY(health_server_, net::HttpServer::start(options, *health_));
    }
    if (!config_.control_socket.empty()) {
      desk_ = std::make_unique<OperatorDesk>(DeskParts{journal_.get(), intake_.get(), [this] { courier_.ring_all(); },
                                                       [this](Findings& mistakes, const std::string& who) { return who.empty() ? check_reload(mistakes) : reload(mistakes, who); },
                                                       [this](const std::string& target, const std::string& day, const std::string& prefix) { return ask_day(target, day, prefix); }});
      TONGQU_TRY(control_, ControlServer::start(config_.control_socket, [this](std::string_view request, const std::string& who) { return desk_->answer(request, who); },
                                                 [this](const auto& give) { return hand_over(give); }));
    }
    return {};
  }

  Result<void> open_listeners(const connector::Registry& registry) {
    for (const ListenSettings& one : config_.listen) {
      const PackPtr pack = setups_.current()->pack(one.pack)->pack;
      connector::ListenerConfig listener;
      listener.name = one.name;
      listener.family = one.family;
      listener.address = one.address;
      listener.port = one.port;
      listener.listen_fd = inherited(one.name);
      listener.path = one.path;
      listener.public_url = one.public_url;
      listener.ns = pack->info().connector.ns;
      if (!pack->info().connector.wsdl.empty()) listener.wsdl_file = pack->info().folder + "/" + pack->info().connector.wsdl;
      listener.settings = one.settings;
      listener.hosts = one.hosts;
      listener.limits = one.limits;
      if (one.attachments != MissingAttachment::none_taken) listener.attachment_bytes_max = one.attachment_bytes_max;
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
  platform::Registry platforms_;
  SetupShelf setups_;
  std::mutex reload_mutex_, hand_over_mutex_;
  std::chrono::milliseconds lease_{60000};
  PlanCache plans_;
  std::unique_ptr<journal::CrashGuard> guard_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<WorkerPool> pool_;
  Courier courier_;
  std::unique_ptr<BackDesk> back_;
  std::unique_ptr<AttachmentDesk> attachments_;
  std::unique_ptr<IntakeRoad> intake_;
  std::unique_ptr<EventPoller> poller_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<net::HttpServer> health_server_;
  std::unique_ptr<OperatorDesk> desk_;
  std::unique_ptr<ControlServer> control_;
  std::vector<std::pair<std::string, std::unique_ptr<connector::Connector>>> connectors_;
  std::map<std::string, int> inherited_;
  std::atomic<bool> handed_over_{false};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> failed_{false};
};

} // namespace
} // namespace detail

Result<std::unique_ptr<Bridge>> Bridge::start(Config config, const Parts& parts, Findings& mistakes) {
  auto bridge = std::make_unique<detail::RunningBridge>(std::move(config), parts);
  try {
    TONGQU_CHECK(bridge->begin(parts, mistakes));
  } catch (const std::system_error&) {
    return Error(Errc::base_internal).with("no thread can be started");
  }
  return std::unique_ptr<Bridge>(std::move(bridge));
}

Result<void> check_config(const Config& config, const Parts& parts, Findings& mistakes) {
  TONGQU_TRY(const auto setup, detail::load_setup(config, mistakes));
  obs::Metrics metrics;
  detail::LaneContext context;
  context.clock = parts.clock;
  context.metrics = &metrics;
  TONGQU_TRY(const auto lanes, detail::build_lanes(*setup, *parts.platforms, context, {}));
  for (const auto& lane : lanes) lane->close();
  return {};
}

Result<journal::JournalOptions> journal_options(const Config& config) {
  journal::JournalOptions options;
  options.path = config.journal.path;
  if (const auto& postgres = config.journal.postgres) {
    auto& store = options.postgres.emplace();
    TONGQU_TRY(store.connection, postgres->connection.read());
    store.schema = postgres->schema;
    store.outage = postgres->outage;
    store.clock_skew_max = postgres->clock_skew_max;
  }
  options.key_id = config.journal.key_id;
  options.low_water_bytes = config.journal.low_water_mb << 20U;
  options.waiting_limit = config.journal.waiting_limit;
  options.event_places = {{"apply", 0}, {"accept", 1}, {"step", 2}, {"special", 2}, {"result", 3}};
  options.ballast_bytes = config.journal.ballast_mb << 20U;
  options.attachment_unreferenced = config.journal.attachments_unnamed;
  for (const ListenSettings& one : config.listen) options.attachment_bytes_max = std::max(options.attachment_bytes_max, static_cast<std::int64_t>(one.attachment_bytes_max));
  for (const JournalSettings::EarlierKey& earlier : config.journal.earlier_keys) {
    TONGQU_TRY(auto key, detail::hex_key(earlier.seal_key));
    options.earlier_keys.push_back({earlier.key_id, std::move(key)});
  }
  TONGQU_TRY(options.seal_key, detail::hex_key(config.journal.seal_key));
  TONGQU_TRY(options.audit_key, detail::hex_key(config.audit.key));
  options.audit_head_file = config.audit.head_file;
  if (config.audit.stop_without_head) options.lost_head = journal::JournalOptions::LostHead::refused;
  if (config.audit.sign_key.given()) {
    TONGQU_TRY(options.audit_sign_key_pem, config.audit.sign_key.read());
  }
  return options;
}

} // namespace tongqu::bridge
