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

Result<Sealing::Bodies> Sealing::seal_bodies(const Intake& intake) const {
  Bodies bodies;
  const Bytes plain[] = {intake.raw, intake.canonical, intake.acknowledgement};
  static constexpr const char* kColumns[] = {"raw", "canonical", "acknowledgement"};
  std::string* const into[] = {&bodies.raw, &bodies.canonical, &bodies.acknowledgement};
  std::string associated_data[3];
  std::vector<crypto::Sealer::Item> items;
  items.reserve(3);
  for (std::size_t i = 0; i < 3; ++i) {
    if (plain[i].empty()) continue;
    associated_data[i] = associated(intake.message_id, kColumns[i], key_id());
    items.push_back({plain[i], associated_data[i]});
  }
  TONGQU_TRY(auto together, sealer_.seal_together(items, {intake.raw, intake.digest_input}));
  std::size_t taken = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    if (!plain[i].empty()) *into[i] = std::move(together.boxes[taken++]);
  }
  if (!intake.raw.empty()) bodies.raw_digest = std::move(together.digests[0]);
  if (!intake.digest_input.empty()) bodies.digest = std::move(together.digests[1]);
  return bodies;
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
