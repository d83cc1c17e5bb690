#include "journal/evidence_collect.hpp"
#include "journal/postgres/postgres.hpp"
#include "journal/sqlite/reader.hpp"
#include "journal/sqlite/schema.hpp"
#include "journal/sqlite/store.hpp"
#include "tongqu/journal/evidence.hpp"

namespace tongqu::journal {
namespace {

using namespace detail;

class FileSource final : public EvidenceSource {
public:
  FileSource(std::unique_ptr<Reader> reader, std::unique_ptr<Database> database) : reader_(std::move(reader)), database_(std::move(database)) {}
  Views& views() override { return *reader_; }
  Result<void> stand_still() override { return database_->run("BEGIN"); }

  Result<std::vector<EvidenceEntry>> entries_of(std::string_view message_id) override {
    TONGQU_TRY(auto rows, Statement::prepare(*database_, "SELECT seq, at_ms, kind, subject, detail, digest FROM audit WHERE subject = ? ORDER BY seq"));
    rows.text(1, message_id);
    std::vector<EvidenceEntry> found;
    for (;;) {
      TONGQU_TRY(const bool row, rows.step());
      if (!row) return found;
      found.push_back({rows.number_at(0), rows.number_at(1), rows.string_at(2), rows.string_at(3), rows.string_at(4), rows.string_at(5)});
    }
  }

  Result<std::optional<StoredHead>> head_behind(std::int64_t sequence) override {
    TONGQU_TRY(auto row, Statement::prepare(*database_, "SELECT seq, body, signature FROM heads WHERE seq >= ? ORDER BY seq LIMIT 1"));
    row.number(1, sequence);
    TONGQU_TRY(const bool found, row.step());
    return found ? std::optional<StoredHead>({row.number_at(0), row.string_at(1), row.string_at(2)}) : std::nullopt;
  }

  Result<std::string> digests(std::int64_t from, std::int64_t to) override { return read_entry_digests(*database_, from, to); }

private:
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Database> database_;
};

} // namespace

Result<std::string> collect_evidence(const JournalOptions& options, std::string_view message_id) {
  if (options.postgres) return evidence_postgres(options, message_id);
  TONGQU_TRY(const auto sealing, Sealing::create(options));
  TONGQU_TRY(auto reader, Reader::open(options.path, sealing, nullptr));
  TONGQU_TRY(auto database, Database::open(options.path, Access::read));
  TONGQU_CHECK(check_newest(*database));
  FileSource source(std::move(reader), std::move(database));
  return evidence_from(source, message_id);
}

} // namespace tongqu::journal
