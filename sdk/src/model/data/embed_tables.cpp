// Host program of the build: reads the code systems, crosswalks and aliases in a folder and writes them as constant C++ tables.
//   tongqu_embed_tables FOLDER OUTPUT
// FOLDER holds codes/*.csv, crosswalks/*.csv and aliases.csv. Every mistake is told as `file:line: what is wrong`; with one mistake
// nothing is written and the exit code is 1. Uses the standard library only, so that building the SDK needs no other language.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Row {
  int line = 0;
  std::vector<std::string> cells;
};

/// One CSV file: `# key: value` lines, the line of column names, rows (RFC 4180 quotes).
struct Table {
  std::string file;
  std::map<std::string, std::string> head;
  std::vector<Row> rows;
};

class Mistakes {
public:
  void add(const std::string& file, int line, const std::string& text) {
    std::cerr << file << ':' << line << ": " << text << '\n';
    any_ = true;
  }
  bool any() const { return any_; }

private:
  bool any_ = false;
};

/// Cells of one line; false when a quote is not closed (a cell holds no line break).
bool split(const std::string& line, std::vector<std::string>& cells) {
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"') cell += line[i++];
    else if (line[i] == '"') quoted = !quoted;
    else if (line[i] == ',' && !quoted) cells.push_back(std::exchange(cell, {}));
    else cell += line[i];
  }
  cells.push_back(cell);
  return !quoted;
}

