#include "simulation.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "bridge_process.hpp"
#include "memory_disk.hpp"
#include "office.hpp"

namespace tongqu::sim {
namespace {

constexpr std::uint64_t kStepsMax = 400000;
constexpr std::int64_t kLeaseMs = 61000;         ///< A little more than the lease of a claim.
constexpr std::int64_t kNoMore = 30 * 60 * 1000;   ///< What is due later than this waits for a person.

/// One world with one seed. The office and the platforms outlive every bridge.
class World {
public:
  World(std::uint64_t seed, Settings& settings, std::string folder, Planted planted)
      : settings_(settings), store_(std::move(folder) + "/store.db"), planted_(planted), chance_(seed), clock_(std::make_shared<VirtualClock>()), agenda_(*clock_),
        disk_(chance_.fork()), office_(agenda_, chance_.fork(), [this](std::string body, connector::AnswerFn answer) { return deliver(std::move(body), std::move(answer)); }, report_.broken) {
    report_.seed = seed;
    const std::pair<const char*, Character> all[] = {{"dedup", Character::deduplicates}, {"query", Character::queryable}, {"neither", Character::neither}};
    for (const auto& [name, character] : all) peers_.push_back(std::make_unique<PlatformPeer>(name, character, agenda_, *clock_, chance_.fork(), planted));
    faults_left_ = static_cast<int>(chance_.below(9));
    if (planted != Planted::none) faults_left_ = 8;
    if (planted == Planted::sync_lies) disk_.plant(MemoryDisk::Fault::sync_lies, chance_.below(40) + 20);
  }

  RunReport run() {
    office_.start();
    restart_in(0);
    while (report_.steps < kStepsMax && turn()) ++report_.steps;
    if (report_.steps == kStepsMax) broken("L8 nothing came to an end");
    judge();
    report_.virtual_ms = clock_->now();
    return std::move(report_);
  }

private:
  void broken(std::string what) { report_.broken.push_back(std::move(what)); }
  void note(std::uint64_t what) { report_.trace = (report_.trace ^ what) * 0x100000001B3U + static_cast<std::uint64_t>(clock_->now()); }

  bool deliver(std::string body, connector::AnswerFn answer) {
    if (!process_) return false;
    note(1);
    process_->deliver(std::move(body), std::move(answer));
    return true;
  }

  // ---- life and death

  void restart_in(std::int64_t ms) {
    starting_ = true;
    agenda_.in(ms, [this] {
      starting_ = false;
      if (process_) return;
      BridgeProcess::Parts parts{&settings_, store_, clock_, {}, chance_.fork(), planted_};
      for (const auto& peer : peers_) parts.peers.push_back(peer.get());
      auto started = BridgeProcess::start(std::move(parts));
      note(started ? 2 : 3);
      if (started) {
        process_ = *std::move(started);
        disk_.sync_names();
        return;
      }
      if (!faulty_now() && ++failed_starts_ > 3) return broken("L8 the bridge does not start: " + std::string(started.error().id()) + " " + started.error().where());
      disk_.kill();
      restart_in(chance_.between(100, 2000));
    });
  }

  bool faulty_now() { return !calm_; }

  void kill(bool power) {
    if (power) disk_.cut_power();
    else disk_.kill();
    process_.reset();
    note(power ? 5 : 4);
    ++(power ? report_.power_cuts : report_.kills);
    if (!starting_) restart_in(chance_.between(1, 3000));
  }

  void misfortune() {
    --faults_left_;
    const auto kind = chance_.below(12);
    if (kind < 3) return kill(false);
    if (kind < 5) return kill(true);
    if (kind < 10) {
      ++report_.disk_faults;
      using Fault = MemoryDisk::Fault;
      const Fault faults[] = {Fault::die, Fault::die, Fault::die, Fault::io_error, Fault::full};
      power_after_death_ = chance_.below(2) == 0;
      if (planted_ == Planted::sync_lies) return;
      disk_.plant(faults[kind - 5], chance_.below(25) + 1);
      if (faults[kind - 5] == Fault::full) agenda_.in(chance_.between(500, 20000), [this] { disk_.unplant(), disk_.free_space(); });
      return;
    }
    ++report_.clock_turns;
    clock_->turn_wall(chance_.between(-7200000, 7200000));
  }

