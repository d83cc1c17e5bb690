#include "bridge_process.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace tongqu::sim {

using bridge::detail::IntakeParts;
using bridge::detail::IntakeRoad;
using bridge::detail::Lane;
using bridge::detail::LaneParts;
using bridge::detail::WorkerPool;

namespace {

constexpr const char* kPack = R"(pack: sim-office
system: sim-office
version: "1"
title: {en: Office of the simulation, zh: 仿真窗口}
connector: {family: rest}
mappings:
  - {file: mappings/event.yaml, match: {family: rest}}
)";

constexpr const char* kMapping = R"(mapping: sim.event
to: case@1
record: part
zone: "+08:00"
source:
  - json: {}
identity:
  organisation: {from: org, on_fail: reject}
  item:         {from: item, on_fail: reject}
  case:         {from: case, on_fail: reject}
  event:        {from: REVISION, on_fail: reject}
event: {from: event, table: {inline: {STEP: step}, system: sim.event, unknown: reject}, on_fail: reject}
rules:
  case_no: {from: case, on_fail: reject}
  remark:  {from: text, on_fail: reject}
  title:   {from: rev, on_fail: reject}
ignore: [nonce]
answer:
  format: json
  lang: en
  accepted: '{{"id":"{message_id}","at":"{accepted_at}"}}'
  held: '{{"held":"{message_id}"}}'
  refused: fault
  conflict: fault
)";

constexpr const char* kTarget = R"(
from: case@1
zone: "+08:00"
messages:
  - name: step
    when: 'envelope.event == "step"'
    after: []
    rules:
      case: {from: case_no, on_fail: hold}
      rev:  {from: title, on_fail: hold}
      text: {from: remark, on_fail: hold}
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

[[noreturn]] void give_up(const char* what, const Findings& mistakes) {
  throw std::runtime_error(std::string(what) + ": " + (mistakes.empty() ? "?" : describe(*mistakes.begin(), Lang::en)));
}

} // namespace

std::unique_ptr<Settings> make_settings(const std::string& folder, bool nonce_identity) {
  auto made = std::make_unique<Settings>();
  Findings mistakes;
  write(folder + "/pack/pack.yaml", kPack);
  std::string mapping = replaced(kMapping, "REVISION", nonce_identity ? "nonce" : "rev");
  if (nonce_identity) mapping = replaced(mapping, "ignore: [nonce]\n", "");
  write(folder + "/pack/mappings/event.yaml", mapping);
  bridge::PackSettings where;
  where.path = folder + "/pack";
  const auto pack = bridge::detail::load_pack(where, mistakes);
  if (!pack) give_up("pack", mistakes);
  bridge::RouteSettings route{"*", "", {}};
  for (const char* name : {"dedup", "query", "neither"}) {
    const std::string file = folder + "/" + name + ".yaml";
    write(file, "target: sim." + std::string(name) + kTarget);
    auto target = mapping::Target::load(file, mistakes);
    if (!target) give_up("target", mistakes);
    made->targets[name] = *target;
    route.targets.push_back({name, ""});
  }
  made->config.reference_date.year = 2150;
  made->config.listen.push_back({"office", "rest", "127.0.0.1", "/", "", "sim-office", 0, {}, {}, {}, {}});
  made->config.routes.push_back(route);
  made->config.delivery.breaker_failures = 3;
  auto setup = std::make_shared<bridge::detail::Setup>();
  setup->config = made->config;
  setup->packs = {{"sim-office", *pack}};
  setup->targets = made->targets;
  made->setups.put(std::move(setup));
  return made;
}

journal::JournalOptions store_options(const std::string& store) {
  journal::JournalOptions options;
  options.path = store;
  options.seal_key = Secret(std::string(32, 's'));
  options.audit_key = Secret(std::string(32, 'a'));
  options.audit_head_file = store + ".head";
  options.head_every_entries = 8;
  options.group_max = 6;
  return options;
}

Result<std::unique_ptr<BridgeProcess>> BridgeProcess::start(Parts parts) {
  std::unique_ptr<BridgeProcess> process(new BridgeProcess(std::move(parts)));
  TONGQU_CHECK(process->begin());
  return process;
}

