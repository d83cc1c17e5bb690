#include <gtest/gtest.h>

#include "mapping/test_support.hpp"

namespace tongqu::mapping {
namespace {

using test::ids;
using test::TempFolder;

const model::Case& case_of(const MappedRecord& record) { return std::get<model::Case>(record.record.body); }

/// A vendor's pack and one of a county beside it.
struct Vendor {
  TempFolder folder;
  Findings mistakes;
  std::shared_ptr<const Pack> pack;
  std::string digest;

  Vendor() {
    folder.write("vendor/pack.yaml",
                 "pack: vendor\nsystem: vendor\nversion: \"1\"\nparams: {org: ORG1}\nconnector: {family: soap, wsdl: service.wsdl, namespace: \"urn:v\"}\nmappings:\n  - {file: mappings/case.yaml, match: {}}\n");
    folder.write("vendor/service.wsdl", "<w/>");
    folder.write("vendor/tables/lx.csv", "code,name\n1,person\n2,organisation\n3,organisation\n");
    folder.write("vendor/mappings/case.yaml",
                 "mapping: vendor.case\nto: case@1\nsource:\n  - xml: {root: bj}\ntables:\n  lx: {file: tables/lx.csv, system: v.lx, model: applicant_type, unknown: hold}\n"
                 "identity:\n  organisation: {param: org}\n  item: {const: I1}\n  case: {from: no}\n  event: {const: accept}\nevent: {const: accept}\nrules:\n"
                 "  case_no: {from: no, on_fail: reject}\n  task_name: {maybe: name}\n  remark: {maybe: bz}\n  applicant: {name: {maybe: xm}, type: {maybe: lx, table: lx, on_fail: hold}}\n"
                 "  received_materials: {each: cl, rules: {name: {maybe: mc}, count: {maybe: fen, on_fail: drop}}}\n"
                 "tests:\n  - {in: samples/01.in.xml, out: {task_name: base}}\n");
    folder.write("vendor/samples/01.in.xml", "<bj><no>C1</no><name>base</name></bj>");
    Findings none;
    auto base = Pack::load(folder.path() + "/vendor", {}, none);
    EXPECT_TRUE(base) << ids(none);
    if (base) digest = (*base)->info().digest;
  }

