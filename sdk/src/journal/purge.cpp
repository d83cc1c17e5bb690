#include "journal/purge.hpp"

#include "journal/accept_all.hpp"

namespace tongqu::journal::detail {
namespace {

constexpr std::int64_t kPageRows = 200;
/// What sealing adds to a text: version, initialisation vector and MAC.
constexpr std::int64_t kSealBytes = 49;
constexpr std::size_t kRaw = static_cast<std::size_t>(Ledger::Body::raw);

std::string_view class_name(Journal::Purge::What what) {
  switch (what) {
    case Journal::Purge::What::bodies: return "bodies";
    case Journal::Purge::What::receipts: return "receipts";
    case Journal::Purge::What::refusals: return "refusals";
  }
  return "bodies";
}

Result<bool> finished(Desk& desk, std::int64_t message, std::int64_t before_ms) {
  TONGQU_TRY(const auto ids, desk.store.deliveries_of(message));
  for (const std::int64_t id : ids) {
    TONGQU_TRY(const auto row, desk.store.delivery(id));
    if (!row || row->damaged || !is_final(row->state) || row->changed_ms >= before_ms) return false;
  }
  return true;
}

/// Sealed size of a reference to a message of this one's batch: ids of one writer have one length.
std::int64_t reference_bytes(const MessageRow& row) { return kSealBytes + static_cast<std::int64_t>(kSharedRaw.size() + row.message_id.size()); }

/// Whether the raw bytes of a message stand with another one. Its size says no for nearly all; the others are opened.
Result<bool> is_reference(Desk& desk, const MessageRow& row) {
  if (row.box_bytes[kRaw] != reference_bytes(row)) return false;
  const auto box = desk.store.box(row, Ledger::Body::raw);
  if (!box && box.error().code() != Errc::journal_row_damaged) return box.error();
  const auto raw = box ? desk.sealing.open(*box, row.key_id, row.message_id, "raw") : Result<std::string>(std::string());
  return raw && is_shared_raw(*raw);
}

/// Messages of one delivery share the raw bytes of the first of them and follow it row by row, each with a reference of known size that
/// stays when its record goes. A damaged one among them is passed by: where it may be one of them, the bytes stay.
Result<bool> raw_still_needed(Desk& desk, const MessageRow& first, std::int64_t before_ms) {
  const std::int64_t reference = reference_bytes(first);
  for (std::int64_t row = first.id + 1;; ++row) {
    TONGQU_TRY(const auto next, desk.store.message(row));
    if (!next) return false;
    if (next->box_bytes[kRaw] != reference) {
      if (next->damaged) continue;
      return false;
    }
    if (next->damaged) return true;
    if (next->purged_ms != 0) continue;
    TONGQU_TRY(const bool done, finished(desk, row, before_ms));
    if (!done) return true;
  }
}

/// Only who has the bytes is asked whether others need them, and its walk ends with its own batch: all walks together pass a row once.
Result<bool> may_lose_bodies(Desk& desk, const MessageRow& row, bool refers, std::int64_t before_ms) {
  if (refers) return true;
  TONGQU_TRY(const bool needed, raw_still_needed(desk, row, before_ms));
  return !needed;
}

/// The rows that went, as the audit entry tells of them.
struct Gone {
  std::int64_t count = 0;
  std::string first, last;
  crypto::Hasher digests{crypto::Hasher::Algorithm::sm3};
  void add(const std::string& name, std::string_view digest) {
    if (count++ == 0) first = name;
    last = name;
    digests.update(name);
    digests.update(digest);
  }
};

Result<void> purge_message(Desk& desk, const Journal::Purge& what, MessageRow& row, std::int64_t before_ms, Journal::Redo redo, Gone& gone) {
  if (what.what == Journal::Purge::What::receipts) {
    TONGQU_TRY(const auto receipts, desk.store.purge_receipts(row.id, redo == Journal::Redo::act));
    for (const std::int64_t delivery : receipts) gone.add(row.message_id + "/" + std::to_string(delivery), {});
    return {};
  }
  TONGQU_TRY(const bool refers, is_reference(desk, row));
  TONGQU_TRY(const bool may_go, may_lose_bodies(desk, row, refers, before_ms));
  if (!may_go) return {};
  gone.add(row.message_id, row.digest);
  if (redo == Journal::Redo::preview) return {};
  desk.fresh.forget(row.id);
  TONGQU_CHECK(desk.store.forget_references(row.id));
  return desk.store.purge_bodies(row, refers ? Ledger::RawBox::stays : Ledger::RawBox::goes, desk.now_ms());
}

} // namespace

Result<PurgePage> purge_page(Desk& desk, const Journal::Purge& what, std::int64_t before_ms, std::int64_t behind, const Journal::Act& act, Journal::Redo redo) {
  PurgePage page;
  Gone gone;
  if (what.what == Journal::Purge::What::refusals) {
    TONGQU_TRY(const auto rows, desk.store.old_refusals(what.system, before_ms, behind, kPageRows));
    for (const std::int64_t id : rows) gone.add(std::to_string(id), {});
    page.looked_upto = rows.empty() ? behind : rows.back();
    page.more = static_cast<std::int64_t>(rows.size()) == kPageRows;
    if (redo == Journal::Redo::act) TONGQU_CHECK(desk.store.purge_refusals(rows));
  } else {
    TONGQU_TRY(auto rows, desk.store.old_messages(what.system, before_ms, behind, kPageRows));
    page.looked_upto = rows.empty() ? behind : rows.back().id;
    page.more = static_cast<std::int64_t>(rows.size()) == kPageRows;
    for (MessageRow& row : rows) {
      if (row.damaged || (what.what == Journal::Purge::What::bodies && row.purged_ms != 0)) continue;
      TONGQU_TRY(const bool done, finished(desk, row.id, before_ms));
      if (done) TONGQU_CHECK(purge_message(desk, what, row, before_ms, redo, gone));
    }
  }
  page.purged = gone.count;
  if (gone.count == 0 || redo == Journal::Redo::preview) return page;
  const std::string detail = "class=" + std::string(class_name(what.what)) + " before_ms=" + std::to_string(before_ms) + " system=" + what.system +
                             " count=" + std::to_string(gone.count) + " first=" + gone.first + " last=" + gone.last + " who=" + act.who + " why=" + act.reason;
  TONGQU_CHECK(desk.store.audit("purge", "journal", detail, gone.digests.finish(), desk.now_ms()));
  return page;
}

} // namespace tongqu::journal::detail
