#include "journal/postgres/store.hpp"

#include <algorithm>
#include <thread>

namespace tongqu::journal::detail {
namespace {

/// Answers to the statements that every transaction begins with, in their order.
constexpr std::size_t kGateAnswer = 2, kTipAnswer = 3, kTurnsAnswer = 4, kForeseenAnswers = 5;
/// Columns behind the counters.
constexpr int kWriterColumn = 15, kEpochColumn = 16, kAliveColumn = 17, kSettingsColumn = 18;
/// Sealed bodies that wait for the end of a transaction.
constexpr std::size_t kNewBytesMax = std::size_t{16} << 20U;
constexpr std::chrono::milliseconds kFirstPause{20}, kLongestPause{1000}, kClosingWait{3000};

template <class T>
void unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

} // namespace

PgStore::PgStore(std::shared_ptr<PgHouse> house, std::unique_ptr<PgConnection> connection, const JournalOptions& options, const StoreKeys& keys, const Clock& clock)
    : LaneRules(options.event_places), house_(std::move(house)), connection_(std::move(connection)), clock_(clock), chain_(options.audit_key), checks_(keys) {}

PgStore::~PgStore() = default;

Result<void> PgStore::load() {
  TONGQU_CHECK(connection_->prepare(pg_store_sql()));
  TONGQU_CHECK(begin());
  rollback();
  TONGQU_TRY(const auto rows, connection_->ask("SELECT seq, at_ms, kind, subject, detail, digest, mac FROM audit ORDER BY seq DESC LIMIT 2"));
  if (rows.size() == 0) return {};
  const AuditEntry last = {rows.number_at(0, 0), rows.number_at(0, 1), rows.bytes_at(0, 2), rows.bytes_at(0, 3), rows.bytes_at(0, 4), rows.bytes_at(0, 5)};
  if (last.sequence > 1 && (rows.size() < 2 || rows.number_at(1, 0) != last.sequence - 1)) return Error(Errc::journal_corrupt).at("audit");
  const std::string previous = last.sequence > 1 ? rows.string_at(1, 6) : std::string(32, '\0');
  // With another key the chain would go on and never verify again.
  if (!equal_constant_time(chain_.link(previous, last), rows.bytes_at(0, 6))) return Error(Errc::journal_open).at("audit_key");
  return {};
}

void PgStore::foresee(const Foresight& foresight) {
  forget_wishes();
  for (const Intake* const intake : foresight.intakes) {
    wanted_identities_.push_back(checks_.hash.of_identity(intake->identity));
    const std::string lane = lane_of(*intake);
    for (const Intake::Target& target : intake->targets) wanted_lanes_.push_back(checks_.hash.of_lane(lane, target.name));
  }
  for (const std::int64_t delivery : foresight.deliveries) wanted_deliveries_.push_back(message_of(delivery));
  unique(wanted_identities_);
  unique(wanted_lanes_);
  unique(wanted_deliveries_);
  wanted_due_ = foresight.due;
}

void PgStore::forget_wishes() {
  for (auto* const wishes : {&wanted_identities_, &wanted_lanes_, &wanted_deliveries_, &wanted_records_}) wishes->clear();
  wanted_due_.clear();
}

void PgStore::queue_foreseen() {
  if (!wanted_identities_.empty()) queue(PgSql::identities, PgParams().numbers(wanted_identities_));
  if (!wanted_lanes_.empty()) queue(PgSql::lane_tails, PgParams().numbers(wanted_lanes_).number(far_before()));
  if (!wanted_deliveries_.empty()) queue(PgSql::settled, settled_params(wanted_deliveries_));
  for (const Foresight::Due& one : wanted_due_) queue(PgSql::due, PgParams().text(one.target).number(one.schedule_ms).number(static_cast<std::int64_t>(one.max)));
}

Result<void> PgStore::take_foreseen(const std::vector<PgRows>& answers, std::size_t first) {
  if (!wanted_identities_.empty()) {
    for (const std::int64_t hash : wanted_identities_) identities_[hash];
    const PgRows& rows = answers.at(first++);
    for (int i = 0; i < rows.size(); ++i) {
      MessageRow row = read_pg_message({rows, i}, checks_);
      identities_[rows.number_at(i, 17)].push_back(row.id);
      messages_.emplace(row.id, std::move(row));
    }
  }
  if (!wanted_lanes_.empty()) {
    for (const std::int64_t hash : wanted_lanes_) lanes_[hash].last = 0;
    const PgRows& rows = answers.at(first++);
    // From lane to lane, the last of each first.
    for (int i = 0, of_lane = 0; i < rows.size(); ++i) {
      const std::int64_t hash = rows.number_at(i, 0), id = hold(read_pg_delivery({rows, i}, checks_, 1)).row.id;
      const bool same_lane = i > 0 && rows.number_at(i - 1, 0) == hash;
      of_lane = same_lane ? of_lane + 1 : 1;
      remember_between(hash, id, same_lane ? rows.number_at(i - 1, 1) : 0);
      const bool ends = i + 1 == rows.size() || rows.number_at(i + 1, 0) != hash;
      if (ends && of_lane < far_before()) remember_between(hash, 0, id);
    }
  }
  if (!wanted_deliveries_.empty()) {
    whole_messages_.insert(wanted_deliveries_.begin(), wanted_deliveries_.end());
    take_settled(answers.at(first++));
  }
  for (const Foresight::Due& one : wanted_due_) take_due(answers.at(first++), due_[one.target]);
  return {};
}

Result<void> PgStore::begin() {
  const auto until = std::chrono::steady_clock::now() + house_->options.outage;
  for (;;) {
    auto begun = begin_once();
    if (begun) return begun;
    const bool gate_taken = !connection_->lost() && connection_->sqlstate() == "55P03";
    reset();
    if (!gate_taken) return begun;
    // Somebody has the store for longer than any transaction takes. If it is one whose lease has run out, its session ends here.
    TONGQU_CHECK(free_gate());
    if (std::chrono::steady_clock::now() >= until) return Error(Errc::journal_server_away).at("gate");
  }
}

Result<void> PgStore::begin_once() {
  if (connection_->lost()) return pg_error({});
  forget_rows();
  connection_->queue("BEGIN");
  connection_->queue("SELECT pg_advisory_xact_lock($1::bigint)", PgParams().number(house_->gate));
  queue(PgSql::gate, PgParams().number(house_->instance));
  queue(PgSql::tip, {});
  queue(PgSql::turns, PgParams().number(turns_of_));
  queue_foreseen();
  open_ = true;
  TONGQU_TRY(const auto answers, connection_->sync());
  return take_gate(answers, kForeseenAnswers);
}

Result<void> PgStore::take_gate(const std::vector<PgRows>& answers, std::size_t first_foreseen) {
  const PgRows& gate = answers.at(kGateAnswer);
  if (gate.size() != 1) return Error(Errc::journal_corrupt).at("counters");
  if (gate.bytes_at(0, kSettingsColumn) != "onontrue") return Error(Errc::journal_weak_durability).at("fsync, full_page_writes, synchronous_commit");
  TONGQU_TRY(live_.counters, read_pg_counters({gate, 0}, checks_));
  const PgRows& tip = answers.at(kTipAnswer);
  live_.tip = tip.size() == 0 ? AuditTip() : AuditTip{tip.number_at(0, 0), tip.number_at(0, 1), tip.string_at(0, 2)};
  begun_ = live_;
  saved_ = live_;
  const std::int64_t epoch = gate.number_at(0, kEpochColumn);
  if (epoch != content_epoch_) content_changed_ = true;
  content_epoch_ = epoch;
  if (turns_of_ == 0 || gate.number_at(0, kWriterColumn) != turns_of_) turns_.clear();
  const PgRows& turns = answers.at(kTurnsAnswer);
  for (int i = 0; i < turns.size(); ++i) {
    turns_.load(turns.string_at(i, 0), static_cast<PgTurns::Kind>(turns.number_at(i, 1)), turns.string_at(i, 2), turns.number_at(i, 3));
  }
  turns_of_ = house_->instance;
  ready_.clear();
  TONGQU_CHECK(take_foreseen(answers, first_foreseen));
  forget_wishes();
  if (gate.number_at(0, kAliveColumn) == 0) return register_again();
  return {};
}

/// This bridge was stopped for longer than its lease, and another one has taken over what it held. It goes on under a new number.
Result<void> PgStore::register_again() {
  TONGQU_TRY(const auto rows, ask_fresh("INSERT INTO instances(name, backend, started_at, lease_until, group_no) VALUES($1, pg_backend_pid(), clock_timestamp(), "
                                        "clock_timestamp() + $2::bigint * interval '1 millisecond', 0) RETURNING id",
                                        PgParams().text(house_->name).number(house_->lease.count())));
  const std::int64_t before = std::exchange(turns_of_, 0);
  house_->instance = rows.number_at(0, 0);
  return audit("rejoin", "journal", "instance=" + std::to_string(rows.number_at(0, 0)) + " before=" + std::to_string(before), {}, to_epoch_ms(clock_.now_utc()));
}

Result<bool> PgStore::free_gate() {
  // The two halves of the number, as pg_locks shows them.
  TONGQU_TRY(const auto rows, connection_->ask(
      "SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN instances AS i ON i.backend = l.pid WHERE l.locktype = 'advisory' AND l.granted "
      "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.objsubid = 1 "
      "AND ((l.classid::bigint << 32) | l.objid::bigint) = $1 AND l.pid <> pg_backend_pid() "
      "AND i.lease_until < clock_timestamp()", PgParams().number(house_->gate)));
  return rows.size() > 0;
}

void PgStore::mark() {
  saved_ = live_;
  marked_writes_ = writes_;
}

bool PgStore::forget_if_unwritten() {
  // A statement that failed has ended the transaction for all, unless it goes back to a savepoint.
  if (writes_ != marked_writes_ || connection_->failed()) return false;
  live_ = saved_;
  return true;
}

Result<void> PgStore::save() {
  TONGQU_CHECK(write_back());
  return connection_->run("SAVEPOINT operation");
}

Result<void> PgStore::release() {
  TONGQU_CHECK(write_back());
  return connection_->run("RELEASE operation");
}

void PgStore::undo() {
  live_ = saved_;
  forget_rows();
  // What cannot be undone shows itself at the commit.
  if (!connection_->run("ROLLBACK TO operation; RELEASE operation")) return;
  static_cast<void>(load_turns());
}

Result<void> PgStore::load_turns() {
  TONGQU_TRY(const auto turns, connection_->ask("SELECT target, kind, system, last FROM turns"));
  turns_.clear();
  for (int i = 0; i < turns.size(); ++i) {
    turns_.load(turns.string_at(i, 0), static_cast<PgTurns::Kind>(turns.number_at(i, 1)), turns.string_at(i, 2), turns.number_at(i, 3));
  }
  return {};
}

Result<void> PgStore::write_back() {
  if (!open_ || !anything_written()) return {};
  queue_written();
  TONGQU_CHECK(connection_->sync());
  written();
  return {};
}

Result<PgRows> PgStore::ask_fresh(PgSql which, const PgParams& params) {
  TONGQU_CHECK(write_back());
  return ask(which, params);
}

Result<PgRows> PgStore::ask_fresh(const char* sql, const PgParams& params) {
  TONGQU_CHECK(write_back());
  return connection_->ask(sql, params);
}

Result<std::vector<std::int64_t>> PgStore::ids_of(const char* sql, const PgParams& params) {
  TONGQU_TRY(const auto rows, ask_fresh(sql, params));
  std::vector<std::int64_t> found;
  for (int i = 0; i < rows.size(); ++i) found.push_back(rows.number_at(i, 0));
  return found;
}

Result<void> PgStore::commit() {
  const bool wrote = anything_written() || !(live_.counters == begun_.counters) || content_written_;
  if (wrote) {
    queue_written();
    if (content_written_) ++content_epoch_;
    PgParams counters;
    for (const std::int64_t number : {live_.counters.last_message, live_.counters.messages, live_.counters.refusals, live_.counters.fence, live_.counters.indexed}) counters.number(number);
    for (const std::int64_t number : live_.counters.states) counters.number(number);
    queue(PgSql::write_counters, counters.number(checks_.rows.of(live_.counters)).number(house_->instance).number(content_epoch_));
    queue(PgSql::write_instance, PgParams().number(house_->instance).number(++group_no_).number(house_->lease.count()));
    for (const std::string& target : ready_) queue(PgSql::notify, PgParams().text(house_->channel()).text(std::to_string(house_->instance) + " " + target));
  }
  committing_ = wrote;
  connection_->queue("COMMIT");
  auto committed = connection_->sync();
  if (!committed) {
    committing_ = committing_ && connection_->lost();
    return std::move(committed).error();
  }
  committing_ = false;
  reset();
  return {};
}

void PgStore::reset() {
  if (!connection_->lost() && connection_->in_transaction()) static_cast<void>(connection_->run("ROLLBACK"));
  forget_rows();
  open_ = content_written_ = false;
}

void PgStore::rollback() {
  reset();
  live_ = begun_;
  ready_.clear();
  turns_.clear();
  turns_of_ = 0;
}

/// Under the gate the transaction in question has ended, one way or the other, and its number tells which.
Result<Ledger::Fate> PgStore::fate_on(PgConnection& connection, bool committing) const {
  if (!committing) return Fate::undone;
  TONGQU_CHECK(connection.run("BEGIN"));
  connection.queue("SELECT pg_advisory_xact_lock($1::bigint)", PgParams().number(house_->gate));
  connection.queue("SELECT group_no FROM instances WHERE id = $1", PgParams().number(house_->instance));
  TONGQU_TRY(const auto answers, connection.sync());
  TONGQU_CHECK(connection.run("COMMIT"));
  const PgRows& rows = answers.back();
  return rows.size() == 1 && rows.number_at(0, 0) == group_no_ ? Fate::stored : Fate::undone;
}

Ledger::Fate PgStore::reconnect(bool closing) {
  const bool committing = std::exchange(committing_, false);
  auto wait = closing ? kClosingWait : house_->options.outage;
  if (!patient_) wait = std::chrono::milliseconds(0);
  const auto until = std::chrono::steady_clock::now() + wait;
  for (auto pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    auto connection = PgConnection::open(house_->options, PgConnection::Use::write);
    if (connection && (*connection)->prepare(pg_store_sql())) {
      const auto fate = fate_on(**connection, committing);
      if (fate) {
        connection_ = *std::move(connection);
        patient_ = true;
        static_cast<void>(connection_->ask("UPDATE instances SET backend = pg_backend_pid() WHERE id = $1", PgParams().number(house_->instance)));
        if (*fate == Fate::stored) reset();
        else rollback();
        return *fate;
      }
    }
    if (std::chrono::steady_clock::now() >= until) break;
    std::this_thread::sleep_for(pause);
  }
  patient_ = false;
  rollback();
  return Fate::not_known;
}

void PgStore::forget_rows() {
  messages_.clear();
  identities_.clear();
  deliveries_.clear();
  whole_messages_.clear();
  lanes_.clear();
  receipts_.clear();
  records_.clear();
  due_.clear();
  new_messages_.clear();
  new_boxes_.clear();
  new_bytes_ = 0;
  new_entries_.clear();
  new_receipts_.clear();
  new_refusals_.clear();
  new_claims_.clear();
  ended_claims_.clear();
  new_references_.clear();
  wanted_records_.clear();
}

Result<void> PgStore::audit(std::string_view kind, std::string_view subject, std::string_view detail, std::string_view digest, std::int64_t now_ms) {
  const std::int64_t sequence = live_.tip.sequence + 1;
  std::string mac = chain_.link(live_.tip.mac, {sequence, now_ms, kind, subject, detail, digest});
  live_.tip = {sequence, now_ms, mac};
  new_entries_.push_back({sequence, now_ms, std::string(kind), std::string(subject), std::string(detail), std::string(digest), std::move(mac)});
  ++writes_;
  return {};
}

Result<std::optional<std::string>> PgStore::chain_value(std::int64_t sequence) {
  TONGQU_TRY(const auto rows, ask_fresh(PgSql::chain_value, PgParams().number(sequence)));
  return rows.size() > 0 ? std::optional<std::string>(rows.string_at(0, 0)) : std::nullopt;
}

Result<std::int64_t> PgStore::last_head() {
  TONGQU_TRY(const auto rows, ask_fresh("SELECT coalesce(max(seq), 0) FROM heads"));
  return rows.number_at(0, 0);
}

Result<std::string> PgStore::entry_digests(std::int64_t from, std::int64_t to) {
  TONGQU_CHECK(write_back());
  return read_pg_entry_digests(*connection_, from, to);
}

Result<std::string> read_pg_entry_digests(PgConnection& connection, std::int64_t from, std::int64_t to) {
  TONGQU_TRY(const auto rows, connection.ask("SELECT seq, at_ms, kind, subject, detail, digest FROM audit WHERE seq BETWEEN $1 AND $2 ORDER BY seq",
                                             PgParams().number(from).number(to)));
  std::string digests;
  std::int64_t expected = from;
  for (int i = 0; i < rows.size(); ++i, ++expected) {
    if (rows.number_at(i, 0) != expected) break;
    digests += entry_digest({expected, rows.number_at(i, 1), rows.bytes_at(i, 2), rows.bytes_at(i, 3), rows.bytes_at(i, 4), rows.bytes_at(i, 5)});
  }
  if (expected != to + 1) return Error(Errc::journal_audit_gap).at(std::to_string(expected));
  return digests;
}

Result<void> PgStore::insert_head(std::int64_t sequence, std::string_view body, std::string_view signature) {
  ++writes_;
  TONGQU_CHECK(ask_fresh("INSERT INTO heads(seq, body, signature) VALUES($1, $2, $3) ON CONFLICT (seq) DO UPDATE SET body = excluded.body, signature = excluded.signature",
                         PgParams().number(sequence).text(body).text(signature)));
  return {};
}

Result<void> PgStore::load_records() {
  std::vector<std::int64_t> ids;
  for (const std::int64_t id : std::exchange(wanted_records_, {})) {
    if (messages_.count(id) == 0) ids.push_back(id);
  }
  if (ids.empty()) return {};
  TONGQU_TRY(const auto rows, ask_fresh(PgSql::records, PgParams().numbers(ids)));
  for (int i = 0; i < rows.size(); ++i) {
    MessageRow row = read_pg_message({rows, i}, checks_);
    if (rows.null_at(i, kPgMessageColumns)) records_[row.id] = std::nullopt;
    else records_[row.id] = rows.string_at(i, kPgMessageColumns);
    messages_.emplace(row.id, std::move(row));
  }
  return {};
}

Result<std::optional<MessageRow>> PgStore::message(std::int64_t row) {
  if (std::find(wanted_records_.begin(), wanted_records_.end(), row) != wanted_records_.end()) TONGQU_CHECK(load_records());
  const auto here = messages_.find(row);
  if (here != messages_.end()) return std::optional<MessageRow>(here->second);
  TONGQU_TRY(const auto rows, ask_fresh(PgSql::message, PgParams().number(row)));
  if (rows.size() == 0) return std::optional<MessageRow>();
  MessageRow found = read_pg_message({rows, 0}, checks_);
  if (open_) messages_.emplace(row, found);
  return std::optional<MessageRow>(std::move(found));
}

Result<MessageRow> PgStore::whole_message(std::int64_t row) {
  TONGQU_TRY(auto found, message(row));
  if (!found || found->damaged) return damaged_row("messages", row);
  return *std::move(found);
}

Result<std::optional<MessageRow>> PgStore::known(std::string_view identity) {
  const std::int64_t hash = checks_.hash.of_identity(identity);
  auto candidates = identities_.find(hash);
  if (candidates == identities_.end()) {
    TONGQU_TRY(const auto rows, ask_fresh(PgSql::identities, PgParams().numbers({hash})));
    candidates = identities_.try_emplace(hash).first;
    for (int i = 0; i < rows.size(); ++i) {
      MessageRow row = read_pg_message({rows, i}, checks_);
      candidates->second.push_back(row.id);
      messages_.emplace(row.id, std::move(row));
    }
  }
  std::sort(candidates->second.begin(), candidates->second.end());
  for (const std::int64_t id : candidates->second) {
    const MessageRow& row = messages_.at(id);
    // A row that does not fit its check value may well be this event: to store it again would double it.
    if (row.damaged) return damaged_row("messages", id);
    if (row.identity == identity) return std::optional<MessageRow>(row);
  }
  return std::optional<MessageRow>();
}

Result<void> PgStore::insert_message(const PreparedIntake& prepared, const std::string& key_id, std::int64_t now_ms) {
  if (new_bytes_ > kNewBytesMax) TONGQU_CHECK(write_back());
  const Intake& in = prepared.intake;
  MessageRow row{live_.counters.last_message + 1, in.message_id, in.identity, in.digest, in.system, in.case_no, in.event, in.pack,
                 in.pack_digest, now_ms, key_id, in.findings, 0, {}, false};
  row.box_bytes = {static_cast<std::int64_t>(prepared.acknowledgement_box.size()), static_cast<std::int64_t>(prepared.canonical_box.size()),
                   static_cast<std::int64_t>(prepared.raw_box.size())};
  new_messages_.push_back(row.id);
  new_boxes_[row.id] = {prepared.acknowledgement_box, prepared.canonical_box, prepared.raw_box};
  new_bytes_ += prepared.acknowledgement_box.size() + prepared.canonical_box.size() + prepared.raw_box.size();
  identities_[checks_.hash.of_identity(in.identity)].push_back(row.id);
  messages_[row.id] = std::move(row);
  ++live_.counters.last_message;
  ++live_.counters.messages;
  ++writes_;
  return {};
}

Result<std::string> PgStore::box(const MessageRow& message, Body which) {
  static constexpr PgSql kQueries[] = {PgSql::acknowledgement_box, PgSql::canonical_box, PgSql::raw_box};
  const auto fits = [&message, which](std::string bytes) -> Result<std::string> {
    if (static_cast<std::int64_t>(bytes.size()) != message.box_bytes[static_cast<std::size_t>(which)]) return damaged_row("bodies", message.id);
    return bytes;
  };
  const auto record = records_.find(message.id);
  if (which == Body::canonical && record != records_.end()) {
    if (!record->second && message.box_bytes[1] != 0) return damaged_row("bodies", message.id);
    return fits(record->second.value_or(""));
  }
  TONGQU_TRY(const auto rows, ask_fresh(kQueries[static_cast<std::size_t>(which)], PgParams().number(message.id)));
  if (rows.size() == 0) return damaged_row("bodies", message.id);
  return fits(rows.string_at(0, 0));
}

Result<void> PgStore::insert_refusal(const Refusal& refusal, std::int64_t now_ms) {
  new_refusals_.push_back({++live_.counters.refusals, now_ms, static_cast<std::int64_t>(refusal.size), refusal.system, refusal.error_id, refusal.where, refusal.peer,
                           refusal.digest});
  ++writes_;
  return {};
}

Result<std::optional<std::int64_t>> PgStore::message_row(std::string_view message_id) {
  TONGQU_TRY(const auto rows, ask_fresh(PgSql::message_by_id, PgParams().text(message_id)));
  return rows.size() > 0 ? std::optional<std::int64_t>(rows.number_at(0, 0)) : std::nullopt;
}

Result<std::string> PgStore::replace_content(std::int64_t message, const Content& content) {
  TONGQU_TRY(auto row, whole_message(message));
  // All boxes of a row are sealed under the key that it names.
  if (row.key_id != content.key_id) return Error(Errc::crypto_seal_broken).at("key_id");
  const std::string old_digest = std::exchange(row.digest, std::string(content.digest));
  row.pack = content.pack;
  row.pack_digest = content.pack_digest;
  row.box_bytes[static_cast<std::size_t>(Body::canonical)] = static_cast<std::int64_t>(content.canonical_box.size());
  ++writes_;
  content_written_ = true;
  TONGQU_CHECK(ask_fresh("UPDATE messages SET digest = $1, pack = $2, pack_digest = $3, canonical_bytes = $4, row_check = $5 WHERE id = $6",
                         PgParams().text(row.digest).text(row.pack).text(row.pack_digest).number(row.box_bytes[1]).number(checks_.rows.of(row)).number(message)));
  TONGQU_TRY(const auto there, ask_fresh("UPDATE bodies SET canonical = $1 WHERE message = $2 RETURNING message", PgParams().blob(content.canonical_box).number(message)));
  if (there.size() != 1) return damaged_row("bodies", message);
  messages_[message] = std::move(row);
  records_.erase(message);
  return old_digest;
}

Result<void> PgStore::set_apart(std::int64_t delivery, std::int64_t now_ms) {
  TONGQU_CHECK(set_due(delivery, std::nullopt));
  return note_damage(damaged_row("deliveries", delivery).where(), now_ms);
}

Result<void> PgStore::note_damage(std::string_view place, std::int64_t now_ms) {
  ++writes_;
  TONGQU_TRY(const auto noted, ask_fresh(PgSql::insert_damaged, PgParams().text(place).number(now_ms)));
  if (noted.size() == 0) return {};
  return audit("damaged", "journal", "row=" + std::string(place), {}, now_ms);
}

} // namespace tongqu::journal::detail
