#include "connectors/staging/sqlite_tables.hpp"

#include <sqlite3.h>

#include <algorithm>

#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::connectors::staging {
namespace {

constexpr int kBusyMs = 5000;

/// A name of the settings as SQL takes it, whatever stands in it.
std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

/// A flag as text without the blanks of a CHAR column.
std::string plain(const std::string& column) { return "trim(CAST(" + quoted(column) + " AS TEXT))"; }

class Query {
public:
  Query(sqlite3* handle, const std::string& sql) { result_ = sqlite3_prepare_v2(handle, sql.c_str(), static_cast<int>(sql.size()), &statement_, nullptr); }
  ~Query() { sqlite3_finalize(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  void bind(const std::string& text) { sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT); }
  void bind(std::int64_t number) { sqlite3_bind_int64(statement_, ++bound_, number); }
  void bind(const std::variant<std::int64_t, std::string>& key) { std::visit([this](const auto& one) { bind(one); }, key); }
  /// True when there is a row.
  bool step() {
    if (result_ == SQLITE_OK || result_ == SQLITE_ROW) result_ = sqlite3_step(statement_);
    return result_ == SQLITE_ROW;
  }
  bool failed() const { return result_ != SQLITE_OK && result_ != SQLITE_ROW && result_ != SQLITE_DONE; }
  sqlite3_stmt* get() const { return statement_; }
  std::string text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

private:
  sqlite3_stmt* statement_ = nullptr;
  int result_ = SQLITE_OK, bound_ = 0;
};

std::variant<std::int64_t, std::string> key_at(const Query& query, int column) {
  if (sqlite3_column_type(query.get(), column) == SQLITE_INTEGER) return static_cast<std::int64_t>(sqlite3_column_int64(query.get(), column));
  return query.text(column);
}

/// The type of a column by what it was declared as, in the words of wire/rows.hpp. What SQLite itself makes of a declaration is coarser: it knows no
/// days and no instants.
std::string_view column_type(const char* declared) {
  std::string name = declared == nullptr ? "" : declared;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  struct Row { std::string_view part, type; };
  // In this order: DATETIME holds DATE, and POINT holds INT as it does for SQLite.
  static constexpr Row rows[] = {{"DATETIME", "time"}, {"TIMESTAMP", "time"}, {"DATE", "date"}, {"BOOL", "boolean"}, {"INT", "integer"}, {"CHAR", "text"}, {"CLOB", "text"}, {"TEXT", "text"},
                                 {"BLOB", "bytes"}, {"REAL", "decimal"}, {"FLOA", "decimal"}, {"DOUB", "decimal"}, {"NUM", "decimal"}, {"DEC", "decimal"}};
  for (const Row& row : rows) {
    if (name.find(row.part) != std::string::npos) return row.type;
  }
  return "any";
}

/// Writes a table as the stage `rows` of a pack reads it (wire/rows.hpp).
class TableWriter {
public:
  TableWriter(wire::JsonWriter& writer, const StagingSettings& settings) : writer_(writer), settings_(settings), encoding_(wire::encoding_from_label(settings.charset).value_or(wire::Encoding::utf8)) {}

