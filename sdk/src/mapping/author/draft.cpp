#include <algorithm>
#include <filesystem>
#include <set>

#include "mapping/author/alias_dictionary.hpp"
#include "mapping/author/draft_sources.hpp"
#include "mapping/author/yaml_text.hpp"
#include "mapping/yaml_reader.hpp"
#include "tongqu/mapping/author.hpp"
#include "tongqu/model/code_systems.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::author {
namespace {

namespace fs = std::filesystem;
using model::FieldKind;

constexpr int kAccepted = 70;              ///< A proposal that becomes a rule; what is below is a comment.
constexpr int kMentioned = 40;
constexpr int kAgainst = 45;               ///< At most this sure when the values speak against it.
constexpr std::size_t kCodesMax = 30;

std::string number(std::size_t value) { return std::to_string(value); }

/// A source field with what the draft makes of it.
struct Row {
  const SeenField* seen = nullptr;
  std::string list;                        ///< Path of the list that it is in; empty outside.
  std::string name;                        ///< Path below the list.
  std::vector<Proposal> proposals;
  std::vector<std::string> dates;
  std::string target;                      ///< Canonical path, when one is accepted.
  int confidence = 0;
  std::string why;
  bool integers = false, decimals = false;
};

/// Rules by canonical name, as a tree that YAML nests.
struct Tree {
  std::vector<std::pair<std::string, Tree>> children;
  std::string line;                        ///< Of a rule.
  std::string comment;
  Tree& at(std::string_view path) {
    const std::size_t dot = path.find('.');
    const std::string name(path.substr(0, dot));
    auto found = std::find_if(children.begin(), children.end(), [&name](const auto& child) { return child.first == name; });
    if (found == children.end()) found = children.insert(children.end(), {name, Tree()});
    return dot == std::string_view::npos ? found->second : found->second.at(path.substr(dot + 1));
  }
  void write(std::string& out, std::size_t indent) const {
    for (const auto& [name, child] : children) {
      out += std::string(indent, ' ') + name + ":" + (child.line.empty() ? "" : " " + child.line) + (child.comment.empty() ? "" : "  # " + child.comment) + "\n";
      child.write(out, indent + 2);
    }
  }
};

class Drafter {
public:
  Drafter(const MessageKind& kind, std::string system, std::string id, DraftPack& out) : kind_(kind), system_(std::move(system)), id_(std::move(id)), out_(out) {}
  void write(const std::string& file);

private:
  void place(Row& row) const;
  bool fits(Row& row, Proposal& proposal) const;
  void weigh(const Row& row, const model::Slot& slot, Proposal& proposal) const;
  void choose();
  std::string rule(const Row& row);
  std::string table_for(const Row& row, const model::FieldInfo& field);
  std::string boolean_table(const Row& row);
  std::string path_of(const Row& row) const { return yaml_scalar(row.list.empty() ? row.seen->path : row.name); }
  std::string note(const Row& row) const;
  std::string rate(const SeenField& seen, const std::string& list) const;
  const Row* with_target(std::string_view target) const;
  void identity(std::string& text);
  void event_rule(std::string& text);
  void rules(std::string& text);
  void unmapped(std::string& text) const;
  void risks();
  void risk(std::string en, std::string zh) { out_.risks.push_back({id_ + ": " + std::move(en), id_ + "：" + std::move(zh)}); }

