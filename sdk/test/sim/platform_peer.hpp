#pragma once
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "agenda.hpp"
#include "chance.hpp"
#include "tongqu/platform/platform.hpp"

namespace tongqu::sim {

/// What a platform does with an id that it has seen.
enum class Character : std::uint8_t { deduplicates, queryable, neither };

/// A bug put into a part of the world, so that the laws can be seen to notice it.
enum class Planted : std::uint8_t {
  none,
  sync_lies,          ///< The disk says that it has synced and has not.
  early_answer,       ///< The caller hears "stored" before anything is committed.
  false_not_sent,     ///< The client says that no byte left when the message took effect.
  false_guarantee,    ///< The profile claims that a platform knows ids again, and it does not.
  late_effect,        ///< The platform gives a receipt and takes the message up much later.
  altered_body,       ///< The client changes a digit on the way.
  nonce_identity,     ///< The pack takes a number of the sending, not of the event, for its identity.
};

/// Something that happened at a platform, for good.
struct Effect {
  std::string message_id, body;
  std::int64_t at = 0;
};

/// One platform. It lives as long as the world; what reached it happens whether or not the sender is still alive.
class PlatformPeer {
public:
  PlatformPeer(std::string name, Character character, Agenda& agenda, VirtualClock& clock, Chance chance, Planted planted)
      : name_(std::move(name)), character_(character), agenda_(agenda), clock_(clock), chance_(chance), planted_(planted) {}

  const std::string& name() const noexcept { return name_; }
  Character character() const noexcept { return character_; }
  const std::vector<Effect>& effects() const noexcept { return effects_; }
  /// Bodies that it refused for good.
  const std::set<std::string>& refusals() const noexcept { return refused_; }
  /// From now on every call goes well.
  void calm() noexcept { calm_ = true; }
  platform::Guarantee guarantee() const noexcept;

  void submit(platform::Submission submission, std::function<void(platform::SubmitOutcome)> done);
  void query(const std::string& message_id, std::function<void(platform::QueryOutcome)> done);

private:
  bool has(const std::string& message_id) const;
  platform::SubmitOutcome take(const platform::Submission& submission);
  platform::SubmitOutcome trouble(std::uint64_t kind);

  std::string name_;
  Character character_;
  Agenda& agenda_;
  VirtualClock& clock_;
  Chance chance_;
  Planted planted_;
  bool calm_ = false;
  std::vector<Effect> effects_;
  std::set<std::string> refused_;
};

/// The client of one process. What it still has in flight when it ends is answered as unknown, once.
class SimClient final : public platform::PlatformClient {
public:
  explicit SimClient(PlatformPeer& peer) : peer_(peer) {}
  ~SimClient() override;
  platform::Guarantee guarantee() const override { return peer_.guarantee(); }
  void submit(platform::Submission submission, std::function<void(platform::SubmitOutcome)> done) override;
  void query(std::string message_id, std::string digest_of_body, std::function<void(platform::QueryOutcome)> done) override;

private:
  using Ending = std::function<void()>;
  PlatformPeer& peer_;
  std::shared_ptr<std::map<std::uint64_t, Ending>> in_flight_ = std::make_shared<std::map<std::uint64_t, Ending>>();
  std::uint64_t next_ = 0;
};

} // namespace tongqu::sim