Result<void> BridgeProcess::begin() {
  auto& config = parts_.settings->config;
  auto options = store_options(parts_.store);
  options.ask_after = config.delivery.query_after;
  TONGQU_TRY(stepped_, journal::detail::open_stepped(std::move(options), parts_.clock));
  pool_ = std::make_unique<WorkerPool>(0, 64, [] { throw std::logic_error("a work item threw"); });
  for (PlatformPeer* peer : parts_.peers) {
    LaneParts lane;
    lane.platform = peer->name();
    lane.client = std::make_unique<SimClient>(*peer);
    lane.target = parts_.settings->targets.at(peer->name());
    lane.concurrency = 4;
    lane.settings = config.delivery;
    lane.journal = stepped_.journal.get();
    lane.plans = &plans_;
    lane.pool = pool_.get();
    lane.clock = parts_.clock;
    lane.metrics = &metrics_;
    lane.on_fatal = [this] { fatal_ = true; };
    lane.jitter_seed = static_cast<std::uint32_t>(parts_.chance.next());
    lanes_.push_back(std::make_shared<Lane>(std::move(lane), [this] { woken_ = true; }));
  }
  IntakeParts intake;
  intake.setups = &parts_.settings->setups;
  intake.journal = stepped_.journal.get();
  intake.plans = &plans_;
  intake.pool = pool_.get();
  intake.clock = parts_.clock;
  intake.metrics = &metrics_;
  intake.on_fatal = [this] { fatal_ = true; };
  intake_ = std::make_unique<IntakeRoad>(std::move(intake));
  stepped_.journal->on_ready([this](const std::string& target) {
    for (const auto& lane : lanes_) {
      if (lane->platform() == target && lane->ring()) woken_ = true;
    }
  });
  return {};
}

void BridgeProcess::deliver(std::string body, connector::AnswerFn answer) {
  connector::Inbound inbound;
  inbound.route = "office";
  inbound.trace_id = "t";
  inbound.delivery.facts = {{"family", "rest"}, {"peer", "office"}};
  inbound.delivery.parts.push_back({"body", "application/json", std::move(body), nullptr});
  if (parts_.planted == Planted::early_answer) {
    connector::Answer early;
    early.payload = "early";
    answer(std::move(early));
    answer = [](const connector::Answer&) {};
  }
  intake_->on_delivery(std::move(inbound), [alive = alive_, answer = std::move(answer)](connector::Answer told) {
    if (*alive) answer(std::move(told));
  });
}

bool BridgeProcess::courier() {
  if (!woken_ && (!courier_at_ || *courier_at_ > parts_.clock->now())) return false;
  woken_ = false;
  courier_at_.reset();
  for (const auto& lane : lanes_) {
    lane->pump();
    const auto at = lane->next_look();
    if (!at) continue;
    const std::int64_t then = VirtualClock::of(*at);
    if (!courier_at_ || then < *courier_at_) courier_at_ = then;
  }
  return true;
}

bool BridgeProcess::step() {
  const auto first = parts_.chance.below(3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    switch ((first + i) % 3) {
      case 0: if (pool_->run_next(worker_)) return true; break;
      case 1: if (stepped_.turn()) return true; break;
      default: if (courier()) return true; break;
    }
  }
  return false;
}

void BridgeProcess::ring_all() {
  for (const auto& lane : lanes_) static_cast<void>(lane->ring());
  woken_ = true;
}

void BridgeProcess::stop_claiming() {
  intake_->stop_taking();
  for (const auto& lane : lanes_) lane->stop_claiming();
}

bool BridgeProcess::idle() const {
  for (const auto& lane : lanes_) {
    if (!lane->idle()) return false;
  }
  return true;
}

void BridgeProcess::end() {
  *alive_ = false;  // Nobody hears a process that is gone.
  if (pool_) pool_->stop();
  worker_.gathered = {};
  if (stepped_.journal) stepped_.journal->close();
  for (const auto& lane : lanes_) lane->close();
  lanes_.clear();
  intake_.reset();
  pool_.reset();
  stepped_ = {};
}

} // namespace tongqu::sim
