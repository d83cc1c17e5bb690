#pragma once
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "tongqu/mapping/pack.hpp"

/// Packs written into a temporary folder of their own.
namespace tongqu::mapping::test {

class TempFolder {
public:
  TempFolder() {
    static int number = 0;
    path_ = std::filesystem::temp_directory_path() / ("tongqu-mapping-" + std::to_string(::getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

/// Pieces of a mapping; everything has a working default, so that a test writes only what it is about.
struct PackText {
  std::string head = "to: case@1\nzone: \"+08:00\"\n";
  std::string source = "  - xml: {root: bj}\n";
  std::string types;
  std::string tables;
  std::string identity = "  organisation: {const: ORG1}\n  item: {const: ITEM1}\n  case: {from: no}\n  event: {const: accept}\n";
  std::string event = "{const: accept}";
  std::string rules = "  task_name: {maybe: name}\n";
  std::string key = "  case_no: {from: no, on_fail: reject}\n";
  std::string tail;
  std::string match = "{}";
  std::string pack_tail;

  std::string mapping() const {
    // Records need their key; tests that write the rule themselves, or another entity, go without this one.
    const bool with_key = rules.find("case_no:") == std::string::npos && head.find("to: case@1") != std::string::npos;
    std::string text = "mapping: test.case\n" + head + "source:\n" + source;
    if (!types.empty()) text += "types:\n" + types;
    if (!tables.empty()) text += "tables:\n" + tables;
    return text + "identity:\n" + identity + "event: " + event + "\nrules:\n" + rules + (with_key ? key : "") + tail;
  }
  std::string pack() const {
    return "pack: test-pack\nsystem: test-system\nversion: \"1\"\n" + pack_tail + "mappings:\n  - {file: mappings/case.yaml, match: " + match + "}\n";
  }
};

struct Loaded {
  TempFolder folder;
  Findings mistakes;
  std::shared_ptr<const Pack> pack;

  void load(const PackText& text, const std::map<std::string, std::string>& params = {}, const Functions* functions = nullptr) {
    folder.write("pack.yaml", text.pack());
    folder.write("mappings/case.yaml", text.mapping());
    auto loaded = Pack::load(folder.path(), params, mistakes, functions);
    if (loaded) pack = *loaded;
  }
  std::string mistake_list() const {
    std::string all;
    for (const Finding& finding : mistakes) {
      all += std::string(errc_row(finding.id).id) + " " + finding.source.part + ":" + std::to_string(finding.source.line) + ":" +
             std::to_string(finding.source.column) + " " + finding.path + " (" + finding.expected.en + ") (" + finding.suggestion.en + ")\n";
    }
    return all;
  }
};

inline Environment environment() {
  Environment made;
  made.reference_date.year = 2150;
  return made;
}

inline wire::Delivery delivery(std::string body) {
  wire::Delivery made;
  made.parts.push_back({"body", "", std::move(body), nullptr});
  return made;
}

/// Ids of the findings at least as severe as `least`, in order, joined by blanks.
inline std::string ids(const Findings& findings, Severity least = Severity::warn) {
  std::string all;
  for (const Finding& finding : findings) {
    if (finding.severity >= least) all += (all.empty() ? "" : " ") + std::string(errc_row(finding.id).id);
  }
  return all;
}

/// Loads the pack, runs one message and gives the record; failures are those of the calling test.
inline MappedRecord map_one(const PackText& text, const std::string& body, const wire::Delivery* whole = nullptr) {
  Loaded loaded;
  loaded.load(text);
  EXPECT_TRUE(loaded.pack) << loaded.mistake_list();
  if (!loaded.pack) return {};
  Workspace workspace;
  auto records = loaded.pack->run(whole == nullptr ? delivery(body) : *whole, environment(), workspace);
  EXPECT_TRUE(records) << describe(records.error());
  return records ? std::move(records->front()) : MappedRecord();
}

} // namespace tongqu::mapping::test