Table read_table(const fs::path& path, const std::string& columns, Mistakes& mistakes) {
  Table table;
  table.file = path.filename().string();
  std::ifstream in(path, std::ios::binary);
  if (!in) mistakes.add(path.string(), 0, "cannot be read");
  const auto width = static_cast<std::size_t>(std::count(columns.begin(), columns.end(), ',') + 1);
  bool in_head = true;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (in_head && line.rfind("# ", 0) == 0) {
      const std::size_t colon = line.find(": ");
      if (colon != std::string::npos) table.head[line.substr(2, colon - 2)] = line.substr(colon + 2);
    } else if (in_head) {
      in_head = false;
      if (line != columns) mistakes.add(table.file, number, "the columns must be " + columns);
    } else if (!line.empty()) {
      Row row{number, {}};
      if (!split(line, row.cells)) mistakes.add(table.file, number, "a quote is not closed");
      else if (row.cells.size() != width) mistakes.add(table.file, number, "has " + std::to_string(row.cells.size()) + " cells, not " + std::to_string(width));
      else table.rows.push_back(std::move(row));
    }
  }
  return table;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  const std::string_view month = text.substr(5, 2), day = text.substr(8, 2);
  return month >= "01" && month <= "12" && day >= "01" && day <= "31";
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// Lower case without underscores: how two spellings of one wire name meet.
std::string folded(std::string_view wire) {
  std::string out;
  for (const char c : wire) {
    if (c != '_') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

struct CodeSystem {
  Table table;
  std::set<std::string> names, codes;
  bool canonical = false;
};

class Embedder {
public:
  Embedder(fs::path folder, Mistakes& mistakes) : folder_(std::move(folder)), mistakes_(mistakes) {}

  void read() {
    for (const fs::path& path : files_of(folder_ / "codes")) read_system(path);
    for (const fs::path& path : files_of(folder_ / "crosswalks")) read_crosswalk(path);
    read_aliases();
  }

  void write(std::ostream& out) const {
    out << "// Written by tongqu_embed_tables from sdk/src/model/data; changes belong there.\n";
    write_systems(out);
    write_crosswalks(out);
    out << "constexpr FieldAlias kAliases[] = {\n";
    for (const auto& [key, row] : aliases_) {
      out << "{" << literal(row->cells[0]) << "," << literal(row->cells[1]) << "," << literal(row->cells[2]) << "," << literal(row->cells[3]) << ","
          << literal(key.first) << "},\n";
    }
    out << "};\n";
  }

private:
  void need(const Table& table, std::initializer_list<const char*> keys) {
    for (const char* key : keys) {
      if (table.head.find(key) == table.head.end()) mistakes_.add(table.file, 1, std::string("the head does not say `# ") + key + ": ...`");
    }
    const auto confidence = table.head.find("confidence");
    const std::set<std::string> words{"high", "medium", "low", "own"};
    if (confidence != table.head.end() && words.count(confidence->second) == 0) mistakes_.add(table.file, 1, "confidence is high, medium, low or own");
  }

  void read_system(const fs::path& path) {
    CodeSystem system;
    system.table = read_table(path, "code,name,zh,en,valid_from,valid_to,note", mistakes_);
    const Table& table = system.table;
    need(table, {"system", "version", "canonical", "source", "confidence", "zh", "en"});
    const std::string name = path.stem().string();
    if (table.head.count("system") != 0 && table.head.at("system") != name) mistakes_.add(table.file, 1, "the file is not named like its system");
    system.canonical = table.head.count("canonical") != 0 && table.head.at("canonical") == "yes";
    for (const Row& row : table.rows) {
      if (!is_name(row.cells[1])) mistakes_.add(table.file, row.line, "a name is written in small letters, digits and _");
      if (!system.names.insert(row.cells[1]).second) mistakes_.add(table.file, row.line, "the name " + row.cells[1] + " stands twice");
      // A code that was given to another meaning later may stand again with another time of validity.
      const std::string coded = row.cells[0] + "|" + row.cells[4];
      if (!row.cells[0].empty() && !system.codes.insert(coded).second) mistakes_.add(table.file, row.line, "the code " + row.cells[0] + " stands twice");
      if (row.cells[0].empty() && !system.canonical) mistakes_.add(table.file, row.line, "only a canonical system has names without a code");
      if (row.cells[2].empty() || row.cells[3].empty()) mistakes_.add(table.file, row.line, "a row has a Chinese and an English label");
      for (const std::size_t i : {4, 5}) {
        if (!row.cells[i].empty() && !is_date(row.cells[i])) mistakes_.add(table.file, row.line, "a date is written 2099-01-31");
      }
    }
    if (table.rows.empty()) mistakes_.add(table.file, 1, "the system has no rows");
    systems_.emplace(name, std::move(system));
  }

  static bool has_code(const CodeSystem& system, const std::string& code) {
    return std::any_of(system.table.rows.begin(), system.table.rows.end(), [&](const Row& row) { return row.cells[0] == code; });
  }

  void read_crosswalk(const fs::path& path) {
    Table table = read_table(path, "from,to,reverse,note", mistakes_);
    need(table, {"from", "to", "version", "source", "confidence", "coverage"});
    const auto from = systems_.find(table.head["from"]), to = systems_.find(table.head["to"]);
    if (from == systems_.end() || to == systems_.end() || !to->second.canonical) {
      mistakes_.add(table.file, 1, "`from` is a code system and `to` a canonical one");
      return;
    }
    if (path.stem().string() != from->first + "--" + to->first) mistakes_.add(table.file, 1, "the file is named FROM--TO.csv");
    std::set<std::string> seen;
    std::map<std::string, std::vector<const Row*>> back;
    bool total = true;
    for (const Row& row : table.rows) {
      check_crosswalk_row(table, row, from->second, to->second, seen, back);
      total = total && (!row.cells[1].empty() || row.cells[2] == "only");
    }
    for (const Row& row : from->second.table.rows) {
      if (seen.count(row.cells[0]) == 0) mistakes_.add(table.file, 1, "does not say what becomes of " + row.cells[0]);
    }
    for (const auto& [name, rows] : back) check_reverse(table, name, rows);
    if (table.head["coverage"] != (total ? "total" : "partial")) mistakes_.add(table.file, 1, total ? "coverage is total" : "coverage is partial");
    crosswalks_.push_back(std::move(table));
  }

  void check_crosswalk_row(const Table& table, const Row& row, const CodeSystem& from, const CodeSystem& to, std::set<std::string>& seen,
                           std::map<std::string, std::vector<const Row*>>& back) {
    const auto& [code, name, reverse, note] = std::tie(row.cells[0], row.cells[1], row.cells[2], row.cells[3]);
    if (!has_code(from, code)) mistakes_.add(table.file, row.line, "the code " + code + " is not in " + table.head.at("from"));
    if (reverse != "" && reverse != "yes" && reverse != "no" && reverse != "only") mistakes_.add(table.file, row.line, "reverse is empty, yes, no or only");
    if (reverse != "only" && !seen.insert(code).second) mistakes_.add(table.file, row.line, "the code " + code + " stands twice");
    if (name.empty()) {
      if (note.empty()) mistakes_.add(table.file, row.line, "a code that is not covered says why");
      return;
    }
    if (to.names.count(name) == 0) mistakes_.add(table.file, row.line, "the name " + name + " is not in " + table.head.at("to"));
    back[name].push_back(&row);
  }

  /// One code leads back, or every row says that none does.
  void check_reverse(const Table& table, const std::string& name, const std::vector<const Row*>& rows) {
    if (rows.size() == 1) return;
    const auto chosen = std::count_if(rows.begin(), rows.end(), [](const Row* row) { return row->cells[2] == "yes" || row->cells[2] == "only"; });
    const auto refused = std::count_if(rows.begin(), rows.end(), [](const Row* row) { return row->cells[2] == "no"; });
    if (chosen == 1 || (chosen == 0 && refused == static_cast<std::ptrdiff_t>(rows.size()))) return;
    mistakes_.add(table.file, rows.front()->line, "the way back from " + name + " is ambiguous: say reverse yes in one row, or no in all");
  }

  void read_aliases() {
    alias_table_ = read_table(folder_ / "aliases.csv", "field,wire,profile,note", mistakes_);
    std::set<std::string> seen;
    for (const Row& row : alias_table_.rows) {
      if (row.cells[0].find('.') == std::string::npos) mistakes_.add(alias_table_.file, row.line, "a field is written entity.path");
      if (row.cells[1].empty() || row.cells[2].empty()) mistakes_.add(alias_table_.file, row.line, "a row has a wire name and a profile");
      if (!seen.insert(row.cells[0] + "|" + row.cells[1] + "|" + row.cells[2]).second) mistakes_.add(alias_table_.file, row.line, "the row stands twice");
      aliases_.emplace(std::make_pair(folded(row.cells[1]), row.cells[2]), &row);
    }
  }

  void write_systems(std::ostream& out) const {
    int number = 0;
    for (const auto& [name, system] : systems_) {
      out << "constexpr CodeRow kRows_" << number << "[] = {\n";
      for (const Row& row : system.table.rows) {
        out << "{" << literal(row.cells[1]) << "," << literal(row.cells[0]) << "," << literal(row.cells[2]) << "," << literal(row.cells[3]) << ","
            << literal(row.cells[4]) << "," << literal(row.cells[5]) << "," << literal(row.cells[6]) << "},\n";
      }
      out << "};\nconstexpr std::uint16_t kByName_" << number << "[] = {";
      for (const auto& [text, at] : order_by_name(system.table)) out << at << ",";
      out << "};\n";
      ++number;
    }
    out << "constexpr SystemRow kSystems[] = {\n";
    number = 0;
    for (const auto& [name, system] : systems_) {
      const auto& head = system.table.head;
      out << "{{" << literal(name) << "," << literal(head.at("version")) << "," << literal(head.at("source")) << ",Confidence::" << head.at("confidence")
          << "," << (system.canonical ? "true" : "false") << "," << literal(head.at("zh")) << "," << literal(head.at("en")) << ",kRows_" << number
          << "," << system.table.rows.size() << "},kByName_" << number << "},\n";
      ++number;
    }
    out << "};\n";
  }

  static std::map<std::string, std::size_t> order_by_name(const Table& table) {
    std::map<std::string, std::size_t> order;
    for (std::size_t i = 0; i < table.rows.size(); ++i) order[table.rows[i].cells[1]] = i;
    return order;
  }

  void write_crosswalks(std::ostream& out) const {
    int number = 0;
    for (const Table& table : crosswalks_) {
      out << "constexpr CrosswalkRow kCross_" << number++ << "[] = {\n";
      for (const Row& row : table.rows) {
        const std::string reverse = row.cells[2].empty() ? "plain" : row.cells[2];
        out << "{" << literal(row.cells[0]) << "," << literal(row.cells[1]) << ",Reverse::" << reverse << "," << literal(row.cells[3]) << "},\n";
      }
      out << "};\n";
    }
    out << "constexpr Crosswalk kCrosswalks[] = {\n";
    number = 0;
    for (const Table& table : crosswalks_) {
      out << "{" << literal(table.head.at("from")) << "," << literal(table.head.at("to")) << "," << literal(table.head.at("version")) << ","
          << literal(table.head.at("source")) << ",Confidence::" << table.head.at("confidence") << ","
          << (table.head.at("coverage") == "total" ? "true" : "false") << ",kCross_" << number++ << "," << table.rows.size() << "},\n";
    }
    out << "};\n";
  }

  fs::path folder_;
  Mistakes& mistakes_;
  std::map<std::string, CodeSystem> systems_;
  std::vector<Table> crosswalks_;
  Table alias_table_;
  std::multimap<std::pair<std::string, std::string>, const Row*> aliases_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: tongqu_embed_tables FOLDER OUTPUT\n";
    return 4;
  }
  Mistakes mistakes;
  Embedder embedder(argv[1], mistakes);
  try {
    embedder.read();
  } catch (const fs::filesystem_error&) {
    std::cerr << argv[1] << ": the folders codes and crosswalks cannot be read\n";
    return 1;
  }
  if (mistakes.any()) return 1;
  std::ostringstream text;
  embedder.write(text);
  std::ofstream out(argv[2], std::ios::binary);
  out << text.str();
  out.close();
  if (!out) {
    std::cerr << argv[2] << ": cannot be written\n";
    return 1;
  }
  return 0;
}