  const MessageKind& kind_;
  std::string system_, id_;
  DraftPack& out_;
  std::vector<Row> rows_;
  std::vector<std::string> tables_;
};

std::size_t times(const SeenField& seen, const MessageKind& kind, const std::string& list) {
  if (kind.messages == 0) return 0;
  std::size_t most = list.empty() ? kind.messages : 0;
  if (const auto at = kind.containers.find(list); at != kind.containers.end()) most = at->second;
  return std::max(most, seen.count);
}

std::string Drafter::rate(const SeenField& seen, const std::string& list) const {
  const std::size_t all = times(seen, kind_, list);
  return all == 0 ? "" : number(seen.filled * 100 / all) + " % filled";
}

std::string most_common(const std::map<std::string, std::size_t>& counts) {
  const auto at = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return at == counts.end() ? "" : at->first;
}

std::string Drafter::note(const Row& row) const {
  std::string out = rate(*row.seen, row.list);
  const auto add = [&out](const std::string& more) { out += (out.empty() || more.empty() ? "" : ", ") + more; };
  add(most_common(row.seen->shapes));
  if (!row.seen->label.empty()) {
    std::string label = row.seen->label.substr(0, 60);
    while (!label.empty() && !is_utf8(label)) label.pop_back();
    std::replace(label.begin(), label.end(), '\n', ' ');
    std::replace(label.begin(), label.end(), '\r', ' ');
    add(label);
  }
  if (row.confidence != 0) add("confidence " + number(static_cast<std::size_t>(row.confidence)) + " by " + row.why);
  return out;
}

/// The list that a field is in, the innermost one with a meaning.
void Drafter::place(Row& row) const {
  for (const std::string& list : kind_.lists) {
    const bool inside = row.seen->path.size() > list.size() && row.seen->path.compare(0, list.size() + 1, list + "/") == 0;
    if (inside && (row.list.empty() || list_proposal(row.list).empty())) row.list = list;
  }
  row.name = row.list.empty() ? row.seen->path : row.seen->path.substr(row.list.size() + 1);
}

/// The person whose member a source field is: "applicant" for 申请人/证件名称; empty when nothing around it is one.
std::string person_around(std::string_view path) {
  static constexpr std::string_view kPersons[] = {"applicant", "agent", "contact"};
  for (std::size_t end = path.rfind('/'); end != std::string_view::npos && end != 0; end = path.rfind('/', end - 1)) {
    const std::vector<Proposal> all = proposals(path.substr(0, end), "");
    if (all.empty() || all.front().confidence < kAccepted) continue;
    const std::string_view field = all.front().field;
    const auto* person = std::find(std::begin(kPersons), std::end(kPersons), field.substr(0, field.find('.')));
    if (person != std::end(kPersons) && field.substr(person->size()) == ".name") return std::string(*person);
  }
  return {};
}

/// Whether a canonical field can take this source field where it stands.
bool Drafter::fits(Row& row, Proposal& proposal) const {
  if (proposal.field == "event" || proposal.field.compare(0, 9, "identity.") == 0) return row.list.empty();
  const auto slot = model::find_slot(model::EntityId::case_, proposal.field);
  if (!slot) return false;
  const std::string list = row.list.empty() ? std::string() : list_proposal(row.list);
  if (!row.list.empty() && (list.empty() || proposal.field.compare(0, list.size() + 1, list + ".") != 0)) return false;
  std::size_t lists = 0;
  for (std::size_t i = 0; i < slot->depth; ++i) lists += slot->steps[i]->kind == FieldKind::record_list ? 1 : 0;
  if (lists != (row.list.empty() ? 0U : 1U)) return false;
  // A repeated text is no single value, and a list of plain values takes more than this tool decides.
  if (kind_.is_list(row.seen->path) || slot->field().kind == FieldKind::text_list || slot->field().kind == FieldKind::code_list || slot->field().kind == FieldKind::validity) return false;
  weigh(row, *slot, proposal);
  // What an applicant has is no licence of the result, whatever it is called.
  const std::string person = person_around(row.seen->path);
  const bool of_another = !person.empty() && proposal.field.compare(0, person.size() + 1, person + ".") != 0;
  if (of_another) proposal.confidence = std::min(proposal.confidence, kAgainst);
  return true;
}

void Drafter::weigh(const Row& row, const model::Slot& slot, Proposal& proposal) const {
  const bool seen = !row.seen->values.empty();
  const std::string& told = row.seen->type;
  bool good = true;
  switch (slot.field().kind) {
    case FieldKind::time: good = seen ? !row.dates.empty() : told.empty() || told == "date" || told == "time" || told == "string"; break;
    case FieldKind::integer: good = seen ? row.integers : told.empty() || told == "integer" || told == "string"; break;
    case FieldKind::money: good = seen ? row.decimals : told.empty() || told == "decimal" || told == "integer" || told == "string"; break;
    case FieldKind::quantity: good = false; break;   // The unit is what nobody told.
    case FieldKind::code:
    case FieldKind::boolean: good = !row.seen->many_values && row.seen->values.size() <= kCodesMax && told != "time" && told != "date"; break;
    case FieldKind::text:
    case FieldKind::identifier: good = told != "date" && told != "time"; break;
    default: good = false;
  }
  if (!good) proposal.confidence = std::min(proposal.confidence, kAgainst);
  const std::string_view check = slot.field().check;
  if (seen && slot.field().kind == FieldKind::identifier && (check == "task_code" || check == "catalog_code" || check == "division")) {
    const bool pass = std::all_of(row.seen->values.begin(), row.seen->values.end(), [check](const auto& value) {
      const auto result = model::run_check(check, value.first);
      return result && result->has_value();
    });
    proposal.confidence = pass ? std::min(98, proposal.confidence + 5) : proposal.confidence - 15;
    if (pass) proposal.why += ", check";
  }
}

/// The best assignment: surest first, each canonical field once.
void Drafter::choose() {
  struct Candidate { std::size_t row; std::size_t proposal; };
  std::vector<Candidate> all;
  for (const SeenField& seen : kind_.fields) {
    Row row;
    row.seen = &seen;
    place(row);
    if (!seen.values.empty() && !seen.many_values) row.dates = date_patterns(seen.values);
    if (!seen.values.empty() && seen.many_values) row.dates = date_patterns(seen.values);
    const auto every = [&seen](std::string_view allowed) { return std::all_of(seen.values.begin(), seen.values.end(), [allowed](const auto& value) { return value.first.find_first_not_of(allowed) == std::string::npos; }); };
    row.integers = every("0123456789");
    row.decimals = every("0123456789.");
    for (Proposal& proposal : proposals(seen.path, seen.label)) {
      if (fits(row, proposal)) row.proposals.push_back(std::move(proposal));
    }
    rows_.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (std::size_t k = 0; k < rows_[i].proposals.size(); ++k) all.push_back({i, k});
  }
  std::stable_sort(all.begin(), all.end(), [this](const Candidate& a, const Candidate& b) { return rows_[a.row].proposals[a.proposal].confidence > rows_[b.row].proposals[b.proposal].confidence; });
  std::set<std::string> taken;
  for (const Candidate& one : all) {
    Row& row = rows_[one.row];
    const Proposal& proposal = row.proposals[one.proposal];
    if (proposal.confidence < kAccepted || !row.target.empty() || !taken.insert(proposal.field).second) continue;
    row.target = proposal.field;
    row.confidence = proposal.confidence;
    row.why = proposal.why;
  }
}

const Row* Drafter::with_target(std::string_view target) const {
  const auto at = std::find_if(rows_.begin(), rows_.end(), [target](const Row& row) { return row.target == target; });
  return at == rows_.end() ? nullptr : &*at;
}

/// A row whose meaning the source itself says: its label, or the code when it is a word, is the term of the model.
std::string name_by_term(std::string_view system, std::string_view code, std::string_view label) {
  std::size_t count = 0;
  const model::CodeRow* rows = model::code_system(system, count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!rows[i].zh.empty() && (rows[i].zh == label || rows[i].zh == code)) return std::string(rows[i].name);
    if (rows[i].name == code) return std::string(rows[i].name);
  }
  return {};
}

