#include <libpq-fe.h>

#include <thread>

#include "journal/postgres/several_bridges.hpp"
#include "tongqu/journal/attachments.hpp"
#include "tongqu/journal/keeping.hpp"

/// Attachments in the tables: what several bridges see of them, and what a changed row does. What is so in a folder too stands in
/// attachments_test.cpp and journal_attachments_test.cpp, which this program runs as well.
namespace tongqu::journal::test {
namespace {

using Access = Attachments::Access;
constexpr std::size_t kChunk = 65536;

std::string letters(std::size_t size, unsigned seed = 1) {
  std::string out(size, '\0');
  std::uint32_t state = seed * 2654435761U + 1;
  for (char& c : out) {
    state = state * 1664525U + 1013904223U;
    c = static_cast<char>(state >> 24U);
  }
  return out;
}

class PostgresAttachments : public SeveralBridges {
protected:
  Attachments& here() { return *journal_->attachments(); }
  AttachmentFacts put(const std::string& content) {
    auto writer = here().begin({});
    EXPECT_TRUE(writer);
    EXPECT_TRUE((*writer)->write(content));
    const auto stored = (*writer)->commit();
    EXPECT_TRUE(stored) << (stored ? "" : describe(stored.error()));
    return stored ? stored->facts : AttachmentFacts();
  }
  Result<std::string> get(const std::string& digest) { return get(here(), digest); }
  static Result<std::string> get(const Attachments& store, const std::string& digest) {
    auto reader = store.read(digest);
    if (!reader) return std::move(reader).error();
    return rest_of(**reader);
  }
  static Result<std::string> rest_of(AttachmentReader& reader) {
    for (std::string all;;) {
      const auto chunk = reader.next();
      if (!chunk) return chunk.error();
      if (chunk->empty()) return all;
      all += *chunk;
    }
  }
  Intake naming(const std::string& id, const std::string& digest) {
    Intake in = intake(id, "case of " + id);
    in.attachments = {digest};
    return in;
  }
  void let_an_hour_pass() { value("UPDATE attachment_files SET touched_at = touched_at - interval '61 minutes'"); }
};

TEST_F(PostgresAttachments, what_one_bridge_took_in_another_gives_out_and_may_name) {
  const std::string content = letters(3 * kChunk + 7);
  auto other = open(beside("b"));
  const std::string digest = put(content).digest;
  EXPECT_TRUE(*get(*other->attachments(), digest) == content);
  EXPECT_EQ(other->accept_and_wait(naming("m1", digest))->verdict, IntakeVerdict::stored);
  journal_.reset();
  clock_->pass(std::chrono::hours(25));
  EXPECT_EQ(*other->sweep_attachments(), 0);
  EXPECT_TRUE(*get(*other->attachments(), digest) == content) << "though the bridge that took it is gone";
  EXPECT_EQ(id_of(other->accept_and_wait(naming("m2", crypto::sm3("nobody has it")))), "journal.attachment_missing");
}

TEST_F(PostgresAttachments, the_same_content_through_two_bridges_is_kept_once) {
  auto other = open(beside("b"));
  const std::string content = letters(40 * kChunk);
  std::atomic<int> fresh{0}, known{0};
  std::vector<std::thread> senders;
  for (int i = 0; i < 6; ++i) {
    senders.emplace_back([&, store = i % 2 == 0 ? journal_->attachments() : other->attachments()] {
      auto writer = store->begin({});
      if (!writer || !(*writer)->write(content)) return;
      const auto done = (*writer)->commit();
      if (done) ++(done->known ? known : fresh);
    });
  }
  for (auto& one : senders) one.join();
  EXPECT_EQ(fresh.load(), 1);
  EXPECT_EQ(known.load(), 5);
  EXPECT_EQ(value("SELECT count(*) FROM attachment_files"), "1");
  EXPECT_EQ(value("SELECT count(*) FROM attachment_chunks"), "40");
}

TEST_F(PostgresAttachments, neither_the_bytes_nor_the_digest_stand_in_the_tables) {
  const auto facts = put("a planted name that no table may hold, long enough to be found");
  EXPECT_EQ(value("SELECT count(*) FROM attachment_chunks WHERE position('planted name'::bytea IN record) > 0"), "0");
  EXPECT_EQ(value("SELECT count(*) FROM attachment_chunks WHERE position('" + facts.name.substr(0, 8) + "'::bytea IN record) = 0"), "1") << "and the question is a good one";
  const std::string digest = to_hex(facts.digest);
  EXPECT_EQ(value("SELECT count(*) FROM attachment_files WHERE name LIKE '%" + digest.substr(0, 8) + "%' OR position(decode('" + digest + "', 'hex') IN end_record || box) > 0"), "0");
}

TEST_F(PostgresAttachments, every_changed_value_of_a_row_is_noticed_and_the_attachment_named) {
  const std::string content = letters(300);
  const auto facts = put(content);
  const auto noticed = [&](const std::string& change, const std::string& back) {
    value(change);
    const auto found = get(facts.digest);
    EXPECT_EQ(id_of(found), "journal.attachment_broken") << change;
    EXPECT_EQ(found ? "" : found.error().where(), "attachment " + facts.name);
    value(back);
  };
  const auto flipped = [&](const std::string& table, const std::string& column, int size) {
    for (int at = 0; at < size; ++at) {
      const std::string n = std::to_string(at), flip = "UPDATE " + table + " SET " + column + " = set_byte(" + column + ", " + n + ", get_byte(" + column + ", " + n + ") # 16)";
      noticed(flip, flip);
    }
  };
  flipped("attachment_chunks", "record", 337);
  flipped("attachment_files", "end_record", 77);
  flipped("attachment_files", "box", std::stoi(value("SELECT length(box) FROM attachment_files")));
  noticed("UPDATE attachment_files SET records = records + 1", "UPDATE attachment_files SET records = records - 1");
  noticed("UPDATE attachment_files SET records = records - 1", "UPDATE attachment_files SET records = records + 1");
  noticed("UPDATE attachment_files SET key_id = 'k9'", "UPDATE attachment_files SET key_id = 'k1'");
  noticed("UPDATE attachment_chunks SET file = file + 100", "UPDATE attachment_chunks SET file = file - 100");
  EXPECT_TRUE(*get(facts.digest) == content);
}

TEST_F(PostgresAttachments, cut_swapped_and_repeated_chunks_are_noticed_and_a_whole_one_takes_its_place) {
  const std::string content = letters(9 * kChunk);
  const auto facts = put(content);
  const std::string changes[] = {
      "DELETE FROM attachment_chunks WHERE place = 8", "DELETE FROM attachment_chunks WHERE place = 4", "DELETE FROM attachment_chunks",
      "UPDATE attachment_chunks AS c SET record = (SELECT record FROM attachment_chunks AS o WHERE o.file = c.file AND o.place = 6 - c.place) WHERE place IN (2, 4)",
      "UPDATE attachment_chunks AS c SET record = (SELECT record FROM attachment_chunks AS o WHERE o.file = c.file AND o.place = 2) WHERE place = 3",
      "UPDATE attachment_chunks SET record = substr(record, 1, 100) WHERE place = 8"};
  for (const std::string& change : changes) {
    value(change);
    EXPECT_EQ(id_of(get(facts.digest)), "journal.attachment_broken") << change;
    int named = 0;
    const auto checked = here().check_all([&](const Error& error) { named += error.where() == "attachment " + facts.name ? 1 : 0; });
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked->broken, 1) << change;
    EXPECT_EQ(named, 1);
    put(content);
    EXPECT_TRUE(*get(facts.digest) == content) << change;
  }
}

TEST_F(PostgresAttachments, another_row_under_its_name_is_noticed) {
  const auto a = put("content a"), b = put("content b");
  value("UPDATE attachment_files SET name = 'x' WHERE name = '" + a.name + "'");
  value("UPDATE attachment_files SET name = '" + a.name + "' WHERE name = '" + b.name + "'");
  EXPECT_EQ(id_of(get(a.digest)), "journal.attachment_broken");
  EXPECT_EQ(id_of(get(b.digest)), "journal.attachment_unknown");
  put("content a");
  EXPECT_EQ(*get(a.digest), "content a");
}

// Removal and naming meet at the gate: whoever is about to name an attachment has it when it looks.
TEST_F(PostgresAttachments, what_another_bridge_is_about_to_name_is_not_removed) {
  const auto facts = put("a file");
  clock_->pass(std::chrono::hours(25));
  const UtcMillis before = clock_->now_utc() - std::chrono::hours(24);
  PGconn* const other = PQconnectdb(pg_server().connection().c_str());
  const std::string naming = "BEGIN; SET search_path = " + options_.postgres->schema +
                             "; SELECT pg_advisory_xact_lock((1414613553::bigint << 32) | (SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema())); "
                             "INSERT INTO attachments VALUES('" + facts.name + "', 1)";
  PGresult* result = PQexec(other, naming.c_str());
  ASSERT_EQ(PQresultStatus(result), PGRES_COMMAND_OK) << PQresultErrorMessage(result);
  PQclear(result);
  EXPECT_FALSE(here().remove(facts.name, before));
  PQclear(PQexec(other, "COMMIT"));
  PQfinish(other);
  EXPECT_FALSE(here().remove(facts.name, before)) << "and now it is named";
  EXPECT_EQ(*get(facts.digest), "a file");
  value("DELETE FROM attachments");
  EXPECT_TRUE(here().remove(facts.name, before));
  EXPECT_EQ(id_of(get(facts.digest)), "journal.attachment_unknown");
}

TEST_F(PostgresAttachments, an_upload_on_its_way_is_not_taken_for_one_that_was_left) {
  auto other = open(beside("b"));
  const std::string content = letters(8 * kChunk);
  auto writer = here().begin({});
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write(content));
  other->attachments()->forget_removed();
  other.reset();
  other = open(beside("b")); // It gives up what it had left half itself, not this.
  other->attachments()->forget_removed();
  const auto stored = (*writer)->commit();
  ASSERT_TRUE(stored) << describe(stored.error());
  EXPECT_TRUE(*get(stored->facts.digest) == content);
}

