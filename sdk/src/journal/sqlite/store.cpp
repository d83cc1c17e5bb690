#include "journal/sqlite/store.hpp"

#include <algorithm>
#include <limits>

#include "journal/sqlite/store_sql.hpp"
#include "tongqu/base/assert.hpp"

namespace tongqu::journal::detail {
namespace {

/// Keys written with each commit, besides two for each that is added: the old lot is gone before the young one is full.
constexpr std::size_t kKeysEachCommit = 32;
/// A lot grows with the store, to this many times its size: the more leaves the table has, the fewer keys of a lot share one.
constexpr std::int64_t kLotGrowth = 4, kLotMessages = 125000;
constexpr std::size_t kKeysAtOnce = std::numeric_limits<std::size_t>::max();

Result<void> run(Statement& statement) {
  Use use(statement);
  TONGQU_CHECK(statement.step());
  return {};
}

} // namespace

Result<void> Store::begin() {
  // Before anything else: when no transaction can be begun (another program holds the store), the rollback that follows must not take
  // back what the one before has committed, its numbers and the keys by which its messages are known.
  added_.clear();
  live_.keys_added = 0;
  begun_ = live_;
  ready_.clear();
  if (beside_) TONGQU_CHECK(beside_->outcome());
  filter_.tend();
  TONGQU_CHECK(run(at(statements_, Sql::begin)));
  // Only what is committed may become old: nothing takes an old key back.
  if (recent_->old().empty() && recent_->size() >= lot()) {
    recent_->make_old();
    old_upto_ = live_.counters.last_message;
    live_.keys_written = 0;
  }
  begun_ = live_;
  return {};
}

std::size_t Store::lot() const {
  return keys_held_back_ * static_cast<std::size_t>(std::clamp<std::int64_t>(live_.counters.messages / kLotMessages, 1, kLotGrowth));
}

void Store::mark() {
  saved_ = live_;
  marked_changes_ = database_->total_changes();
}

bool Store::forget_if_unwritten() {
  if (database_->total_changes() != marked_changes_) return false;
  live_ = saved_;
  handed_out_.clear();
  return true;
}

Result<void> Store::save() { return run(at(statements_, Sql::save)); }

Result<void> Store::release() { return run(at(statements_, Sql::release)); }

void Store::undo() {
  live_ = saved_;
  handed_out_.clear();
  take_back_keys(live_.keys_added);
  // When SQLite has rolled the whole transaction back by itself, there is no savepoint left; the caller looks at in_transaction().
  if (auto undone = run(at(statements_, Sql::undo)); undone) static_cast<void>(release());
}

Result<void> Store::commit() {
  if (!recent_->old().empty()) TONGQU_CHECK(write_keys(2 * live_.keys_added + kKeysEachCommit));
  if (!(live_.counters == begun_.counters)) TONGQU_CHECK(write_counters());
  TONGQU_CHECK(run(at(statements_, Sql::commit)));
  if (live_.keys_written > 0 && live_.keys_written == recent_->old().size()) {
    recent_->drop_old();
    live_.keys_written = 0;
  }
  return {};
}

void Store::rollback() {
  live_ = begun_;
  ready_.clear();
  handed_out_.clear();
  take_back_keys(0);
  if (in_transaction()) static_cast<void>(run(at(statements_, Sql::rollback)));
}

Result<void> Store::write_counters() {
  const Counters& now = live_.counters;
  Use update(at(statements_, Sql::write_counters));
  update->number(1, now.last_message);
  update->number(2, now.messages);
  update->number(3, now.refusals);
  update->number(4, now.fence);
  update->number(5, now.indexed);
  for (std::size_t i = 0; i < now.states.size(); ++i) update->number(static_cast<int>(6 + i), now.states[i]);
  update->number(15, checks_.of(now));
  TONGQU_CHECK(update->step());
  return {};
}

void Store::add_key(std::int64_t hash, std::int64_t id) {
  added_.emplace_back(hash, id);
  live_.keys_added = added_.size();
  recent_->add({hash, id});
}

void Store::take_back_keys(std::size_t keep) {
  for (; added_.size() > keep; added_.pop_back()) recent_->remove(added_.back());
}

/// The one way into the table: nothing may stand there that the filter does not know.
Result<void> Store::write_key(const Key& key) {
  filter_.add(key.first);
  Use insert(at(statements_, Sql::insert_key));
  insert->number(1, key.first);
  insert->number(2, key.second);
  TONGQU_CHECK(insert->step());
  return {};
}

Result<void> Store::write_keys(std::size_t count) {
  const std::vector<Key>& old = recent_->old();
  const std::size_t end = live_.keys_written + std::min(count, old.size() - live_.keys_written);
  for (; live_.keys_written < end; ++live_.keys_written) {
    TONGQU_CHECK(write_key(old[live_.keys_written]));
  }
  if (end == old.size()) live_.counters.indexed = old_upto_;
  return {};
}

Result<void> Store::close_log() {
  // Twice, because some may be old already; then the next opening reads no rows for their keys.
  for (int lot = 0; lot < 2; ++lot) {
    if (recent_->old().empty()) {
      if (recent_->size() == 0) break;
      recent_->make_old();
      old_upto_ = live_.counters.last_message;
    }
    TONGQU_CHECK(begin());
    auto written = write_keys(kKeysAtOnce);
    if (written) written = commit();
    if (!written) {
      rollback();
      return written;
    }
  }
  if (beside_) {
    beside_->end();
    TONGQU_CHECK(beside_->outcome());
  }
  return database_->checkpoint(Database::Checkpoint::truncate);
}

Result<void> Store::audit(std::string_view kind, std::string_view subject, std::string_view detail, std::string_view digest,
                          std::int64_t now_ms) {
  const std::int64_t sequence = live_.tip.sequence + 1;
  std::string mac = chain_.link(live_.tip.mac, {sequence, now_ms, kind, subject, detail, digest});
  if (signs_heads_) digests_.add(sequence, chain_.digest_text());
  Use insert(at(statements_, Sql::insert_audit));
  insert->number(1, sequence);
  insert->number(2, now_ms);
  insert->text(3, kind);
  insert->text(4, subject);
  insert->text(5, detail);
  insert->blob(6, digest);
  insert->blob(7, mac);
  TONGQU_CHECK(insert->step());
  live_.tip = {sequence, now_ms, std::move(mac)};
  return {};
}

Result<std::optional<std::string>> Store::chain_value(std::int64_t sequence) {
  Use query(at(statements_, Sql::audit_at));
  query->number(1, sequence);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::string>(query->string_at(0)) : std::nullopt;
}

Result<std::optional<MessageRow>> Store::message(std::int64_t row) {
  Use query(at(statements_, Sql::message));
  query->number(1, row);
  TONGQU_TRY(const bool found, query->step());
  return found ? std::optional<MessageRow>(read_message(at(statements_, Sql::message), checks_)) : std::nullopt;
}

Result<MessageRow> Store::whole_message(std::int64_t row) {
  TONGQU_TRY(auto found, message(row));
  if (!found || found->damaged) return damaged_row("messages", row);
  return *std::move(found);
}

Result<std::optional<MessageRow>> Store::known(std::string_view identity) {
  const std::int64_t hash = hash_.of_identity(identity);
  std::int64_t row = 0;
  for (;;) {
    TONGQU_TRY(const auto next, keys_->after(hash, row));
    if (!next) return std::optional<MessageRow>();
    row = *next;
    TONGQU_TRY(auto candidate, message(row));
    // A row that is gone or does not fit its check value may well be this event: to store it again would double it.
    if (!candidate || candidate->damaged) return damaged_row("messages", row);
    if (candidate->identity == identity) return candidate;
  }
}

Result<void> Store::insert_message(const PreparedIntake& prepared, const std::string& key_id, std::int64_t now_ms) {
  const Intake& in = prepared.intake;
  MessageRow row{live_.counters.last_message + 1, in.message_id, in.identity, in.digest, in.system, in.case_no, in.event, in.pack,
                 in.pack_digest, now_ms, key_id, in.findings, 0, {}, false};
  row.box_bytes = {static_cast<std::int64_t>(prepared.acknowledgement_box.size()), static_cast<std::int64_t>(prepared.canonical_box.size()),
                   static_cast<std::int64_t>(prepared.raw_box.size())};
  {
    Use insert(at(statements_, Sql::insert_message));
    bind_message(at(statements_, Sql::insert_message), row, checks_);
    TONGQU_CHECK(insert->step());
  }
  Use insert(at(statements_, Sql::insert_bodies));
  insert->number(1, row.id);
  insert->blob(2, prepared.acknowledgement_box);
  insert->blob(3, prepared.canonical_box);
  insert->blob(4, prepared.raw_box);
  TONGQU_CHECK(insert->step());
  add_key(hash_.of_identity(in.identity), row.id);
  add_key(hash_.of_case(in.system, in.case_no), row.id);
  ++live_.counters.last_message;
  ++live_.counters.messages;
  return {};
}

Result<std::string> Store::box(const MessageRow& message, Body which) {
  static constexpr Sql kQueries[] = {Sql::acknowledgement_box, Sql::canonical_box, Sql::raw_box};
  Use query(at(statements_, kQueries[static_cast<std::size_t>(which)]));
  query->number(1, message.id);
  auto row = query->step();
  if (!row && row.error().code() != Errc::journal_corrupt) return std::move(row).error();
  const std::int64_t size = message.box_bytes[static_cast<std::size_t>(which)];
  if (!row || !*row || static_cast<std::int64_t>(query->bytes_at(0).size()) != size) return damaged_row("bodies", message.id);
  return query->string_at(0);
}

Result<void> Store::insert_refusal(const Refusal& refusal, std::int64_t now_ms) {
  Use insert(at(statements_, Sql::insert_refusal));
  insert->number(1, ++live_.counters.refusals);
  insert->number(2, now_ms);
  insert->text(3, refusal.system);
  insert->text(4, refusal.error_id);
  insert->text(5, refusal.where);
  insert->text(6, refusal.peer);
  insert->number(7, static_cast<std::int64_t>(refusal.size));
  insert->blob(8, refusal.digest);
  TONGQU_CHECK(insert->step());
  return {};
}

Result<std::optional<std::int64_t>> Store::message_row(std::string_view message_id) {
  Use query(at(statements_, Sql::message_row));
  query->text(1, message_id);
  TONGQU_TRY(const bool row, query->step());
  return row ? std::optional<std::int64_t>(query->number_at(0)) : std::nullopt;
}

Result<std::string> Store::replace_content(std::int64_t message, const Content& content) {
  TONGQU_TRY(auto row, whole_message(message));
  // All boxes of a row are sealed under the key that it names.
  if (row.key_id != content.key_id) return Error(Errc::crypto_seal_broken).at("key_id");
  const std::string old_digest = std::exchange(row.digest, std::string(content.digest));
  row.pack = content.pack;
  row.pack_digest = content.pack_digest;
  row.box_bytes[static_cast<std::size_t>(Body::canonical)] = static_cast<std::int64_t>(content.canonical_box.size());
  {
    Use update(at(statements_, Sql::replace_row));
    update->blob(1, row.digest);
    update->text(2, row.pack);
    update->text(3, row.pack_digest);
    update->number(4, row.box_bytes[static_cast<std::size_t>(Body::canonical)]);
    update->number(5, checks_.of(row));
    update->number(6, message);
    TONGQU_CHECK(update->step());
  }
  Use update(at(statements_, Sql::replace_body));
  update->blob(1, content.canonical_box);
  update->number(2, message);
  TONGQU_CHECK(update->step());
  if (database_->changes() != 1) return damaged_row("bodies", message);
  return old_digest;
}

Result<void> Store::set_apart(std::int64_t delivery, std::int64_t now_ms) {
  TONGQU_CHECK(set_due(delivery, std::nullopt));
  return note_damage(damaged_row("deliveries", delivery).where(), now_ms);
}

Result<void> Store::note_damage(std::string_view place, std::int64_t now_ms) {
  Use insert(at(statements_, Sql::insert_damaged));
  insert->text(1, place);
  insert->number(2, now_ms);
  TONGQU_CHECK(insert->step());
  if (database_->changes() == 0) return {};
  return audit("damaged", "journal", "row=" + std::string(place), {}, now_ms);
}

} // namespace tongqu::journal::detail