std::string Drafter::table_for(const Row& row, const model::FieldInfo& field) {
  std::string id = row.target.substr(row.target.rfind('.') + 1);
  if (std::any_of(tables_.begin(), tables_.end(), [&id](const std::string& table) { return table.compare(2, id.size() + 1, id + ":") == 0; })) id += "_" + number(tables_.size());
  std::vector<std::pair<std::string, std::string>> codes = row.seen->codes;
  for (const auto& [value, times] : row.seen->values) {
    const bool known = std::any_of(codes.begin(), codes.end(), [&value = value](const auto& code) { return code.first == value; });
    if (!known) codes.emplace_back(value, "");
  }
  std::string known, open;
  std::size_t unknown = 0;
  for (const auto& [code, label] : codes) {
    const std::string name = name_by_term(field.system, code, label);
    if (!name.empty()) known += (known.empty() ? "" : ", ") + yaml_scalar(code) + ": " + name;
    else open += (open.empty() ? "" : ", ") + yaml_scalar(code) + (label.empty() ? "" : " (" + label.substr(0, 40) + ")"), ++unknown;
  }
  std::replace(open.begin(), open.end(), '\n', ' ');
  if (known.empty()) return {};
  tables_.push_back("  " + id + ": {inline: {" + known + "}, system: " + system_ + "." + id + ", model: " + std::string(field.system) + ", unknown: hold}" + (open.empty() ? "" : "  # without a row yet: " + open));
  if (unknown != 0) risk(number(unknown) + " codes of " + row.seen->path + " have no row; each holds its record", row.seen->path + " 有 " + number(unknown) + " 个代码尚无对应行，遇到即转人工");
  return id;
}

