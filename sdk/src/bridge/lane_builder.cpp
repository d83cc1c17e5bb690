#include "bridge/lane_builder.hpp"

#include <algorithm>

#include "bridge/back_target.hpp"
#include "bridge/call_back.hpp"
#include "bridge/up_events.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::bridge::detail {
namespace {

constexpr std::size_t kCallBackConcurrency = 4;

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

/// A digest of everything that makes a lane what it is. Credentials enter by value: a key that was exchanged in its file counts.
std::string fingerprint(const PlatformSettings& one, const platform::PlatformConfig& config, const DeliverySettings& delivery, const std::string& target,
                        const std::string& site) {
  crypto::Hasher hasher(crypto::Hasher::Algorithm::sm3);
  const auto text = [&hasher](std::string_view value) {
    hasher.update(std::to_string(value.size()) + ":");
    hasher.update(value);
  };
  const auto number = [&text](auto value) { text(std::to_string(value)); };
  for (const std::string* value : {&one.name, &one.profile, &one.url, &one.pinned_host, &one.ca_file, &target}) text(*value);
  for (const auto& [name, value] : config.settings) text(name), text(value);
  text("credentials");
  for (const auto& [name, value] : config.credentials) text(name), text(value.reveal());
  number(one.connect_timeout.count()), number(one.total_timeout.count()), number(one.concurrency);
  number(one.rate.per_second), number(one.rate.burst), number(static_cast<int>(one.rate.learn));
  for (const PauseSettings& pause : one.pauses) number(to_epoch_ms(pause.from)), number(to_epoch_ms(pause.until));
  number(delivery.retry_min.count()), number(delivery.retry_max.count()), number(delivery.query_after.count());
  number(delivery.breaker_failures), number(delivery.breaker_open.count());
  text(site);
  return hasher.finish();
}

/// The `reply` of a target for a profile; empty when it has none.
platform::ReplyReader reply_reader(const TargetPtr& target) {
  const auto probe = target->read_reply({});
  if (!probe && probe.error().code() == Errc::mapping_reply_unknown && probe.error().where() == target->id()) return {};
  return [target](std::string_view body, int http_status) -> Result<platform::Reply> {
    TONGQU_TRY(auto reading, target->read_reply({body, http_status}));
    using From = mapping::ReplyClass;
    using To = platform::Reply::Is;
    static constexpr std::pair<From, To> kClasses[] = {{From::accepted, To::accepted},   {From::duplicate, To::duplicate},     {From::fix_input, To::fix_input},
                                                       {From::fix_setup, To::fix_setup}, {From::retry_later, To::retry_later}, {From::give_up, To::give_up}};
    platform::Reply reply;
    for (const auto& [from, to] : kClasses) {
      if (reading.is == from) reply.is = to;
    }
    reply.receipt = std::move(reading.receipt);
    reply.code = std::move(reading.code);
    return reply;
  };
}

using MakeClient = std::function<Result<std::unique_ptr<platform::PlatformClient>>()>;

/// The lane that is there when nothing changed, or a new one that has learned what it knew.
Result<void> add_lane(const PlatformSettings& one, const std::string& digest, const TargetPtr& target, const MakeClient& make, const Setup& setup, const LaneContext& context,
                      const Lanes& before, Lanes& lanes) {
  const auto old = std::find_if(before.begin(), before.end(), [&](const auto& lane) { return lane->platform() == one.name; });
  if (old != before.end() && (*old)->fingerprint() == digest) {
    lanes.push_back(*old);
    return {};
  }
  LaneParts lane;
  TONGQU_TRY(lane.client, make());
  lane.platform = one.name;
  lane.fingerprint = digest;
  lane.target = target;
  lane.site = setup.site;
  lane.reference_date = setup.config.reference_date;
  lane.concurrency = one.concurrency;
  lane.rate = one.rate;
  lane.pauses = one.pauses;
  lane.total_timeout = one.total_timeout;
  lane.lease = context.lease;
  lane.settings = setup.config.delivery;
  lane.journal = context.journal;
  lane.plans = context.plans;
  lane.pool = context.pool;
  lane.clock = context.clock;
  lane.log = context.log;
  lane.metrics = context.metrics;
  lane.on_fatal = context.on_fatal;
  lanes.push_back(std::make_shared<Lane>(std::move(lane), context.wake));
  if (old != before.end()) lanes.back()->inherit(**old);
  return {};
}

} // namespace

Result<Lanes> build_lanes(const Setup& setup, const platform::Registry& platforms, const LaneContext& context, const Lanes& before) {
  Lanes lanes;
  for (const PlatformSettings& one : setup.config.platforms) {
    TONGQU_TRY(auto config, platform_config(one));
    const TargetPtr& target = setup.targets.at(one.name);
    config.read_reply = reply_reader(target);
    const std::string digest = fingerprint(one, config, setup.config.delivery, target->digest(), setup.site->digest);
    const auto make = [&] { return platforms.create(config, context.clock); };
    TONGQU_CHECK(add_lane(one, digest, target, make, setup, context, before, lanes));
  }
  for (const auto& [name, pack] : setup.packs) {
    const CallBackSettings& call_back = pack->settings.call_back;
    if (!call_back.on()) continue;
    PlatformSettings as_platform;
    as_platform.name = back_target(pack->pack->info().system);
    // Of several packs of one system, the first by name is called.
    if (std::any_of(lanes.begin(), lanes.end(), [&](const auto& lane) { return lane->platform() == as_platform.name; })) continue;
    as_platform.url = call_back.url;
    as_platform.profile = call_back.path;
    as_platform.pinned_host = call_back.pinned_host;
    as_platform.ca_file = call_back.ca_file;
    as_platform.concurrency = kCallBackConcurrency;
    platform::PlatformConfig secrets;
    if (call_back.token.given()) {
      TONGQU_TRY(secrets.credentials["token"], call_back.token.read());
    }
    const auto reply = setup.replies.find(name);
    const TargetPtr target = make_back_target(setup, *pack, [journal = context.journal](const std::string& system, const std::string& case_no) {
      return journal == nullptr ? std::string() : about_case(*journal, system, case_no);
    });
    const std::string reads = reply == setup.replies.end() ? std::string() : reply->second->digest();
    const std::string digest = fingerprint(as_platform, secrets, setup.config.delivery, target->digest() + " " + reads, setup.site->digest);
    const auto make = [&] { return make_call_back(call_back, reply == setup.replies.end() ? platform::ReplyReader() : reply_reader(reply->second), context.clock); };
    TONGQU_CHECK(add_lane(as_platform, digest, target, make, setup, context, before, lanes));
  }
  return lanes;
}

} // namespace tongqu::bridge::detail
