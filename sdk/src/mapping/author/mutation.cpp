#include <algorithm>
#include <set>

#include "mapping/author/mutants.hpp"
#include "mapping/yaml_reader.hpp"
#include "tongqu/mapping/author.hpp"

namespace tongqu::mapping::author {
namespace {

using wire::YamlNode;
constexpr const char* kExcuses = "excuses.yaml";

struct Excuse { std::string mutant, reason, file; std::uint32_t line = 0; bool used = false; };

Result<std::vector<Excuse>> read_excuses(const std::string& folder) {
  std::vector<Excuse> out;
  const auto bytes = detail::read_file(folder + "/" + kExcuses);
  if (!bytes) return out;
  const auto root = wire::parse_yaml(*bytes);
  if (!root) return Error(root.error().code()).at(std::string(kExcuses) + ":" + root.error().where());
  const YamlNode* list = root->find("excuses");
  if (list == nullptr || !list->is_sequence()) return Error(Errc::mapping_wrong_shape).at(std::string(kExcuses) + ":1:1").with("excuses: [{mutant, reason}]");
  for (const YamlNode& item : list->items) {
    const YamlNode* mutant = item.find("mutant");
    const YamlNode* reason = item.find("reason");
    const YamlNode* file = item.find("file");
    const bool good = mutant != nullptr && reason != nullptr && mutant->is_scalar() && reason->is_scalar() && !mutant->text.empty() && !reason->text.empty() && item.members.size() == (file == nullptr ? 2U : 3U);
    if (!good) return Error(Errc::mapping_wrong_shape).at(std::string(kExcuses) + ":" + item.position()).with("{mutant: TEXT, reason: TEXT}");
    out.push_back({mutant->text, reason->text, file == nullptr ? std::string() : file->text, item.line, false});
  }
  return out;
}

/// An excuse names one mutant, or with a final * all that begin so; with a file, only there.
bool covers(const Excuse& excuse, const Mutant& mutant) {
  const std::string id = mutant.id();
  if (!excuse.file.empty() && excuse.file != mutant.file) return false;
  if (excuse.mutant.back() != '*') return excuse.mutant == id;
  return id.compare(0, excuse.mutant.size() - 1, excuse.mutant, 0, excuse.mutant.size() - 1) == 0;
}

Result<std::vector<MutantText>> all_mutants(const std::string& folder) {
  TONGQU_TRY(const std::vector<PackDocument> documents, read_documents(folder));
  std::vector<MutantText> out;
  std::vector<TableFile> tables;
  const auto take = [&out](std::vector<MutantText> more) { std::move(more.begin(), more.end(), std::back_inserter(out)); };
  for (const PackDocument& document : documents) {
    take(mutants_of(document));
    for (TableFile& table : table_files(document.root)) {
      const bool names_tables = document.file != "pack.yaml" || document.root.find("extends") != nullptr;
      const bool fresh = std::none_of(tables.begin(), tables.end(), [&table](const TableFile& one) { return one.file == table.file; });
      if (names_tables && fresh) tables.push_back(std::move(table));
    }
  }
  for (const TableFile& table : tables) {
    if (const auto bytes = detail::read_file(folder + "/" + table.file)) take(mutants_of_table(table, *bytes));
  }
  return out;
}

/// `reason` is set for what the compiler refuses: its first mistake.
MutantFate judge(const PackCopy& copy, const PackAt& at, const Environment& environment, std::string& reason) {
  Findings mistakes;
  const auto pack = Pack::load(copy.folder(), at.params, mistakes);
  if (!pack) {
    const auto first = std::find_if(mistakes.begin(), mistakes.end(), [](const Finding& one) { return one.severity == Severity::error; });
    reason = first == mistakes.end() ? std::string(pack.error().id()) : std::string(errc_row(first->id).id) + " " + first->path;
    return MutantFate::refused;
  }
  const Pack::TestReport report = (*pack)->run_tests(environment);
  return report.failures.empty() ? MutantFate::survived : MutantFate::noticed;
}

} // namespace

std::string_view fate_name(MutantFate fate) noexcept {
  switch (fate) {
    case MutantFate::noticed: return "noticed";
    case MutantFate::refused: return "refused";
    case MutantFate::excused: return "excused";
    case MutantFate::survived: return "survived";
  }
  return "survived";
}

std::size_t MutationReport::count(MutantFate fate) const {
  return static_cast<std::size_t>(std::count_if(mutants.begin(), mutants.end(), [fate](const JudgedMutant& one) { return one.fate == fate; }));
}

Result<MutationReport> run_mutations(const PackAt& at, const Environment& environment, const Progress& progress) {
  Findings mistakes;
  TONGQU_TRY(const std::shared_ptr<const Pack> pack, Pack::load(at.folder, at.params, mistakes));
  const Pack::TestReport plain = pack->run_tests(environment);
  if (!plain.failures.empty()) return Error(Errc::mapping_test_failed).at(at.folder).with(plain.failures.front());
  TONGQU_TRY(std::vector<Excuse> excuses, read_excuses(at.folder));
  TONGQU_TRY(std::vector<MutantText> mutants, all_mutants(at.folder));
  TONGQU_TRY(const PackCopy copy, PackCopy::make(at.folder));
  MutationReport report;
  report.pack = pack->info().name();
  for (std::size_t i = 0; i < mutants.size(); ++i) {
    JudgedMutant judged{std::move(mutants[i].mutant), MutantFate::survived, {}};
    TONGQU_CHECK(copy.replace(judged.mutant.file, mutants[i].text));
    judged.fate = judge(copy, at, environment, judged.reason);
    for (Excuse& excuse : excuses) {
      if (judged.fate != MutantFate::survived || !covers(excuse, judged.mutant)) continue;
      judged.fate = MutantFate::excused;
      judged.reason = excuse.reason;
      excuse.used = true;
    }
    // The file stays replaced as long as the next mutant is of the same file.
    if (i + 1 == mutants.size() || mutants[i + 1].mutant.file != judged.mutant.file) TONGQU_CHECK(copy.restore(judged.mutant.file));
    report.mutants.push_back(std::move(judged));
    if (progress) progress(i + 1, mutants.size());
  }
  for (const Excuse& excuse : excuses) {
    if (!excuse.used) report.stale.push_back({excuse.mutant, excuse.line});
  }
  return report;
}

} // namespace tongqu::mapping::author