  void begin(const std::string& table, const Query& query) {
    writer_.key(table);
    writer_.begin_object();
    writer_.key("columns");
    writer_.begin_object();
    columns_.clear();
    for (int i = 0; i < sqlite3_column_count(query.get()); ++i) {
      const std::string_view name = sqlite3_column_name(query.get(), i);
      columns_.push_back({column_type(sqlite3_column_decltype(query.get(), i)), name == settings_.message || name == settings_.time});
      if (!columns_.back().is_ours) writer_.member(name, columns_.back().type);
    }
    writer_.end_object();
    writer_.key("rows");
    writer_.begin_array();
  }
  void row(const Query& query) {
    writer_.begin_array();
    // As many values as the row has now: where that is not what the columns say, the stage refuses it.
    for (int i = 0; i < sqlite3_column_count(query.get()); ++i) {
      const Column column = static_cast<std::size_t>(i) < columns_.size() ? columns_[static_cast<std::size_t>(i)] : Column();
      if (!column.is_ours) value(query, i, column.type);
    }
    writer_.end_array();
  }
  void end() {
    writer_.end_array();
    writer_.end_object();
  }

private:
  struct Column {
    std::string_view type = "any";
    bool is_ours = false;            ///< What we write ourselves is nothing that the office says.
  };
  void value(const Query& query, int column, std::string_view type) {
    switch (sqlite3_column_type(query.get(), column)) {
      case SQLITE_NULL: return writer_.null();
      case SQLITE_INTEGER: return writer_.number(sqlite3_column_int64(query.get(), column));
      case SQLITE_FLOAT: {
        const std::string number = reinterpret_cast<const char*>(sqlite3_column_text(query.get(), column));
        // "Inf" is no number of JSON; as a text it is judged by the pack.
        const bool plain_number = number.find_first_not_of("0123456789+-.eE") == std::string::npos;
        return plain_number ? writer_.number_text(number) : writer_.string(number);
      }
      case SQLITE_BLOB: return bytes(query.text(column), type);
      default: break;
    }
    const std::string raw = query.text(column);
    if (type == "bytes") return bytes(raw, type);
    const auto text = wire::decode(raw, encoding_);
    // Bytes that are no text of the charset go on as bytes: the stage refuses them with table, row and column, and nothing is replaced silently.
    if (text) writer_.string(*text);
    else bytes(raw, type);
  }
  void bytes(const std::string& raw, std::string_view type) {
    if (type == "bytes") return writer_.string(to_base64(raw));
    writer_.begin_object();
    writer_.member("bytes", to_base64(raw));
    writer_.end_object();
  }