  // ---- one turn of the wheel

  bool turn() {
    if (!calm_ && faults_left_ > 0 && process_ && chance_.once_in_a_while(40)) misfortune();
    if (!calm_ && office_.done() && chance_.once_in_a_while(40)) become_calm();
    if (disk_.died()) {
      kill(power_after_death_);
      return true;
    }
    if (process_ && process_->fatal()) {
      if (++ends_ > 200) {
        broken("L8 the journal fails again and again");
        return false;
      }
      kill(false);
      return true;
    }
    // Whether time or the bridge is the faster is a matter of chance.
    if (agenda_.run_due()) return true;
    if (process_ && process_->step()) return true;
    return go_on_in_time();
  }

  bool go_on_in_time() {
    std::optional<std::int64_t> next;
    if (!agenda_.empty()) next = agenda_.next();
    if (process_ && process_->wake_at() && (!next || *process_->wake_at() < *next)) next = process_->wake_at();
    // A wall that was turned back makes what is due wait as long; what waits for a person is looked at every hour, for ever.
    if (next && (*next - clock_->now() <= kNoMore || (calm_ && ++long_waits_ <= 6))) {
      clock_->go_to(*next);
      return true;
    }
    if (!calm_) {
      become_calm();
      return true;
    }
    // The journal's own thread would look after claims whose time is over; here that is done before a person is asked.
    if (process_ && lease_rounds_++ < 3) {
      clock_->go_to(clock_->now() + kLeaseMs);
      return true;
    }
    return process_ && ask_operator();
  }

  void become_calm() {
    calm_ = true;
    disk_.unplant();
    disk_.free_space();
    for (const auto& peer : peers_) peer->calm();
    if (!process_ && !starting_) restart_in(1);
  }

  /// The person who asks the platform by telephone and settles what nobody else can. True when there was something.
  bool ask_operator() {
    if (asked_++ > 20) return false;
    auto left = process_->journal().deliveries(journal::DeliveryState::unknown, 1000);
    if (!left) {
      broken("L8 the store cannot be read: " + std::string(left.error().id()));
      return false;
    }
    bool any = false;
    for (const auto& delivery : *left) {
      const auto resolution = took_effect(delivery) ? journal::Journal::Resolution::delivered : journal::Journal::Resolution::absent;
      any = static_cast<bool>(process_->journal().resolve(delivery.delivery, resolution, {"operator", "asked by telephone"})) || any;
      ++report_.settled_by_operator;
    }
    process_->ring_all();
    return any;
  }

  const PlatformPeer& peer(const std::string& name) const {
    return **std::find_if(peers_.begin(), peers_.end(), [&](const auto& one) { return one->name() == name; });
  }

  /// Whether the event of a delivery took effect; known by its identity, "system/organisation/item/case/event/revision".
  bool took_effect(const journal::DeliveryView& delivery) const {
    const auto view = process_->journal().message(delivery.message_id);
    if (!view || !*view) return false;
    const auto& effects = peer(delivery.target).effects();
    return std::any_of(effects.begin(), effects.end(), [&](const Effect& one) {
      return std::any_of(office_.events().begin(), office_.events().end(), [&](const SentEvent& event) {
        return (*view)->identity == "sim-office/O/I/" + event.case_no + "/" + event.rev + "/1" && one.body == event.effect();
      });
    });
  }

  // ---- the laws

  void judge() {
    if (!process_) return broken("L8 no bridge is up at the end");
    for (const SentEvent& event : office_.events()) judge_event(event);
    for (const auto& peer : peers_) judge_peer(*peer);
    judge_store();
  }

