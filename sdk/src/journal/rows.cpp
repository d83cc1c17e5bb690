#include "journal/rows.hpp"

namespace tongqu::journal::detail {
namespace {

/// Bytes of a row in which no two rows are equal: each text stands behind its length.
class Fields {
public:
  explicit Fields(char table) { bytes_.append(std::string_view(&table, 1)); }
  Fields& number(std::int64_t value) {
    bytes_.number(value);
    return *this;
  }
  Fields& text(std::string_view value) {
    number(static_cast<std::int64_t>(value.size()));
    bytes_.append(value);
    return *this;
  }
  std::int64_t check(const SipKey& key) const { return static_cast<std::int64_t>(siphash(key, bytes_.view())); }

private:
  ShortBytes bytes_;
};

SipKey key_from(std::string_view bytes) {
  const auto word = [bytes](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    return value;
  };
  return {word(0), word(8)};
}

} // namespace

std::int64_t RowChecks::of(const MessageRow& row) const {
  Fields fields('m');
  fields.number(row.id).text(row.message_id).text(row.identity).text(row.digest).text(row.system).text(row.case_no).text(row.event);
  fields.text(row.pack).text(row.pack_digest).number(row.created_ms).text(row.key_id).text(row.findings).number(row.purged_ms);
  for (const std::int64_t size : row.box_bytes) fields.number(size);
  return fields.check(key_);
}

std::int64_t RowChecks::of(const DeliveryRow& row) const {
  Fields fields('d');
  fields.number(row.id).text(row.target).text(row.case_key).number(static_cast<std::int64_t>(row.state)).number(row.not_before_ms);
  fields.number(row.attempts).number(row.fence).number(row.created_ms).number(row.changed_ms).text(row.after).text(row.error_id).text(row.reason);
  return fields.check(key_);
}

std::int64_t RowChecks::of(const ReceiptRow& row) const {
  return Fields('r').number(row.delivery).text(row.number).text(row.key_id).number(static_cast<std::int64_t>(row.box.size())).check(key_);
}

std::int64_t RowChecks::of(const Counters& row) const {
  Fields fields('c');
  fields.number(row.last_message).number(row.messages).number(row.refusals).number(row.fence).number(row.indexed);
  for (const std::int64_t count : row.states) fields.number(count);
  return fields.check(key_);
}

std::int64_t KeyHash::of(char kind, std::string_view first, std::string_view second) const {
  ShortBytes bytes;
  bytes.append(std::string_view(&kind, 1));
  bytes.number(static_cast<std::int64_t>(first.size()));
  bytes.append(first);
  bytes.append(second);
  return static_cast<std::int64_t>(siphash(key_, bytes.view()));
}

StoreKeys store_keys_from(std::string_view secret) { return {key_from(secret.substr(0, 16)), key_from(secret.substr(16))}; }

std::string store_secret_name(std::string_view key_id) { return "store_keys " + std::string(key_id); }

bool waits_for_earlier(const DeliveryRow& row) {
  if (row.fence != 0) return false;
  if (row.state == DeliveryState::ready) return row.error_id == errc_row(Errc::platform_predecessor_missing).id;
  return row.state == DeliveryState::parked && row.error_id == errc_row(Errc::journal_predecessor_late).id;
}

std::string lane_of(const Intake& intake) { return intake.case_key.empty() ? "message " + intake.message_id : intake.case_key; }

DeliveryView view_from(DeliveryRow row) {
  DeliveryView view;
  view.delivery = row.id;
  view.target = std::move(row.target);
  view.state = row.state;
  view.attempts = row.attempts;
  view.created = from_epoch_ms(row.created_ms);
  view.changed = from_epoch_ms(row.changed_ms);
  view.not_before = from_epoch_ms(row.not_before_ms);
  view.error_id = row.damaged ? std::string(errc_row(Errc::journal_row_damaged).id) : std::move(row.error_id);
  view.reason = std::move(row.reason);
  view.damaged = row.damaged;
  return view;
}

Error damaged_row(std::string_view table, std::int64_t id) { return Error(Errc::journal_row_damaged).at(std::string(table) + " " + std::to_string(id)); }

} // namespace tongqu::journal::detail