std::string Drafter::boolean_table(const Row& row) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {{"是", "true"}, {"否", "false"}, {"true", "true"}, {"false", "false"}, {"Y", "true"}, {"N", "false"}};
  std::string known;
  for (const auto& [word, value] : kWords) {
    if (row.seen->values.count(std::string(word)) != 0) known += (known.empty() ? "" : ", ") + yaml_scalar(word) + ": \"" + std::string(value) + "\"";
  }
  return known.empty() ? "" : "{inline: {" + known + "}, unknown: hold}";
}

/// The YAML of one rule, or nothing when what it needs is not known.
std::string Drafter::rule(const Row& row) {
  const auto slot = model::find_slot(model::EntityId::case_, row.target);
  if (!slot) return {};
  const std::size_t all = times(*row.seen, kind_, row.list);
  const bool always = all == 0 ? row.seen->required : row.seen->filled == all;
  std::string out = std::string("{") + (always ? "from: " : "maybe: ") + path_of(row) + ", type: blank";
  bool faults = always;
  const bool full_width = std::any_of(row.seen->shapes.begin(), row.seen->shapes.end(), [](const auto& shape) { return shape.first.find("９") != std::string::npos; });
  const bool plain = slot->field().kind == FieldKind::text || slot->field().kind == FieldKind::identifier;
  if (full_width && plain) out += ", via: [{fold: [digits, latin]}]";
  switch (slot->field().kind) {
    case FieldKind::time: {
      std::string patterns;
      for (const std::string& pattern : row.dates) patterns += (patterns.empty() ? "" : ", ") + yaml_scalar(pattern);
      if (patterns.empty()) patterns = row.seen->type == "date" ? "\"yyyy-MM-dd\"" : "\"yyyy-MM-dd HH:mm:ss\", \"yyyy-MM-dd'T'HH:mm:ss\"";
      out += ", via: [{date: [" + patterns + "]}]";
      faults = true;
      break;
    }
    case FieldKind::integer: out += ", via: [integer]"; faults = true; break;
    case FieldKind::money: out += ", via: [decimal]"; faults = true; break;
    case FieldKind::code: {
      const std::string table = table_for(row, slot->field());
      if (table.empty()) return {};
      out += ", table: " + table;
      faults = true;
      break;
    }
    case FieldKind::boolean: {
      const std::string table = boolean_table(row);
      if (table.empty()) return {};
      out += ", table: " + table;
      faults = true;
      break;
    }
    case FieldKind::identifier: {
      const std::string_view check = slot->field().check;
      const bool by = check == "by:id_type" && with_target(row.target.substr(0, row.target.rfind('.')) + ".id_type") != nullptr;
      if (by) out += ", check: {by: " + row.target.substr(0, row.target.rfind('.')) + ".id_type}", faults = true;
      else if (!check.empty() && check.compare(0, 3, "by:") != 0) out += ", check: " + std::string(check), faults = true;
      break;
    }
    default: break;
  }
  return out + (faults ? ", on_fail: " + std::string(row.target == "case_no" ? "reject" : "hold") : "") + "}";
}