  void load(const std::string& rest, const std::map<std::string, std::string>& params = {}) {
    folder.write("county/pack.yaml", "pack: county\nsystem: county\nversion: \"1\"\nextends: {pack: vendor, digest: " + digest + "}\n" + rest);
    mistakes.clear();
    auto made = Pack::load(folder.path() + "/county", params, mistakes);
    pack = made ? *made : nullptr;
  }
  MappedRecord run(const std::string& body) {
    Workspace workspace;
    auto made = pack->run(test::delivery(body), test::environment(), workspace);
    EXPECT_TRUE(made);
    return made ? std::move(made->front()) : MappedRecord();
  }
  std::string list() const {
    std::string all;
    for (const Finding& finding : mistakes) {
      all += std::string(errc_row(finding.id).id) + " " + finding.source.part + ":" + std::to_string(finding.source.line) + ":" + std::to_string(finding.source.column) + " " + finding.path + " (" + finding.expected.en + ")\n";
    }
    return all;
  }
};

constexpr const char* kBody = "<bj><no>C1</no><name>n</name><bz>b</bz><xm>x</xm><lx>7</lx><bm>M</bm><cl><mc>a</mc><fen>2</fen></cl></bj>";

TEST(Overlays, change_parameters_rows_and_single_rules) {
  Vendor vendor;
  vendor.load("params: {org: ORG9}\nchanges:\n  vendor.case:\n    tables: {lx: {rows: {\"7\": person, \"3\": none, \"2\": person}}}\n"
              "    rules:\n      task_name: {maybe: bm}\n      remark: none\n      applicant.mobile: {maybe: sj}\n      received_materials.count: {const: \"5\", on_fail: drop}\n      received_materials.remote_id: {maybe: id}\n    ignore: [name, bz]\n");
  ASSERT_TRUE(vendor.pack) << vendor.list();
  const MappedRecord record = vendor.run(kBody);
  ASSERT_EQ(record.verdict, RecordVerdict::accepted) << record.reason.en;
  EXPECT_EQ(record.record.identity.organisation, "ORG9");
  EXPECT_EQ(record.record.envelope.source_system, "county");
  EXPECT_EQ(case_of(record).task_name, "M");
  EXPECT_FALSE(case_of(record).remark);
  EXPECT_EQ(case_of(record).applicant.name, "x");
  EXPECT_EQ(case_of(record).applicant.type->name, "person");
  EXPECT_EQ((*case_of(record).received_materials)[0].count, 5);
  EXPECT_EQ((*case_of(record).received_materials)[0].name, "a");
  EXPECT_EQ(case_of(vendor.run("<bj><no>C1</no><lx>2</lx></bj>")).applicant.type->name, "person");
  EXPECT_EQ(vendor.run("<bj><no>C1</no><lx>3</lx></bj>").verdict, RecordVerdict::held);
  EXPECT_EQ(vendor.pack->info().connector.wsdl, "../vendor/service.wsdl");
  EXPECT_EQ(vendor.pack->info().connector.ns, "urn:v");
}

TEST(Overlays, are_pinned_to_the_digest_of_their_base) {
  Vendor vendor;
  const std::string good = vendor.digest;
  vendor.digest = std::string(64, '0');
  vendor.load("");
  EXPECT_FALSE(vendor.pack);
  EXPECT_EQ(ids(vendor.mistakes), "mapping.extends_digest");
  EXPECT_EQ(vendor.mistakes.items().front().expected.en, good);
  EXPECT_EQ(vendor.mistakes.items().front().source.line, 4u);
  vendor.digest = good;
  vendor.load("");
  ASSERT_TRUE(vendor.pack);
  const std::string before = vendor.pack->info().digest;
  EXPECT_NE(before, good);
  // A changed table of the base is another base; once pinned again, it is another overlay too.
  vendor.folder.write("vendor/tables/lx.csv", "code,name\n1,person\n");
  vendor.load("");
  EXPECT_EQ(ids(vendor.mistakes), "mapping.extends_digest");
  vendor.digest = vendor.mistakes.items().front().expected.en;
  vendor.load("");
  ASSERT_TRUE(vendor.pack);
  EXPECT_NE(vendor.pack->info().digest, before);
}

TEST(Overlays, digest_covers_own_files_and_site_parameters) {
  Vendor vendor;
  const std::string rest = "changes: {vendor.case: {tables: {lx: {file: tables/own.csv, system: c.lx, model: applicant_type, unknown: hold}}}}\n";
  vendor.folder.write("county/tables/own.csv", "code,name\n7,person\n");
  vendor.load(rest);
  ASSERT_TRUE(vendor.pack) << vendor.list();
  EXPECT_EQ(case_of(vendor.run(kBody)).applicant.type->system, "c.lx");
  const std::string first = vendor.pack->info().digest;
  vendor.load(rest, {{"org", "ORG8"}});
  ASSERT_TRUE(vendor.pack);
  EXPECT_NE(vendor.pack->info().digest, first);
  vendor.folder.write("county/tables/own.csv", "code,name\n7,organisation\n");
  vendor.load(rest);
  EXPECT_NE(vendor.pack->info().digest, first);
}

TEST(Overlays, run_their_own_tests) {
  Vendor vendor;
  vendor.folder.write("county/samples/01.in.xml", "<bj><no>C1</no><bm>M</bm></bj>");
  vendor.load("changes: {vendor.case: {rules: {task_name: {maybe: bm}}}}\ntests:\n  - {in: samples/01.in.xml, out: {task_name: M}}\n  - {in: samples/01.in.xml, out: {task_name: base}}\n");
  ASSERT_TRUE(vendor.pack) << vendor.list();
  const auto report = vendor.pack->run_tests(test::environment());
  EXPECT_EQ(report.passed, 1u);
  EXPECT_EQ(report.failures.size(), 1u);
}

TEST(Overlays, name_the_file_of_each_mistake) {
  Vendor vendor;
  vendor.load("params: {orgg: X}\nchanges:\n  vendor.case:\n    rules:\n      task_name: {maybee: bm}\n      gone: none\n    tables: {nope: {rows: {\"1\": person}}}\n  other.case: {rules: {}}\n");
  EXPECT_FALSE(vendor.pack);
  const std::string list = vendor.list();
  EXPECT_NE(list.find("mapping.unknown_param pack.yaml:5:10 params.orgg"), std::string::npos) << list;
  EXPECT_NE(list.find("mapping.extends_invalid pack.yaml:10:7 changes.vendor.case.rules.gone"), std::string::npos) << list;
  EXPECT_NE(list.find("pack.yaml:9:"), std::string::npos) << list;
  EXPECT_NE(list.find("mapping.extends_invalid pack.yaml:11:14 changes.vendor.case.tables.nope"), std::string::npos) << list;
  EXPECT_NE(list.find("mapping.extends_invalid pack.yaml:12:15 changes.other.case"), std::string::npos) << list;
}

TEST(Overlays, extend_a_good_pack_beside_them_that_extends_nothing) {
  Vendor vendor;
  const auto with = [&vendor](const std::string& name) {
    vendor.folder.write("county/pack.yaml", "pack: county\nsystem: county\nversion: \"1\"\nextends: {pack: " + name + ", digest: " + vendor.digest + "}\n");
    vendor.mistakes.clear();
    EXPECT_FALSE(Pack::load(vendor.folder.path() + "/county", {}, vendor.mistakes));
    return ids(vendor.mistakes);
  };
  EXPECT_EQ(with("nowhere"), "mapping.pack_missing");
  EXPECT_EQ(with("../vendor"), "mapping.wrong_shape");
  EXPECT_EQ(with("county"), "mapping.extends_invalid");
  vendor.folder.write("vendor/mappings/case.yaml", "mapping: vendor.case\n");
  EXPECT_EQ(with("vendor"), "mapping.pack_invalid");
}

} // namespace
} // namespace tongqu::mapping