TEST_F(PostgresAttachments, an_upload_that_nobody_hears_of_for_an_hour_goes_and_is_told_so) {
  auto writer = here().begin({});
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write(letters(8 * kChunk)));
  EXPECT_EQ(value("SELECT count(*) FROM attachment_chunks"), "8");
  let_an_hour_pass();
  here().forget_removed();
  EXPECT_EQ(value("SELECT count(*) FROM attachment_chunks"), "0");
  const auto more = (*writer)->write(letters(4 * kChunk));
  EXPECT_EQ(id_of(more), "journal.write");
  writer->reset();
  EXPECT_EQ(value("SELECT count(*) FROM attachment_files"), "0");
}

// The commits of chunks wait for no disk, so a server that crashed may have forgotten some.
TEST_F(PostgresAttachments, an_upload_whose_chunks_the_server_forgot_gets_no_name) {
  auto writer = here().begin({});
  ASSERT_TRUE(writer);
  const std::string content = letters(8 * kChunk);
  ASSERT_TRUE((*writer)->write(content));
  value("DELETE FROM attachment_chunks WHERE place = 3");
  EXPECT_EQ(id_of((*writer)->commit()), "journal.write");
  writer->reset();
  EXPECT_FALSE(here().find(crypto::sm3(content))->has_value());
  EXPECT_EQ(value("SELECT (SELECT count(*) FROM attachment_files) + (SELECT count(*) FROM attachment_chunks)"), "0");
}