void Drafter::identity(std::string& text) {
  struct Member { std::string_view name, target, en, zh; };
  static constexpr Member kMembers[] = {{"item", "task_code", "the item", "事项"}, {"case", "case_no", "the case number", "办件编号"}, {"event", "identity.event", "what tells two events of a case apart", "区分同一办件多次报送的标识"}};
  text += "\nidentity:\n  organisation: {from: \"meta:organisation\", on_fail: reject}  # better {param: organisation}, with the credit code under params of pack.yaml\n";
  for (const Member& member : kMembers) {
    const Row* row = with_target(member.target);
    const std::string path = row != nullptr ? yaml_scalar(row->seen->path) : "\"meta:" + std::string(member.name) + "\"";
    text += "  " + std::string(member.name) + ": {from: " + path + (row != nullptr ? ", type: blank" : "") + ", on_fail: reject}" + (row != nullptr ? "  # " + note(*row) : "  # no field found: every message is refused until one is named") + "\n";
    if (row == nullptr) risk("no field found for " + std::string(member.en) + "; every message is refused until one is named", "未找到" + std::string(member.zh) + "字段；指定之前所有报文都会被拒绝");
  }
}

void Drafter::event_rule(std::string& text) {
  const Row* row = with_target("event");
  if (row == nullptr) {
    text += "event: {from: \"meta:event\", on_fail: hold}  # which field says accept, step or result? Until it is named, records are held\n";
    risk("no field found that says what happened (accept, step, result); records are held until one is named", "未找到表示业务环节（受理、环节、办结）的字段；指定之前记录均转人工");
    return;
  }
  std::string known, open;
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {{"申请", "apply"}, {"受理", "accept"}, {"办理", "step"}, {"环节", "step"}, {"办结", "result"}, {"apply", "apply"}, {"accept", "accept"}, {"step", "step"}, {"result", "result"}};
  std::vector<std::pair<std::string, std::string>> codes = row->seen->codes;
  for (const auto& [value, count] : row->seen->values) codes.emplace_back(value, "");
  for (const auto& [code, label] : codes) {
    std::string name;
    for (const auto& [word, event] : kWords) name = code == word || label == word ? std::string(event) : name;
    if (!name.empty() && known.find(yaml_scalar(code) + ": ") == std::string::npos) known += (known.empty() ? "" : ", ") + yaml_scalar(code) + ": " + name;
    else if (name.empty()) open += (open.empty() ? "" : ", ") + yaml_scalar(code);
  }
  if (known.empty()) known = "\"(a code of the source)\": accept";
  text += "event: {from: " + yaml_scalar(row->seen->path) + ", type: blank, table: {inline: {" + known + "}, system: " + system_ + ".event, unknown: hold}, on_fail: hold}" + (open.empty() ? "" : "  # seen: " + open) + "\n";
  risk("say which event each code of " + row->seen->path + " means", "请确认 " + row->seen->path + " 的每个代码对应哪个业务环节");
}

void Drafter::rules(std::string& text) {
  Tree tree;
  if (const Row* row = with_target("case_no"); row == nullptr) tree.at("case_no").line = "{from: \"meta:case\", on_fail: reject}";
  std::map<std::string, std::string> each;
  for (Row& row : rows_) {
    if (row.target.empty() || row.target == "event" || row.target.compare(0, 9, "identity.") == 0) continue;
    std::string line = rule(row);
    if (line.empty()) {
      row.why = "codes unknown";
      row.confidence = 0;
      continue;
    }
    if (row.list.empty()) {
      Tree& leaf = tree.at(row.target);
      leaf.line = std::move(line);
      leaf.comment = note(row);
      continue;
    }
    const std::string list = list_proposal(row.list);
    // Two repeated elements that both look like one canonical list: the first keeps it.
    if (const auto known = each.emplace(list, row.list); known.first->second != row.list) {
      row.target.clear();
      continue;
    }
    Tree& leaf = tree.at(list + ".rules").at(row.target.substr(list.size() + 1));
    leaf.line = std::move(line);
    leaf.comment = note(row);
  }
  for (const auto& [list, path] : each) {
    Tree& node = tree.at(list);
    node.children.insert(node.children.begin(), {"each", Tree()});
    node.children.front().second.line = yaml_scalar(path);
  }
  text += "\nrules:\n";
  tree.write(text, 2);
}

