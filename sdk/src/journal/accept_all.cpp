#include "journal/accept_all.hpp"

#include <algorithm>

#include "journal/prepare.hpp"

namespace tongqu::journal::detail {
namespace {

/// A claim soon after finds so many records of one delivery in memory; the rest are read from their rows.
constexpr std::size_t kFreshMax = 256;
/// Records that are sealed side by side.
constexpr std::size_t kSealedTogether = 8;

Error at_record(Error error, std::size_t i) {
  const std::string where = error.where();
  return std::move(error).at("record " + std::to_string(i + 1) + (where.empty() ? "" : ": " + where));
}

} // namespace

Result<std::unique_ptr<AcceptAllOperation>> AcceptAllOperation::prepare(IntakeBatch batch, const Sealing& sealing, Done done) {
  std::unique_ptr<AcceptAllOperation> made(new AcceptAllOperation(std::move(done)));
  std::vector<IntakeOutcome>& outcomes = *made->outcomes_;
  outcomes.reserve(batch.intakes.size());
  made->accepts_.reserve(batch.intakes.size());
  // A sender's bytes are never taken for a reference to another message.
  if (batch.raw.size() > kBodyBytesMax || is_shared_raw(batch.raw)) return Error(Errc::journal_intake_invalid).at("raw");
  if (!batch.intakes.empty()) {
    made->raw_box_owner_ = batch.intakes.front().message_id;
    TONGQU_TRY(made->raw_box_, sealing.seal(batch.raw, made->raw_box_owner_, "raw"));
  }
  const std::string raw_digest = crypto::sm3(batch.raw);
  for (std::size_t at = 0; at < batch.intakes.size(); at += kSealedTogether) {
    std::vector<Intake> some;
    for (std::size_t i = at; i < std::min(batch.intakes.size(), at + kSealedTogether); ++i) {
      if (!batch.intakes[i].raw.empty()) return at_record(Error(Errc::journal_intake_invalid).at("raw"), i);
      some.push_back(std::move(batch.intakes[i]));
    }
    auto prepared = prepare_intakes(std::move(some), sealing);
    for (std::size_t i = 0; i < prepared.size(); ++i) {
      if (!prepared[i]) return at_record(std::move(prepared[i]).error(), at + i);
      prepared[i]->raw_digest = raw_digest;
      if (at + i >= kFreshMax) std::string().swap(prepared[i]->intake.canonical);
      made->accepts_.push_back(std::make_unique<AcceptOperation>(*std::move(prepared[i]), [outcomes = made->outcomes_](Result<IntakeOutcome> outcome) {
        if (outcome) outcomes->push_back(*std::move(outcome));
      }));
    }
  }
  std::string digest;
  for (Refusal& refusal : batch.refusals) {
    if (refusal.digest.empty() && digest.empty()) digest = sealing.fingerprint(batch.raw);
    if (refusal.digest.empty()) refusal.digest = digest;
    if (refusal.size == 0) refusal.size = batch.raw.size();
    refusal.bytes = {};
    made->refusals_.push_back(std::make_unique<RefuseOperation>(std::move(refusal)));
  }
  made->raw_ = std::move(batch.raw);
  return made;
}

Result<void> AcceptAllOperation::apply(Desk& desk) {
  raw_kept_with_.clear();
  for (const auto& one : accepts_) TONGQU_CHECK(apply_one(desk, *one));
  for (const auto& one : refusals_) TONGQU_CHECK(one->apply(desk));
  return {};
}

/// Until one is stored nobody knows which message is the first new one, so references are sealed here, where it is known.
Result<void> AcceptAllOperation::apply_one(Desk& desk, AcceptOperation& one) {
  const std::string& id = one.prepared().intake.message_id;
  std::string& box = one.prepared().raw_box;
  if (!raw_kept_with_.empty()) {
    TONGQU_TRY(box, desk.sealing.seal(std::string(kSharedRaw) + raw_kept_with_, id, "raw"));
  } else if (id == raw_box_owner_) {
    box = raw_box_;
  } else {
    TONGQU_TRY(const auto known, desk.store.known(one.prepared().intake.identity));
    if (!known) {
      TONGQU_TRY(box, desk.sealing.seal(raw_, id, "raw"));
    }
  }
  TONGQU_CHECK(one.apply(desk));
  if (one.stored() && raw_kept_with_.empty()) raw_kept_with_ = id;
  std::string().swap(box);
  return {};
}

void AcceptAllOperation::complete(Desk& desk, const Error* failure) {
  for (const auto& one : accepts_) one->complete(desk, failure);
  if (failure != nullptr) return done_(*failure);
  done_(std::move(*outcomes_));
}

} // namespace tongqu::journal::detail
