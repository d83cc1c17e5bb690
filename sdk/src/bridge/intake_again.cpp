#include <algorithm>

#include "bridge/intake_task.hpp"
#include "bridge/stored_delivery.hpp"

/// Stored messages that are mapped or sent once more: releases and replays.
namespace tongqu::bridge::detail {

using mapping::RecordVerdict;

Result<mapping::MappedRecord> IntakeRoad::map_again(const journal::MessageView& view, const Setup& setup, const PackInForce& pack, Worker& worker) const {
  TONGQU_TRY(const auto bodies, parts_.journal->bodies(view.message_id));
  TONGQU_TRY(const wire::Delivery delivery, load_delivery(bodies.raw));
  TONGQU_TRY(auto mapped, pack.pack->run(delivery, environment(setup, pack, Limits{}), worker.workspace));
  const auto same = std::find_if(mapped.begin(), mapped.end(), [&](const auto& one) { return view.system + "/" + one.record.identity.key() == view.identity; });
  if (same != mapped.end()) return std::move(*same);
  if (mapped.size() == 1) return std::move(mapped.front());
  return Error(Errc::bridge_identity_changed).at(view.message_id);
}

Result<IntakeRoad::Release> IntakeRoad::release(std::string_view message_id, const journal::Journal::Act& act, bool preview) {
  TONGQU_TRY(auto view, parts_.journal->message(message_id));
  if (!view) return Error(Errc::journal_not_found).at(std::string(message_id));
  const bool held = std::any_of(view->deliveries.begin(), view->deliveries.end(), [](const auto& d) { return d.state == journal::DeliveryState::held; });
  if (!held) return Error(Errc::bridge_not_held).at(std::string(message_id));
  Release release;
  TONGQU_TRY(const PackInForcePtr pack, parts_.setups->reload_pack(view->system, release.findings));
  const SetupPtr setup = parts_.setups->current();
  release.pack = pack->pack->info().name();
  Worker worker;
  TONGQU_TRY(mapping::MappedRecord record, map_again(*view, *setup, *pack, worker));
  const bool same_event = view->system + "/" + record.record.identity.key() == view->identity;
  release.findings.append(std::move(record.findings));
  if (record.verdict != RecordVerdict::accepted) return release;
  if (!same_event) return Error(Errc::bridge_identity_changed).at(std::string(message_id));
  for (const auto& one : view->deliveries) {
    const auto target = setup->targets.find(one.target);
    if (target == setup->targets.end()) return Error(Errc::bridge_config_reference).at("platforms").with(one.target);
    TONGQU_TRY(auto planned, target->second->plan(record.canonical, setup->environment(), worker.workspace));
    if (planned.verdict == RecordVerdict::accepted) continue;
    release.findings.append(std::move(planned.findings));
    return release;
  }
  TONGQU_TRY(const bool whole, attach_again(*view, record, release.findings, preview ? Again::preview : Again::act));
  if (preview || !whole) return release;
  const std::string digest = mapping::content_digest(record);
  // The record changes for every target, also for one that was never held and still waits for its turn.
  for (const auto& one : view->deliveries) static_cast<void>(parts_.plans->take(message_id, one.target));
  TONGQU_CHECK(parts_.journal->release(message_id, std::move(record.canonical), digest, pack->pack->info().name(), pack->pack->info().digest, act));
  release.released = true;
  return release;
}

Result<IntakeRoad::Replay> IntakeRoad::replay(const ReplayRequest& request, const journal::Journal::Act& act, Findings& findings) {
  TONGQU_TRY(const auto view, parts_.journal->message(request.message_id));
  if (!view) return Error(Errc::journal_not_found).at(request.message_id);
  const journal::DeliveryView* last = nullptr;
  for (const auto& one : view->deliveries) {
    if (one.target == request.target) last = &one;
  }
  if (last == nullptr) return Error(Errc::journal_not_found).at(request.message_id).with(request.target);
  // It was delivered, perhaps, since somebody chose it as refused.
  if (!request.state.empty() && request.state != journal::state_name(last->state)) return Error(Errc::bridge_replay_state).at(request.message_id);
  if (last->state == journal::DeliveryState::held) return Error(Errc::bridge_replay_held).at(request.message_id);
  if (last->state != journal::DeliveryState::parked && !journal::is_final(last->state)) return Error(Errc::bridge_replay_on_its_way).at(request.message_id);

  const SetupPtr setup = parts_.setups->current();
  const auto target = setup->targets.find(request.target);
  if (target == setup->targets.end()) return Error(Errc::bridge_config_reference).at("platforms").with(request.target);
  Worker worker;
  Replay replay;
  replay.from = journal::state_name(last->state);
  replay.pack = view->pack;
  journal::Redelivery what;
  what.message_id = request.message_id;
  what.target = request.target;
  what.overtake = request.overtake;
  TONGQU_TRY(const auto bodies, parts_.journal->bodies(request.message_id));
  std::string canonical = bodies.canonical;
  if (request.remap) {
    const PackInForcePtr pack = setup->pack_of_system(view->system);
    if (pack == nullptr) return Error(Errc::bridge_config_reference).at("packs").with(view->system);
    TONGQU_TRY(mapping::MappedRecord record, map_again(*view, *setup, *pack, worker));
    findings.append(std::move(record.findings));
    if (record.verdict != RecordVerdict::accepted) return Error(Errc::bridge_replay_not_accepted).at(request.message_id);
    if (view->system + "/" + record.record.identity.key() != view->identity) return Error(Errc::bridge_identity_changed).at(request.message_id);
    TONGQU_TRY(const bool whole, attach_again(*view, record, findings, request.preview ? Again::preview : Again::act));
    if (!whole) return Error(Errc::bridge_replay_not_accepted).at(request.message_id);
    TONGQU_TRY(const auto known, parts_.journal->find(view->identity));
    what.digest = mapping::content_digest(record);
    what.pack = replay.pack = pack->pack->info().name();
    what.pack_digest = pack->pack->info().digest;
    replay.changed = known && known->digest != what.digest;
    canonical = record.canonical;
    what.canonical = std::move(record.canonical);
  }
  auto planned = target->second->plan(canonical, setup->environment(), worker.workspace);
  if (!planned) {
    if (planned.error().code() == Errc::mapping_no_target_message) return Error(Errc::bridge_replay_no_message).at(request.message_id);
    return std::move(planned).error();
  }
  findings.append(std::move(planned->findings));
  if (planned->verdict != RecordVerdict::accepted) return Error(Errc::bridge_replay_not_accepted).at(request.message_id);
  for (const auto& one : planned->messages) replay.messages.push_back(one.name);

  if (!request.preview) {
    for (const auto& one : view->deliveries) static_cast<void>(parts_.plans->take(request.message_id, one.target));
  }
  using Redo = journal::Journal::Redo;
  TONGQU_TRY(replay.delivery, parts_.journal->redeliver(std::move(what), act, request.preview ? Redo::preview : Redo::act));
  return replay;
}

} // namespace tongqu::bridge::detail