  void judge_event(const SentEvent& event) {
    const std::string name = event.case_no + "/" + event.rev;
    if (!event.acknowledged) return broken("L1 never acknowledged: " + name);
    ++report_.acknowledged;
    for (const auto& peer : peers_) {
      const std::size_t effects = static_cast<std::size_t>(
          std::count_if(peer->effects().begin(), peer->effects().end(), [&](const Effect& one) { return one.body == event.effect(); }));
      report_.effects += effects;
      if (effects > 1) broken("L2 " + std::to_string(effects) + " effects of " + name + " at " + peer->name());
      if (effects == 0 && peer->refusals().count(event.effect()) == 0) broken("L1 no effect of " + name + " at " + peer->name() + ": " + what_became(event, peer->name()));
    }
  }

  /// What the journal says of an event at a target, for whoever looks for the cause.
  std::string what_became(const SentEvent& event, const std::string& target) {
    const auto known = process_->journal().find("sim-office/O/I/" + event.case_no + "/" + event.rev + "/1");
    if (!known) return std::string(known.error().id());
    if (!*known) return "not in the journal";
    const auto view = process_->journal().message((*known)->message_id);
    if (!view || !*view) return "no message";
    for (const auto& one : (*view)->deliveries) {
      if (one.target == target) return std::string(journal::state_name(one.state)) + " " + one.error_id + " after " + std::to_string(one.attempts) + " claims, receipt " + one.receipt_no;
    }
    return "no delivery";
  }

  void judge_peer(const PlatformPeer& peer) {
    std::map<std::string, std::string> last;
    for (const Effect& effect : peer.effects()) {
      const auto event = std::find_if(office_.events().begin(), office_.events().end(), [&](const SentEvent& one) { return one.effect() == effect.body; });
      if (event == office_.events().end()) {
        broken("L3 an effect at " + peer.name() + " that nobody sent");
        continue;
      }
      std::string& before = last[event->case_no];
      if (!before.empty() && event->rev < before) broken("L4 " + event->case_no + "/" + event->rev + " after " + before + " at " + peer.name());
      before = event->rev;
    }
  }

  void judge_store() {
    const auto counts = process_->journal().counts();
    if (!counts) return broken("L8 the store cannot be read");
    using State = journal::DeliveryState;
    for (const State state : {State::waiting, State::ready, State::sending, State::unknown, State::held, State::parked}) {
      if (const auto n = counts->by_state[static_cast<std::size_t>(state)]; n != 0) broken("L8 " + std::to_string(n) + " deliveries end as " + std::string(journal::state_name(state)));
    }
    process_.reset();
    journal::VerifyOptions verify;
    verify.path = store_;
    verify.audit_key = Secret(std::string(32, 'a'));
    verify.audit_head_file = store_ + ".head";
    const auto chain = journal::verify_audit(verify);
    if (!chain || !chain->ok()) broken("L6 the audit chain: " + (chain ? chain->problem : std::string(chain.error().id())));
  }

  Settings& settings_;
  std::string store_;
  Planted planted_;
  RunReport report_;
  Chance chance_;
  std::shared_ptr<VirtualClock> clock_;
  Agenda agenda_;
  MemoryDisk disk_;
  std::vector<std::unique_ptr<PlatformPeer>> peers_;
  Office office_;
  std::unique_ptr<BridgeProcess> process_;
  bool calm_ = false, starting_ = false, power_after_death_ = false;
  int faults_left_ = 0, failed_starts_ = 0, ends_ = 0, asked_ = 0, long_waits_ = 0, lease_rounds_ = 0;
};

} // namespace

RunReport run_seed(std::uint64_t seed, Settings& settings, const std::string& folder, Planted planted) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return World(seed, settings, folder, planted).run();
}

} // namespace tongqu::sim
