#include "journal/reseal.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::int64_t kPageRows = 100;
constexpr const char* kColumns[] = {"acknowledgement", "canonical", "raw"};

Result<bool> reseal_row(Desk& desk, MessageRow& row) {
  std::array<std::string, 3> boxes;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    auto box = desk.store.box(row, static_cast<Ledger::Body>(i));
    if (!box) return false;
    auto plain = desk.sealing.open(*box, row.key_id, row.message_id, kColumns[i]);
    if (!plain) return false;
    TONGQU_TRY(boxes[i], desk.sealing.seal(*plain, row.message_id, kColumns[i]));
  }
  row.key_id = desk.sealing.key_id();
  TONGQU_CHECK(desk.store.replace_boxes(row, boxes));
  return true;
}

Result<bool> reseal_receipt(Desk& desk, ReceiptRow& row) {
  if (row.damaged) return false;
  const std::string owner = receipt_owner(row.delivery);
  auto plain = desk.sealing.open(row.box, row.key_id, owner, "receipt");
  if (!plain) return false;
  TONGQU_TRY(row.box, desk.sealing.seal(*plain, owner, "receipt"));
  row.key_id = desk.sealing.key_id();
  TONGQU_CHECK(desk.store.replace_receipt(row));
  return true;
}

} // namespace

Result<void> reseal_message(Desk& desk, std::int64_t message) {
  TONGQU_TRY(auto row, desk.store.whole_message(message));
  if (row.key_id == desk.sealing.key_id() || row.purged_ms != 0) return {};
  TONGQU_TRY(const bool done, reseal_row(desk, row));
  if (!done) return Error(Errc::crypto_seal_broken).at(row.message_id);
  return {};
}

Result<void> reseal_page(Desk& desk, ResealPage& page) {
  TONGQU_TRY(auto messages, desk.store.messages_of_other_keys(desk.sealing.key_id(), page.messages_upto, kPageRows));
  for (MessageRow& row : messages) {
    page.messages_upto = row.id;
    if (row.damaged) continue;
    TONGQU_TRY(const bool done, reseal_row(desk, row));
    page.resealed += done ? 1 : 0;
  }
  TONGQU_TRY(auto receipts, desk.store.receipts_of_other_keys(desk.sealing.key_id(), page.receipts_upto, kPageRows));
  for (ReceiptRow& row : receipts) {
    page.receipts_upto = row.delivery;
    TONGQU_TRY(const bool done, reseal_receipt(desk, row));
    page.resealed += done ? 1 : 0;
  }
  page.more = !messages.empty() || !receipts.empty();
  return {};
}

} // namespace tongqu::journal::detail