void Drafter::unmapped(std::string& text) const {
  std::string out;
  for (const Row& row : rows_) {
    const bool used = !row.target.empty() && row.why != "codes unknown";
    if (used) continue;
    std::string maybe;
    for (const Proposal& proposal : row.proposals) {
      if (proposal.confidence >= kMentioned && maybe.size() < 80) maybe += (maybe.empty() ? "" : ", ") + proposal.field + " (" + number(static_cast<std::size_t>(proposal.confidence)) + ")";
    }
    if (row.why == "codes unknown") maybe = row.target + ", as soon as its codes have a table";
    Row plain = row;
    plain.confidence = 0;
    std::string values;
    if (!row.seen->codes.empty()) values = ", codes: " + number(row.seen->codes.size());
    out += "#   " + row.seen->path + "  " + note(plain) + values + (maybe.empty() ? "" : "  perhaps " + maybe) + "\n";
  }
  if (!out.empty()) text += "\n# Not mapped yet. Map each, or list it under `ignore` when the office agrees that nobody needs it:\n" + out;
}

void Drafter::risks() {
  for (const Bilingual& one : kind_.risks) risk(one.en, one.zh);
  for (const Row& row : rows_) {
    const SeenField& seen = *row.seen;
    if (!seen.placeholders.empty()) risk("texts for \"nothing\" stand in " + seen.path, seen.path + " 中出现表示“无”的占位值");
    const bool exponent = std::any_of(seen.shapes.begin(), seen.shapes.end(), [](const auto& shape) { return shape.first.find("E+") != std::string::npos || shape.first.find("A+9") != std::string::npos; });
    if (exponent) risk("numbers in exponent form in " + seen.path + ": digits are lost at the source", seen.path + " 中出现科学计数法，源头已丢失数字");
    for (const auto& [value, count] : seen.values) {
      if (value.find("锟斤拷") == std::string::npos && value.find("\xEF\xBF\xBD") == std::string::npos && value.find("????") == std::string::npos) continue;
      risk("destroyed characters in " + seen.path, seen.path + " 中有已损坏的字符");
      break;
    }
    if (row.dates.size() > 1) risk(number(row.dates.size()) + " date forms in " + seen.path, seen.path + " 有 " + number(row.dates.size()) + " 种日期写法");
  }
}

void Drafter::write(const std::string& file) {
  choose();
  risks();
  std::string body, head;
  identity(body);
  event_rule(body);
  rules(body);
  unmapped(body);
  head = "# A draft by `tongqu map scaffold`. It holds and refuses where it does not know; read DRAFT.md, then go through it line by line.\n";
  head += "mapping: " + id_ + "\nto: case@1\nrecord: part\nzone: \"+08:00\"\nsource:\n";
  for (const std::string& stage : kind_.stages) head += "  - " + stage + "\n";
  if (!kind_.records.empty()) head += "records: {each: " + yaml_scalar(kind_.records) + "}\n";
  std::set<std::string> nothing = {"无", "/", "-", "null"};
  for (const SeenField& seen : kind_.fields) {
    for (const auto& [text, times] : seen.placeholders) nothing.insert(text);
  }
  head += "\ntypes:\n  blank: {trim: wide, null_if: [\"\"";
  for (const std::string& text : nothing) head += ", " + yaml_scalar(text);
  head += "]}\n";
  if (!tables_.empty()) head += "\ntables:\n";
  for (const std::string& table : tables_) head += table + "\n";
  out_.files.push_back({file, head + body});
  for (const Row& row : rows_) {
    const bool used = !row.target.empty() && row.why != "codes unknown";
    out_.fields.push_back({id_, row.seen->path, used ? row.target : "", used ? row.confidence : 0, row.seen->count, row.seen->filled, most_common(row.seen->shapes)});
  }
}

std::string id_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out += c;
    else if (c >= 'A' && c <= 'Z') out += static_cast<char>(c - 'A' + 'a');
    else if (!out.empty() && out.back() != '-') out += '-';
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "message" : out;
}

Result<std::vector<MessageKind>> kinds_of_file(const std::string& path) {
  const auto bytes = detail::read_file(path);
  if (!bytes) return Error(Errc::base_file_unreadable).at(path);
  const std::string folder = fs::path(path).parent_path().string();
  std::string_view text = trimmed(*bytes);
  if (text.substr(0, 1) == "<") {
    auto document = wire::parse_xml(*bytes);
    if (!document) return std::move(document).error();
    if (document->root().name() == "definitions") return kinds_of_wsdl(*document, folder);
    if (document->root().name() == "schema") return kinds_of_xsd(*document, folder);
    return kinds_of_messages({{fs::path(path).filename().string(), *bytes}});
  }
  if (const auto yaml = wire::parse_yaml(*bytes); yaml && (yaml->find("openapi") != nullptr || yaml->find("swagger") != nullptr)) return kinds_of_openapi(*yaml);
  if (auto tables = kinds_of_sql(*bytes); !tables.empty()) return tables;
  return kinds_of_messages({{fs::path(path).filename().string(), *bytes}});
}

