#include "mapping/author/alias_dictionary.hpp"

#include <algorithm>
#include <map>

#include "mapping/code_table.hpp"
#include "mapping/embedded_file.hpp"
#include "tongqu/base/assert.hpp"
#include "tongqu/model/code_systems.hpp"
#include "tongqu/model/schema.hpp"

namespace tongqu::mapping::author {
namespace {

constexpr int kPublished = 85;       ///< A name that the model knows from a published interface.
constexpr int kModelName = 80;       ///< The model's own name of the field.
constexpr int kModelTerm = 88;       ///< The model's Chinese term.
constexpr int kLabelPart = 25;       ///< Taken off when a label only contains the name.

struct Alias { std::string field; int confidence; std::string why; };
using Dictionary = std::multimap<std::string, Alias, std::less<>>;

std::vector<std::string> pieces(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

int number_of(const std::string& text) {
  int value = 0;
  for (const char c : text) value = c >= '0' && c <= '9' ? value * 10 + (c - '0') : value;
  return value;
}

/// Rows of aliases.csv: comments begin with #.
void add_own(Dictionary& dictionary) {
  std::string_view file = detail::embedded_file("author/aliases.csv");
  std::string text;
  for (const std::string& line : pieces(file, '\n')) text += line.empty() || line[0] == '#' ? "" : line + "\n";
  std::vector<std::uint32_t> lines;
  std::vector<detail::CsvProblem> problems;
  const auto rows = detail::read_csv(text, lines, problems);
  TONGQU_ASSERT(problems.empty(), "the dictionary is a file of ours");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    TONGQU_ASSERT(rows[i].size() == 3, "a row of the dictionary has three cells");
    for (const std::string& name : pieces(rows[i][0], '|')) dictionary.emplace(plain_name(name), Alias{rows[i][1], number_of(rows[i][2]), "name"});
  }
}

void add_model(Dictionary& dictionary) {
  for (const model::FieldAlias* alias : model::all_aliases()) {
    if (alias->field.substr(0, 5) == "case.") dictionary.emplace(plain_name(alias->wire), Alias{std::string(alias->field.substr(5)), kPublished, "published name"});
  }
  for (const model::FieldListing& listing : model::list_fields(model::EntityId::case_)) {
    if (listing.field->type != nullptr) continue;
    const auto steps = pieces(listing.path, '.');
    // "name" alone says nothing; with what stands around it, it does.
    std::string name = steps.back();
    if (steps.size() > 1) name = steps[steps.size() - 2] + name;
    dictionary.emplace(plain_name(name), Alias{listing.path, kModelName, "name in the model"});
    if (steps.size() == 1) dictionary.emplace(plain_name(listing.field->zh), Alias{listing.path, kModelTerm, "term of the model"});
  }
}

const Dictionary& dictionary() {
  static const Dictionary kDictionary = [] {
    Dictionary made;
    add_own(made);
    add_model(made);
    return made;
  }();
  return kDictionary;
}

void propose(std::string_view name, int less, std::string_view why, std::vector<Proposal>& out) {
  const auto [begin, end] = dictionary().equal_range(name);
  for (auto at = begin; at != end; ++at) {
    const int confidence = at->second.confidence - less;
    auto known = std::find_if(out.begin(), out.end(), [&](const Proposal& one) { return one.field == at->second.field; });
    if (known == out.end()) out.push_back({at->second.field, confidence, why.empty() ? at->second.why : std::string(why)});
    // A name and a label that agree are surer than either.
    else known->confidence = std::min(98, std::max(known->confidence, confidence) + 4);
  }
}

} // namespace

std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'a' && c <= 'z') out += static_cast<char>(c - 'a' + 'A');
    else if (c != '_' && c != '-' && c != '.' && c != ' ' && c != '@' && c != '/') out += c;
  }
  return out;
}

std::vector<Proposal> proposals(std::string_view path, std::string_view label) {
  std::vector<Proposal> out;
  const auto steps = pieces(path, '/');
  const std::string last = plain_name(steps.back());
  if (steps.size() > 1) propose(plain_name(steps[steps.size() - 2]) + last, 0, {}, out);
  propose(last, out.empty() ? 0 : 15, {}, out);
  if (!label.empty()) {
    const std::string plain = plain_name(label);
    propose(plain, 0, "label", out);
    // "申请人名称（必填）": the words before a bracket or a comma.
    const std::size_t end = std::min({plain.find("（"), plain.find('('), plain.find("，"), plain.find(','), plain.find("："), plain.find(':')});
    if (end != std::string::npos && end != 0) propose(plain.substr(0, end), kLabelPart / 5, "label", out);
  }
  std::stable_sort(out.begin(), out.end(), [](const Proposal& a, const Proposal& b) { return a.confidence > b.confidence; });
  return out;
}

std::string list_proposal(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kLists[] = {
      {"CL", "received_materials"}, {"CLLB", "received_materials"}, {"CLLIST", "received_materials"}, {"CLXX", "received_materials"}, {"MATERIAL", "received_materials"}, {"MATERIALS", "received_materials"},
      {"MATERIALLIST", "received_materials"}, {"STUFF", "received_materials"}, {"STUFFS", "received_materials"}, {"ATTACHMENT", "received_materials"}, {"ATTACHMENTS", "received_materials"}, {"材料", "received_materials"},
      {"材料列表", "received_materials"}, {"HJ", "process_steps"}, {"HJLIST", "process_steps"}, {"GC", "process_steps"}, {"GCXX", "process_steps"}, {"NODE", "process_steps"}, {"NODES", "process_steps"},
      {"STEP", "process_steps"}, {"STEPS", "process_steps"}, {"PROCESS", "process_steps"}, {"PROCESSES", "process_steps"}, {"FLOW", "process_steps"}, {"FLOWS", "process_steps"}, {"BLGC", "process_steps"},
      {"SPGC", "process_steps"}, {"TASKS", "process_steps"}, {"环节", "process_steps"}, {"过程", "process_steps"}};
  const auto steps = pieces(path, '/');
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::string plain = plain_name(*step);
    for (const auto& [name, field] : kLists) {
      if (plain == name) return std::string(field);
    }
  }
  return {};
}

} // namespace tongqu::mapping::author
