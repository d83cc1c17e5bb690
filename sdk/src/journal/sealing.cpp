#include "journal/sealing.hpp"

namespace tongqu::journal::detail {
namespace {

std::string associated(std::string_view owner, std::string_view column, std::string_view key_id) {
  std::string out;
  out.reserve(owner.size() + column.size() + key_id.size() + 2);
  out.append(owner).append(1, '\n').append(column).append(1, '\n').append(key_id);
  return out;
}

} // namespace

Result<Sealing> Sealing::create(const JournalOptions& options) {
  TONGQU_TRY(auto sealer, crypto::Sealer::create(options.seal_key));
  Secret derived(crypto::hmac(crypto::MacAlgorithm::hmac_sm3, options.seal_key, "tongqu-refusal-fingerprint-1"));
  Sealing sealing(std::move(sealer), std::move(derived), options.key_id);
  for (const JournalOptions::EarlierKey& earlier : options.earlier_keys) {
    TONGQU_TRY(auto opener, crypto::Sealer::create(earlier.seal_key));
    const bool is_new = earlier.key_id != options.key_id && sealing.earlier_.emplace(earlier.key_id, std::move(opener)).second;
    if (!is_new) return Error(Errc::journal_open).at("key_id");
    sealing.key_ids_.push_back(earlier.key_id);
  }
  return sealing;
}

Result<std::string> Sealing::seal(Bytes plain, std::string_view owner, std::string_view column) const {
  if (plain.empty()) return std::string();
  return sealer_.seal(plain, associated(owner, column, key_id()));
}

Result<std::vector<Sealing::Bodies>> Sealing::seal_bodies(const std::vector<const Intake*>& intakes) const {
  std::vector<Bodies> all(intakes.size());
  std::vector<std::string> bound;
  std::vector<crypto::Sealer::Item> items;
  std::vector<Bytes> digest_of;
  std::vector<std::string*> boxes, digests;  // Where each result goes.
  bound.reserve(3 * intakes.size());
  items.reserve(3 * intakes.size());
  for (std::size_t i = 0; i < intakes.size(); ++i) {
    const Intake& in = *intakes[i];
    Bodies& bodies = all[i];
    const auto seal_one = [&](Bytes plain, std::string_view column, std::string& into) {
      if (plain.empty()) return;
      items.push_back({plain, bound.emplace_back(associated(in.message_id, column, key_id()))});
      boxes.push_back(&into);
    };
    const auto digest_one = [&](Bytes text, std::string& into) {
      if (text.empty()) return;
      digest_of.push_back(text);
      digests.push_back(&into);
    };
    seal_one(in.raw, "raw", bodies.raw);
    seal_one(in.canonical, "canonical", bodies.canonical);
    seal_one(in.acknowledgement, "acknowledgement", bodies.acknowledgement);
    digest_one(in.raw, bodies.raw_digest);
    digest_one(in.digest_input, bodies.digest);
  }
  TONGQU_TRY(auto together, sealer_.seal_together(items, digest_of));
  for (std::size_t i = 0; i < boxes.size(); ++i) *boxes[i] = std::move(together.boxes[i]);
  for (std::size_t i = 0; i < digests.size(); ++i) *digests[i] = std::move(together.digests[i]);
  return all;
}

Result<Sealing::Proof> Sealing::seal_proof(Bytes plain, std::string_view owner, std::string_view column) const {
  const std::string bound = associated(owner, column, key_id());
  TONGQU_TRY(auto together, sealer_.seal_together({{plain, bound}}, {plain}));
  return Proof{std::move(together.boxes.front()), std::move(together.digests.front())};
}

Result<std::string> Sealing::open(Bytes box, std::string_view row_key_id, std::string_view owner, std::string_view column) const {
  if (box.empty()) return std::string();
  if (row_key_id == key_id()) return sealer_.open(box, associated(owner, column, row_key_id));
  const auto earlier = earlier_.find(row_key_id);
  if (earlier == earlier_.end()) return Error(Errc::crypto_seal_broken).at("key_id");
  return earlier->second.open(box, associated(owner, column, row_key_id));
}

std::string Sealing::fingerprint(Bytes bytes) const { return crypto::hmac(crypto::MacAlgorithm::hmac_sm3, fingerprint_key_, bytes); }

std::string receipt_owner(std::int64_t delivery) { return "delivery " + std::to_string(delivery); }

} // namespace tongqu::journal::detail