TEST_F(PostgresAttachments, a_server_that_crashes_leaves_every_upload_whole_or_not_there) {
  auto writer = here().begin({});
  ASSERT_TRUE(writer);
  const std::string content = letters(8 * kChunk), before = put("before").digest;
  ASSERT_TRUE((*writer)->write(content));
  ASSERT_TRUE(pg_server().crash_and_restart());
  const auto stored = (*writer)->commit();
  const bool there = here().find(crypto::sm3(content))->has_value();
  EXPECT_EQ(there, static_cast<bool>(stored)) << id_of(stored);
  EXPECT_TRUE(!there || *get(crypto::sm3(content)) == content);
  EXPECT_EQ(*get(before), "before") << "a session that broke is made anew";
}

TEST_F(PostgresAttachments, who_reads_one_goes_on_when_it_is_removed_for_an_hour) {
  const std::string content = letters(20 * kChunk);
  const auto facts = put(content);
  auto first = here().read(facts.digest), second = here().read(facts.digest);
  ASSERT_TRUE(first && second);
  std::string got(*(*first)->next());
  ASSERT_TRUE((*second)->next());
  clock_->pass(std::chrono::hours(25));
  EXPECT_EQ(*journal_->sweep_attachments(), 1);
  const auto rest = rest_of(**first);
  ASSERT_TRUE(rest) << describe(rest.error());
  EXPECT_TRUE(got + *rest == content);
  EXPECT_EQ(id_of(get(facts.digest)), "journal.attachment_unknown") << "though nobody finds it any more";
  let_an_hour_pass();
  EXPECT_EQ(*journal_->sweep_attachments(), 0);
  EXPECT_EQ(id_of(rest_of(**second)), "journal.attachment_unknown") << "not broken: gone";
  EXPECT_EQ(value("SELECT count(*) FROM attachment_chunks"), "0");
}

TEST_F(PostgresAttachments, a_store_of_version_1_is_brought_up_and_a_reading_command_leaves_it_alone) {
  store(intake("m1"));
  journal_.reset();
  value("DROP TABLE attachments, attachment_files, attachment_chunks");
  value("UPDATE meta SET value = '1' WHERE name = 'version'");
  EXPECT_EQ(id_of(open_read_only(options_)), "journal.schema");
  options_.create = false;
  reopen();
  EXPECT_EQ(value("SELECT value FROM meta WHERE name = 'version'"), "2");
  const std::string digest = put("a file").digest;
  store(naming("m2", digest));
  EXPECT_TRUE(journal_->message("m1")->has_value());
  reopen();
  EXPECT_EQ(*get(digest), "a file");
  EXPECT_EQ(id_of(open_read_only(options_)), "ok");
}

TEST_F(PostgresAttachments, one_that_is_sealed_under_an_earlier_key_keeps_that_key_needed) {
  const auto facts = put("a file");
  journal_.reset();
  options_.earlier_keys = {{"k1", options_.seal_key}};
  options_.key_id = "k2";
  options_.seal_key = Secret(std::string(32, 'n'));
  reopen();
  value("UPDATE attachment_files SET box = set_byte(box, 3, 255 - get_byte(box, 3))");
  ASSERT_TRUE(journal_->reseal({"somebody", "a reason"}));
  EXPECT_NE(value("SELECT convert_from(detail, 'UTF8') FROM audit WHERE kind = 'reseal' ORDER BY seq DESC LIMIT 1").find("earlier_keys_needed=yes"), std::string::npos);
  EXPECT_EQ(value("SELECT count(*) FROM meta WHERE name = 'store_keys k1'"), "1");
}

} // namespace
} // namespace tongqu::journal::test
