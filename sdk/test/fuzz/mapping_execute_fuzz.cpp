// Takes arbitrary bytes as a delivery and runs every pack of the tree on it, and one that uses the stages that they leave out, with the transport facts of their
// samples. Nothing may be thrown; the same delivery gives the same answer in a new and in a used workspace; a record that is accepted has no error among its
// findings and reads back as a canonical record.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tongqu/mapping/pack.hpp"
#include "tongqu/model/record.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/yaml.hpp"

namespace {

using namespace tongqu;
namespace fs = std::filesystem;
using Facts = std::map<std::string, std::string, std::less<>>;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Subject { std::shared_ptr<const mapping::Pack> pack; std::set<Facts> facts; };

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The facts that stand beside the samples of a pack, each kind once.
std::set<Facts> facts_of(const mapping::PackInfo& info) {
  constexpr std::size_t kFactsMax = 12;
  Facts plain;
  if (!info.connector.family.empty()) plain["family"] = info.connector.family;
  std::set<Facts> all = {plain};
  if (!fs::exists(info.folder + "/samples")) return all;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(info.folder + "/samples")) {
    if (entry.path().string().find(".meta.yaml") != std::string::npos) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const auto read = wire::parse_yaml(bytes_of(file));
    if (!read || all.size() > kFactsMax) continue;
    Facts facts = plain;
    for (const auto& [name, value] : read->members) facts[name.text] = value.text;
    all.insert(std::move(facts));
  }
  return all;
}

std::vector<Subject> load() {
  std::vector<fs::path> folders;
  for (const char* place : {"/connectors/packs", "/sdk/test/fuzz/packs"}) {
    for (const auto& entry : fs::directory_iterator(std::string(TONGQU_SOURCE_DIR) + place)) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::vector<Subject> subjects;
  for (const fs::path& folder : folders) {
    Findings mistakes;
    auto pack = mapping::Pack::load(folder.string(), {}, mistakes);
    require(pack.has_value());
    subjects.push_back({*pack, facts_of((*pack)->info())});
  }
  require(subjects.size() > 10);
  return subjects;
}

std::string said(const Findings& findings) {
  std::string all;
  for (const Finding& finding : findings) {
    require(finding.severity != Severity::error || !describe(finding, Lang::zh).empty());
    all += std::string(errc_row(finding.id).id) + " " + finding.path + " " + finding.source.part + " " + std::to_string(finding.source.line) + "\n";
  }
  return all;
}

/// All that a run gives, as one text.
std::string told(const Result<mapping::MappedDelivery>& mapped) {
  if (!mapped) return std::string(mapped.error().id()) + " " + mapped.error().where();
  std::string all = said(mapped->findings);
  for (const mapping::MappedRecord& record : mapped->records) {
    all += std::string(mapping::verdict_name(record.verdict)) + " " + record.canonical + "\n" + said(record.findings);
    if (record.verdict != mapping::RecordVerdict::accepted) continue;
    require(!record.findings.has_errors());
    Findings reading;
    const auto again = model::read_canonical_json(record.canonical, reading);
    require(again.has_value());
    std::string text;
    (void)model::append_canonical_json(text, *again);
    require(text == record.canonical);
  }
  return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Subject> subjects = load();
  static mapping::Workspace used;
  mapping::Environment environment;
  environment.reference_date.year = 2150;
  environment.limits.message_bytes_max = 1 << 20;
  for (const Subject& subject : subjects) {
    for (const Facts& facts : subject.facts) {
      wire::Delivery delivery;
      delivery.facts = facts;
      delivery.parts.push_back({"body", std::string(delivery.fact("content_type")), std::string(reinterpret_cast<const char*>(data), size), nullptr});
      const auto first = subject.pack->run_delivery(delivery, environment, used);
      const std::string before = told(first);
      mapping::Workspace fresh;
      require(told(subject.pack->run_delivery(delivery, environment, fresh)) == before);
    }
  }
  return 0;
}