Result<std::vector<MessageKind>> kinds_of_folder(const ScaffoldOptions& options) {
  std::vector<Capture> captures;
  for (const std::string& file : options.messages) {
    auto bytes = detail::read_file(file);
    if (!bytes) return Error(Errc::base_file_unreadable).at(file);
    captures.push_back({fs::path(file).filename().string(), std::move(*bytes)});
  }
  return kinds_of_messages(captures);
}

std::string draft_page(const DraftPack& draft) {
  std::string out = "# What this draft does not know\n\nWritten by `tongqu map scaffold`. Each point is to be settled before the pack runs; then delete this file.\n\n";
  for (const Bilingual& risk : draft.risks) out += "- " + risk.en + "\n  " + risk.zh + "\n";
  out += "\n## Fields\n\n| mapping | source | canonical | confidence | filled | shape |\n|---|---|---|---|---|---|\n";
  for (const DraftField& field : draft.fields) {
    std::string shape = field.shape;
    for (std::size_t at = shape.find('|'); at != std::string::npos; at = shape.find('|', at + 2)) shape.insert(at, "\\");
    const std::string filled = field.count == 0 ? "" : number(field.filled) + " of " + number(field.count);
    out += "| " + field.mapping + " | `" + field.source + "` | " + (field.target.empty() ? "" : "`" + field.target + "`") + " | " + (field.confidence == 0 ? "" : number(static_cast<std::size_t>(field.confidence))) + " | " + filled + " | " + shape + " |\n";
  }
  return out;
}

} // namespace

Result<DraftPack> scaffold(const ScaffoldOptions& options) {
  auto read = options.messages.empty() ? kinds_of_file(options.source) : kinds_of_folder(options);
  if (!read) return std::move(read).error();
  std::vector<MessageKind> kinds = std::move(*read);
  if (!options.only.empty()) kinds.erase(std::remove_if(kinds.begin(), kinds.end(), [&](const MessageKind& kind) { return kind.name != options.only; }), kinds.end());
  if (kinds.empty()) return Error(Errc::mapping_records_none).at(options.source);
  DraftPack draft;
  std::string mappings;
  std::set<std::string> ids;
  std::set<std::vector<std::pair<std::string, std::string>>> matches;
  bool soap = false;
  for (const MessageKind& kind : kinds) {
    std::string id = id_of(kind.name);
    while (!ids.insert(id).second) id += "-2";
    if (!matches.insert(kind.match).second || (kind.match.empty() && kinds.size() > 1)) {
      draft.risks.push_back({id + ": nothing tells this kind of message apart from another one; it is left out", id + "：无法与另一种报文区分，已略去"});
      continue;
    }
    soap = soap || kind.soap;
    Drafter drafter(kind, options.system, options.system + "." + id, draft);
    drafter.write("mappings/" + id + ".yaml");
    std::string match;
    for (const auto& [key, value] : kind.match) match += (match.empty() ? "" : ", ") + key + ": " + yaml_scalar(value);
    mappings += "  - file: mappings/" + id + ".yaml\n    match: {" + match + "}\n";
  }
  std::string pack = "# A draft by `tongqu map scaffold`; see DRAFT.md.\npack: " + options.system + "\nsystem: " + options.system + "\nversion: \"0\"\n";
  pack += "title: {en: Draft of " + options.system + ", zh: " + options.system + " 草稿}\nconnector:\n  family: " + (soap ? "soap" : "rest") + "\nmappings:\n" + mappings;
  draft.files.insert(draft.files.begin(), {"pack.yaml", std::move(pack)});
  draft.files.push_back({"DRAFT.md", draft_page(draft)});
  return draft;
}

} // namespace tongqu::mapping::author