  wire::JsonWriter& writer_;
  const StagingSettings& settings_;
  const wire::Encoding encoding_;
  std::vector<Column> columns_;
};

} // namespace

Result<std::unique_ptr<SqliteTables>> SqliteTables::open(const StagingSettings& settings) {
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(settings.database.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteTables> tables(new SqliteTables(settings, handle));
  if (result != SQLITE_OK) return Error(Errc::base_file_unreadable).at(settings.database);
  sqlite3_busy_timeout(handle, kBusyMs);
  sqlite3_extended_result_codes(handle, 1);
  TONGQU_CHECK(tables->run("PRAGMA synchronous = FULL"));
  TONGQU_CHECK(tables->check_columns());
  return tables;
}

SqliteTables::~SqliteTables() { sqlite3_close(handle_); }

Result<void> SqliteTables::run(const char* sql) const {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return Error(Errc::base_file_unreadable).at(settings_.database);
}

Result<void> SqliteTables::check_columns() const {
  std::vector<std::pair<std::string, std::string>> wanted = {{settings_.table, settings_.key}, {settings_.table, settings_.flag}};
  for (const std::string* one : {&settings_.message, &settings_.time, &settings_.complete_column}) {
    if (!one->empty()) wanted.emplace_back(settings_.table, *one);
  }
  for (const std::string& one : settings_.order) wanted.emplace_back(settings_.table, one);
  for (const ChildTable& child : settings_.children) {
    wanted.emplace_back(child.table, child.column);
    wanted.emplace_back(settings_.table, child.parent_column);
    if (!child.count_column.empty()) wanted.emplace_back(settings_.table, child.count_column);
  }
  for (const auto& [table, column] : wanted) {
    Query query(handle_, "SELECT 1 FROM pragma_table_info(?) WHERE name = ?");
    query.bind(table);
    query.bind(column);
    if (query.step()) continue;
    if (query.failed()) return Error(Errc::base_file_unreadable).at(settings_.database);
    return Error(Errc::connector_setting).at(table + "." + column);
  }
  return {};
}

Result<std::vector<StagedRow>> SqliteTables::read(std::size_t offset) {
  // One moment for parents and children: what a writer commits meanwhile is seen at the next reading, whole.
  TONGQU_CHECK(run("BEGIN"));
  std::vector<std::variant<std::int64_t, std::string>> keys;
  {
    std::string sql = "SELECT " + quoted(settings_.key) + " FROM " + quoted(settings_.table) + " WHERE " + plain(settings_.flag) + " IN (";
    for (std::size_t i = 0; i < settings_.take.size(); ++i) sql += i == 0 ? "?" : ", ?";
    sql += ")";
    if (!settings_.complete_column.empty()) sql += " AND " + plain(settings_.complete_column) + " = ?";
    sql += " ORDER BY ";
    for (std::size_t i = 0; i < settings_.order.size(); ++i) sql += (i == 0 ? "" : ", ") + quoted(settings_.order[i]);
    sql += " LIMIT ? OFFSET ?";
    Query query(handle_, sql);
    for (const std::string& one : settings_.take) query.bind(one);
    if (!settings_.complete_column.empty()) query.bind(settings_.complete_value);
    query.bind(static_cast<std::int64_t>(settings_.batch));
    query.bind(static_cast<std::int64_t>(offset));
    while (query.step()) keys.push_back(key_at(query, 0));
    if (query.failed()) {
      static_cast<void>(run("ROLLBACK"));
      return Error(Errc::base_file_unreadable).at(settings_.database);
    }
  }
  std::vector<StagedRow> rows;
  Result<void> done;
  for (const auto& key : keys) {
    auto row = read_row(key);
    if (row) rows.push_back(*std::move(row));
    else done = std::move(row).error();
  }
  static_cast<void>(run("ROLLBACK"));
  if (!done) return std::move(done).error();
  return rows;
}

Result<StagedRow> SqliteTables::read_row(const std::variant<std::int64_t, std::string>& key) const {
  StagedRow row;
  row.key = key;
  wire::JsonWriter writer(row.json);
  TableWriter tables(writer, settings_);
  writer.begin_object();
  writer.key("tables");
  writer.begin_object();
  Query parent(handle_, "SELECT * FROM " + quoted(settings_.table) + " WHERE " + quoted(settings_.key) + " = ?");
  parent.bind(key);
  tables.begin(settings_.table, parent);
  std::size_t parents = 0;
  while (parent.step()) {
    tables.row(parent);
    ++parents;
  }
  tables.end();
  bool failed = parent.failed();
  const std::string of_parent = " FROM " + quoted(settings_.table) + " WHERE " + quoted(settings_.key) + " = ?";
  for (const ChildTable& child : settings_.children) {
    Query query(handle_, "SELECT * FROM " + quoted(child.table) + " WHERE " + quoted(child.column) + " = (SELECT " + quoted(child.parent_column) + of_parent + ")");
    query.bind(key);
    tables.begin(child.table, query);
    std::int64_t count = 0;
    while (query.step()) {
      tables.row(query);
      ++count;
    }
    tables.end();
    failed = failed || query.failed();
    if (child.count_column.empty()) continue;
    Query said(handle_, "SELECT CAST(" + quoted(child.count_column) + " AS INTEGER)" + of_parent);
    said.bind(key);
    row.whole = row.whole && said.step() && sqlite3_column_int64(said.get(), 0) == count;
    failed = failed || said.failed();
  }
  writer.end_object();
  writer.end_object();
  row.whole = row.whole && parents == 1;
  if (failed) return Error(Errc::base_file_unreadable).at(settings_.database);
  return row;
}

Result<bool> SqliteTables::write_back(const StagedRow& row, const Verdict& verdict) {
  // Nobody else writes from here on, so what is read now is what is written over.
  TONGQU_CHECK(run("BEGIN IMMEDIATE"));
  const auto now = read_row(row.key);
  if (!now || now->json != row.json) {
    static_cast<void>(run("ROLLBACK"));
    if (!now) return now.error();
    return false;
  }
  std::string sql = "UPDATE " + quoted(settings_.table) + " SET " + quoted(settings_.flag) + " = ?";
  if (!settings_.message.empty()) sql += ", " + quoted(settings_.message) + " = ?";
  if (!settings_.time.empty()) sql += ", " + quoted(settings_.time) + " = ?";
  bool failed = false;
  {
    Query update(handle_, sql + " WHERE " + quoted(settings_.key) + " = ?");
    update.bind(verdict.flag);
    if (!settings_.message.empty()) update.bind(verdict.message);
    if (!settings_.time.empty()) update.bind(verdict.time);
    update.bind(row.key);
    update.step();
    failed = update.failed();
  }
  if (!failed && run("COMMIT")) return true;
  static_cast<void>(run("ROLLBACK"));
  return Error(Errc::base_file_unwritable).at(settings_.database);
}

} // namespace tongqu::connectors::staging
