#include "mapping/test_support.hpp"

#include "tongqu/wire/encoding.hpp"
#include "wire/archive/test_archives.hpp"
#include "wire/spreadsheet/test_workbooks.hpp"

namespace tongqu::mapping::test {
namespace {

PackText staged(const std::string& source, const std::string& records = "") {
  PackText text;
  text.source = source;
  text.head += records;
  return text;
}

/// Runs one delivery and says in one line what came out: "case:verdict[ids]" for each record, then the delivery's own.
std::string summary(const PackText& text, const wire::Delivery& message, Severity least = Severity::warn) {
  Loaded loaded;
  loaded.load(text);
  if (!loaded.pack) return loaded.mistake_list();
  Workspace workspace;
  const auto mapped = loaded.pack->run_delivery(message, environment(), workspace);
  if (!mapped) return std::string(mapped.error().id()) + " at " + mapped.error().where();
  std::string all;
  for (const MappedRecord& record : mapped->records) {
    all += (all.empty() ? "" : " ") + record.record.identity.case_no + ":" + std::string(verdict_name(record.verdict)) + "[" + ids(record.findings, least) + "]";
  }
  if (mapped->waiting) all += " waiting " + mapped->waiting->part + "+" + std::to_string(mapped->waiting->offset) + "/" + std::to_string(mapped->waiting->bytes);
  const std::string own = ids(mapped->findings, least);
  return own.empty() ? all : all + " " + own;
}
std::string summary(const PackText& text, const std::string& body, Severity least = Severity::warn) { return summary(text, delivery(body), least); }

wire::Delivery typed(std::string body, const std::string& content_type) {
  wire::Delivery made = delivery(std::move(body));
  made.facts["content_type"] = content_type;
  return made;
}

std::string packed(std::string_view base64) { return *from_base64(base64); }

TEST(PackedStages, base64_gzip_and_xml_in_a_column) {
  const std::string source = "  - json: {}\n  - string: {at: nr}\n  - base64: {}\n  - gzip: {}\n  - xml: {root: bj}\n";
  EXPECT_EQ(summary(staged(source), "{\"nr\":\"" + std::string(wire::test::kGzip) + "\"}"), "C1:accepted[]");
  EXPECT_EQ(summary(staged(source), "{\"nr\":\"aGk=\"}"), "wire.gzip_invalid at body/nr offset 2");
  EXPECT_EQ(summary(staged(source), "{\"nr\":\"a-k=\"}"), "base.base64_invalid at body/nr offset 1");
}

TEST(PackedStages, a_tolerance_leaves_a_finding_and_is_refused_without_its_switch) {
  const std::string body = "{\"nr\":\"" + std::string(wire::test::kGzip).substr(0, 20) + "\\n" + std::string(wire::test::kGzip).substr(20) + "\"}";
  const auto source = [](const std::string& keys) { return "  - json: {}\n  - string: {at: nr}\n  - base64: {" + keys + "}\n  - gzip: {}\n  - xml: {root: bj}\n"; };
  EXPECT_EQ(summary(staged(source("")), body), "base.base64_invalid at body/nr offset 20");
  EXPECT_EQ(summary(staged(source("breaks: skip")), body, Severity::info), "C1:accepted[wire.base64_tolerated]");
}

TEST(PackedStages, one_zip_entry_is_the_document) {
  const std::string source = "  - zip: {entry: a.xml}\n  - xml: {root: bj}\n";
  EXPECT_EQ(summary(staged(source), packed(wire::test::kZip), Severity::info), "C1:accepted[wire.zip_entry_skipped wire.zip_entry_skipped]");
  EXPECT_EQ(summary(staged("  - zip: {entry: none.xml}\n  - xml: {root: bj}\n"), packed(wire::test::kZip)), "mapping.root_missing at body");
  EXPECT_EQ(summary(staged("  - zip: {entry: '*.xml'}\n  - xml: {root: bj}\n"), packed(wire::test::kZip)), "mapping.repeated at body");
  EXPECT_EQ(summary(staged(source), packed(wire::test::kClimbingZip)), "wire.zip_name at body offset 41");
  EXPECT_EQ(summary(staged(source), packed(wire::test::kBombZip)).substr(0, 38), "wire.archive_limit at body/entry[1] of");
}

TEST(PackedStages, many_zip_entries_are_many_records_and_fail_alone) {
  const PackText text = staged("  - zip: {entry: '*.xml', many: yes, names: gbk}\n  - xml: {root: bj}\n", "records: {each: .}\n");
  EXPECT_EQ(summary(text, packed(wire::test::kZip)), "C1:accepted[] C2:accepted[]");
  EXPECT_EQ(summary(text, packed(wire::test::kGbkZip), Severity::info), "C3:accepted[] wire.zip_name_legacy");
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto mapped = loaded.pack->run_delivery(delivery(packed(wire::test::kBrokenPieceZip)), environment(), workspace);
  ASSERT_TRUE(mapped);
  ASSERT_EQ(mapped->records.size(), 3u);
  EXPECT_EQ(mapped->records[0].verdict, RecordVerdict::accepted);
  EXPECT_EQ(mapped->records[2].record.identity.case_no, "C3");
  const MappedRecord& bad = mapped->records[1];
  EXPECT_EQ(bad.verdict, RecordVerdict::refused);
  ASSERT_EQ(ids(bad.findings), "wire.xml_not_wf");
  EXPECT_EQ(bad.findings.items()[0].source.part, "body/entry[2]") << "not by its name, which could be a person's";
  EXPECT_EQ(bad.findings.items()[0].source.line, 2u);
  EXPECT_EQ(bad.findings.items()[0].record, "case[2]");
  EXPECT_FALSE(bad.reason.zh.empty());
}

TEST(Records, stages_that_give_pieces_ask_for_records) {
  Loaded loaded;
  loaded.load(staged("  - zip: {entry: '*.xml', many: yes}\n  - xml: {root: bj}\n"));
  EXPECT_EQ(ids(loaded.mistakes), "mapping.records_required");
}

TEST(Records, each_gives_one_record_per_element_with_the_rest_outside) {
  PackText text = staged("  - xml: {root: pkg}\n", "records: {each: list/bj, when: 'sc != \"1\"'}\n");
  text.rules = "  task_name: {maybe: name, via: [{length_max: {chars: 2}}], on_fail: hold}\n  remark: {maybe: \"outer:head/dept\"}\n";
  const std::string body = "<pkg><head><dept>甲局</dept><x>1</x></head><list><bj><no>C1</no></bj><bj><no>C2</no><name>abc</name></bj><bj><no>C3</no><sc>1</sc></bj><bj/></list></pkg>";
  EXPECT_EQ(summary(text, body), "C1:accepted[] C2:held[mapping.out_of_range] :refused[mapping.missing mapping.missing]");
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto mapped = loaded.pack->run_delivery(delivery(body), environment(), workspace);
  EXPECT_EQ(std::get<model::Case>(mapped->records[1].record.body).remark, "甲局");
  EXPECT_EQ(mapped->records[1].findings.items()[0].record, "case[2]");
  EXPECT_EQ(ids(mapped->findings, Severity::info), "mapping.unused_source mapping.record_skipped");
  EXPECT_EQ(summary(text, std::string("<pkg><list/></pkg>")), "mapping.records_none at body");
}

TEST(Records, tests_of_a_pack_count_and_pick) {
  Loaded loaded;
  PackText text = staged("  - xml: {root: list}\n", "records: {each: bj}\n");
  text.tail = "tests:\n  - {in: a.in.xml, count: 2, record: 2, out: {case_no: C2}}\n  - {in: a.in.xml, count: 3}\n  - {in: a.in.xml, record: 3}\n";
  loaded.folder.write("a.in.xml", "<list><bj><no>C1</no></bj><bj><no>C2</no></bj></list>");
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  const auto report = loaded.pack->run_tests(environment());
  EXPECT_EQ(report.passed, 1u);
  EXPECT_EQ(report.failures, (std::vector<std::string>{"a.in.xml: there are 2 records", "a.in.xml record 3: there is no record 3"}));
}

TEST(TableStages, a_gbk_csv_gives_one_record_per_row) {
  PackText text = staged("  - charset: {is: gbk}\n  - csv: {header_rows: [1], skip: [合计], fill_down: [no]}\n", "records: {each: row}\n");
  text.rules = "  task_name: {maybe: 名称}\n";
  const std::string body = *wire::encode("no,名称\nC1,甲\n,乙\n合计,2\nC2,丙\n", wire::Encoding::gb18030);
  EXPECT_EQ(summary(text, body, Severity::info), "C1:accepted[] C1:accepted[] C2:accepted[] wire.table_filled_down wire.table_row_skipped");
  EXPECT_EQ(summary(text, std::string("no,\xFF\n")), "wire.encoding_invalid at body offset 3");
  EXPECT_EQ(summary(text, std::string("no,a\nC1\n")), "wire.table_ragged at body 2:1");
}

/// Header, cases, materials and trailer in one file: the header is read around each case, the trailer counts.
TEST(TableStages, fixed_records_of_several_kinds) {
  PackText text = staged("  - fixed: {charset: gbk, kinds: {H: {begins: H, fields: {t: 1, day: 8}}, A: {begins: A, fields: {t: 1, no: 3, name: 6}}, B: {begins: B, fields: {t: 1, of: 3, what: 4}}, T: {begins: T, fields: {t: 1, n: 2}}}}\n",
                         "records: {each: A}\n");
  text.rules = "  received_materials: {each: 'outer:B', join: {of: no}, orphans: report, rules: {name: {from: what, on_fail: hold}}}\n"
               "  remark: {from: 'outer:H/day', on_fail: hold}\n";
  text.tail = "checks:\n  - {id: count, level: delivery, that: 'number(T/n) == count(A)', text: {en: count, zh: 笔数}, on_fail: reject}\n";
  const std::string file = "H21490305\nAC1 \xBC\xD7\xBE\xD6  \nBC1 card\nBC1 form\nAC2 \xD2\xD2    \nBC9 lost\nT02\n";
  EXPECT_EQ(summary(text, file), "C1:accepted[] C2:accepted[] mapping.orphan");
  std::string wrong = file;
  wrong.replace(wrong.size() - 3, 2, "03");
  EXPECT_EQ(summary(text, wrong), "C1:refused[] C2:refused[] mapping.orphan mapping.check_failed");
  EXPECT_EQ(summary(text, file + "X\n"), "wire.table_syntax at body 8:1");
  const auto of = [](const std::string& keys) { return summary(staged("  - fixed: {charset: gbk, " + keys + "}\n", "records: {each: A}\n"), std::string("A")).substr(0, 19); };
  EXPECT_EQ(of("kinds: {A: {begins: A, fields: {a: 1}}, B: {begins: AB, fields: {a: 2}}}"), "mapping.wrong_shape") << "nothing ever comes to B";
  EXPECT_EQ(of("kinds: {A: {fields: {a: 1}}}"), "mapping.missing_key");
  EXPECT_EQ(of("kinds: {A: {begins: A}}"), "mapping.missing_key");
  EXPECT_EQ(of("kinds: {A: {begins: A, fields: {a: 1}}}, skip: [x]"), "mapping.wrong_shape");
}

TEST(TableStages, typed_rows_of_a_database_and_their_places) {
  PackText text = staged("  - rows: {keys: {T: ID}}\n", "records: {each: T}\n");
  text.rules = "  applied_at: {from: day, via: [{date: [\"yyyy-MM-dd HH:mm:ss\"]}], on_fail: hold}\n"
               "  received_materials: {each: 'outer:M', join: {of: no}, orphans: report, rules: {name: {from: what, on_fail: hold}}}\n";
  const auto body = [](const std::string& day, const std::string& what) {
    return R"({"tables": {"T": {"columns": {"ID": "integer", "no": "text", "name": "text", "day": "time"}, "rows": [[7, "C1", "n", )" + day +
           R"(]]}, "M": {"columns": {"of": "text", "what": "text"}, "rows": [["C1", "form"], ["C1", )" + what + "]]}}}";
  };
  EXPECT_EQ(summary(text, body("\"2149-03-04T16:30:00.0\"", "\"card\"")), "C1:accepted[]");
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto places = [&](const std::string& message) {
    const auto mapped = loaded.pack->run_delivery(delivery(message), environment(), workspace);
    if (!mapped) return std::string(mapped.error().id()) + " " + mapped.error().where();
    std::string all(verdict_name(mapped->records.front().verdict));
    for (const Findings* list : {&mapped->records.front().findings, &mapped->findings}) {
      for (const Finding& one : *list) all += one.severity == Severity::info ? "" : " " + std::string(errc_row(one.id).id) + "@" + one.source.part + one.source.path;
    }
    return all;
  };
  EXPECT_EQ(places(body("\"4/3/2149\"", "\"card\"")), "held mapping.malformed@body/T[ID=7]/day wire.rows_type@body/T[ID=7]/day");
  EXPECT_EQ(places(body("null", "null")), "held mapping.missing@body/T[ID=7]/day mapping.missing@body/M[2]/what") << "what is NULL is there, with its place";
  EXPECT_EQ(places(body("{\"bytes\": \"/w==\"}", "\"card\"")), "wire.encoding_invalid body /T[ID=7]/day");
  EXPECT_EQ(places(body("1, 2", "\"card\"")), "wire.rows_invalid body /T[1]");
  EXPECT_EQ(places("{\"tables\": {"), "wire.json_syntax body 1:13");
  EXPECT_EQ(summary(staged("  - rows: {keys: T}\n", "records: {each: T}\n"), std::string("{}")).substr(0, 19), "mapping.wrong_shape");
}

TEST(TableStages, fixed_records_and_their_places) {
  PackText text = staged("  - fixed: {charset: gbk, fields: {no: 3, name: 6}}\n", "records: {each: row}\n");
  text.rules = "  task_name: {maybe: name, via: [{length_max: {chars: 1}}], on_fail: hold}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto mapped = loaded.pack->run_delivery(delivery("C1 \xBC\xD7    \nC2 \xBC\xD7\xBE\xD6  \n"), environment(), workspace);
  ASSERT_TRUE(mapped) << describe(mapped.error());
  ASSERT_EQ(mapped->records.size(), 2u);
  const Finding& finding = mapped->records[1].findings.items().at(0);
  EXPECT_EQ(finding.source.line, 2u);
  EXPECT_EQ(finding.source.column, 4u);
  EXPECT_EQ(finding.source.path, "/rows/row[2]/name");
}

TEST(TableStages, frames_map_alone_and_leave_their_tail) {
  const PackText text = staged("  - frames: {length: digits, width: 4}\n  - xml: {root: bj}\n", "records: {each: .}\n");
  const std::string one = "0020<bj><no>C1</no></bj>", two = "0004<bj>";
  EXPECT_EQ(summary(text, one + two), "C1:accepted[] :refused[wire.xml_not_wf]");
  EXPECT_EQ(summary(text, one + one.substr(0, 9)), "C1:accepted[] waiting body+24/9 wire.frame_incomplete");
  EXPECT_EQ(summary(text, one.substr(0, 9)), " waiting body+0/9 wire.frame_incomplete");
  EXPECT_EQ(summary(text, one + "00x"), "wire.frame_length at body offset 24");
  Loaded loaded;
  loaded.load(text);
  Workspace workspace;
  EXPECT_EQ(loaded.pack->run(delivery(one + "00"), environment(), workspace).error().id(), "wire.frame_incomplete");
}

TEST(TableStages, several_documents_in_one_form_field) {
  const PackText text = staged("  - form: {field: xml, charset: gbk}\n  - xml: {root: bj, documents: many}\n", "records: {each: .}\n");
  EXPECT_EQ(summary(text, std::string("a=1&xml=%3Cbj%3E%3Cno%3EC1%3C%2Fno%3E%3C%2Fbj%3E%0D%0A%3C?xml+version='1.0'+encoding='gb2312'?%3E%3Cbj%3E%3Cno%3EC2%3C/no%3E%3Cname%3E%BC%D7%3C/name%3E%3C/bj%3E")),
            "C1:accepted[] C2:accepted[]");
  EXPECT_EQ(summary(text, std::string("xml=<bj><no>C1</no></bj><bj><no>C2</bj>")), "C1:accepted[] :refused[wire.xml_not_wf]");
  const PackText json = staged("  - charset: {is: utf-8}\n  - json: {documents: many}\n", "records: {each: .}\n");
  EXPECT_EQ(summary(json, std::string("{\"no\":\"C1\"}\n{\"no\":\"C2\"}")), "C1:accepted[] C2:accepted[]");
}

TEST(TableStages, mistakes_of_the_pack_are_told) {
  const auto of = [](const std::string& source) {
    Loaded loaded;
    loaded.load(staged(source, "records: {each: row}\n"));
    return ids(loaded.mistakes);
  };
  EXPECT_EQ(of("  - charset: {is: gbk}\n  - csv: {separator: ab}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - csv: {}\n"), "mapping.stage_order");
  EXPECT_EQ(of("  - charset: {is: gbk}\n  - csv: {columns: [a], header_rows: [1]}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - charset: {is: gbk}\n  - csv: {header_rows: [2, 1]}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - fixed: {fields: {a: 1}}\n"), "mapping.missing_key");
  EXPECT_EQ(of("  - fixed: {charset: gbk, fields: {a: 0}}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - frames: {length: u8}\n  - xml: {}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - frames: {length: digits}\n  - xml: {}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - xml: {documents: many}\n"), "mapping.stage_order");
}

TEST(DocumentStages, json_in_json_in_json) {
  PackText text = staged("  - json: {}\n  - nested: {at: data, as: json}\n  - nested: {at: data/rows, as: json}\n", "records: {each: data/rows}\n");
  EXPECT_EQ(summary(text, std::string(R"({"data":"{\"rows\":\"[{\\\"no\\\":\\\"C1\\\"},{\\\"no\\\":\\\"C2\\\"}]\"}"})")), "C1:accepted[] C2:accepted[]");
  EXPECT_EQ(summary(text, std::string("{\n\"data\":\"{\"}")), "wire.json_syntax at body/data 1:2");
  EXPECT_EQ(summary(text, std::string("{\"data\":{}}")), "wire.not_a_leaf at body/data 1:2");
  EXPECT_EQ(summary(text, std::string("{\"data\":null}")), "mapping.records_none at body");
}

TEST(DocumentStages, every_item_of_a_list_of_texts_is_read) {
  const PackText text = staged("  - json: {}\n  - nested: {at: data, as: json}\n", "records: {each: data}\n");
  EXPECT_EQ(summary(text, std::string(R"({"data":["{\"no\":\"C1\"}","{\"no\":\"C2\"}"]})")), "C1:accepted[] C2:accepted[]");
}

TEST(DocumentStages, documents_in_repeated_leaves) {
  PackText text = staged("  - xml: {root: bj}\n  - nested: {at: gc/nr, as: xml, documents: many}\n  - nested: {at: js, as: json}\n");
  text.rules = "  process_steps: {each: gc/nr/node, rules: {step_name: {maybe: mc}}}\n  received_materials: {each: js, rules: {name: {maybe: mc}}}\n";
  const MappedRecord record = map_one(text, "<bj><no>C1</no><gc><nr>&lt;?xml version='1.0' encoding='gb2312'?>&lt;node>&lt;mc>甲&lt;/mc>&lt;/node>&lt;node>&lt;mc>乙&lt;/mc>&lt;/node></nr></gc>"
                                            "<gc><nr><![CDATA[<node><mc>丙</mc></node>]]></nr></gc><gc><nr/></gc><js>[{\"mc\":\"材料\"},{\"mc\":\"二\"}]</js></bj>");
  EXPECT_EQ(ids(record.findings, Severity::info), "");
  const auto& made = std::get<model::Case>(record.record.body);
  ASSERT_TRUE(made.process_steps && made.received_materials);
  ASSERT_EQ(made.process_steps->size(), 3u);
  EXPECT_EQ(made.process_steps->at(2).step_name, "丙");
  EXPECT_EQ(made.received_materials->at(1).name, "二");
}

TEST(DocumentStages, rpc_references_and_datasets_behind_soap) {
  const auto envelope = [](const std::string& body) {
    return "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>" + body + "</e:Body></e:Envelope>";
  };
  EXPECT_EQ(summary(staged("  - soap: {operation: op}\n  - multiref: {}\n", "records: {each: list/item}\n"),
                    envelope("<op><list><item href='#a'/><item href='#b'/></list></op><multiRef id='a'><no>C1</no></multiRef><multiRef id='b'><no>C2</no></multiRef>")),
            "C1:accepted[] C2:accepted[]");
  EXPECT_EQ(summary(staged("  - soap: {operation: op}\n  - multiref: {}\n"), envelope("<op><no href='#a'/></op>")), "wire.soap_reference at body 1:81");
  const PackText text = staged("  - soap: {operation: op}\n  - dataset: {}\n", "records: {each: Table}\n");
  EXPECT_EQ(summary(text, envelope("<op><r><d:diffgram xmlns:d='urn:schemas-microsoft-com:xml-diffgram-v1'><N><Table><no>C1</no></Table><Table><no>C2</no></Table></N></d:diffgram></r></op>")),
            "C1:accepted[] C2:accepted[]");
}

TEST(DocumentStages, attributes_that_a_converter_made_members_are_read_as_attributes) {
  PackText text = staged("  - json: {}\n");
  text.rules += "  title: {maybe: 'name/@short'}\n";
  const MappedRecord record = map_one(text, R"({"no":["C1"],"name":[{"@short":"s","#text":"x"}],"@count":"1"})");
  const auto& made = std::get<model::Case>(record.record.body);
  EXPECT_EQ(made.title, "s");
}

TEST(DocumentStages, an_envelope_that_declares_nothing_is_read_as_the_pack_says) {
  const std::string envelope = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><op><no>\xD6\xD0</no></op></e:Body></e:Envelope>";
  EXPECT_EQ(summary(staged("  - soap: {operation: op}\n"), envelope).substr(0, 21), "wire.encoding_invalid");
  EXPECT_EQ(summary(staged("  - charset: {is: gbk}\n  - soap: {operation: op}\n"), envelope), "中:accepted[]");
}

TEST(DocumentStages, mistakes_of_the_pack_are_told) {
  const auto of = [](const std::string& source) {
    Loaded loaded;
    loaded.load(staged(source));
    return ids(loaded.mistakes);
  };
  EXPECT_EQ(of("  - json: {}\n  - nested: {at: a, as: json}\n"), "");
  EXPECT_EQ(of("  - json: {}\n  - nested: {at: 'a[2]', as: json}\n"), "mapping.path_invalid");
  EXPECT_EQ(of("  - json: {}\n  - nested: {at: a, as: yaml}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - json: {}\n  - nested: {at: a, as: json, documents: many}\n"), "mapping.wrong_shape");
  EXPECT_EQ(of("  - nested: {at: a, as: json}\n"), "mapping.stage_order mapping.stage_order");
  EXPECT_EQ(of("  - json: {}\n  - nested: {at: a, as: json}\n  - nested: {at: b, as: json}\n  - nested: {at: c, as: json}\n  - nested: {at: d, as: json}\n"), "mapping.stage_order");
}

TEST(Multipart, attachments_stand_where_they_are_referred_to) {
  const std::string source = "  - multipart: {}\n  - soap: {operation: op}\n  - attachments: {}\n";
  const std::string nested = "  - string: {at: xml}\n  - base64: {}\n  - xml: {root: bj}\n";
  const std::string type = "multipart/related; boundary=b; start=\"<root>\"";
  const std::string body = "--b\r\nContent-ID: <a>\r\n\r\n<bj><no>C1</no></bj>\r\n--b\r\nContent-ID: <root>\r\n\r\n"
                           "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><op><xml><i:Include xmlns:i='http://www.w3.org/2004/08/xop/include' href='cid:a'/></xml></op></e:Body></e:Envelope>";
  EXPECT_EQ(summary(staged(source + nested), typed(body + "\r\n--b--", type)), "C1:accepted[]");
  EXPECT_EQ(summary(staged(source + nested), typed(body + "\r\n--b\r\nContent-ID: <x>\r\n\r\n1\r\n--b--", type)), "C1:accepted[wire.part_unreferenced]");
  EXPECT_EQ(summary(staged(source + nested), typed(body, type)), "wire.multipart_invalid at body offset " + std::to_string(body.size()));
  // The connector may have cut the body already.
  wire::Delivery cut = delivery(body.substr(body.rfind("<e:Envelope")));
  cut.parts.push_back({"a", "", "<bj><no>C2</no></bj>", nullptr});
  EXPECT_EQ(summary(staged(source + nested), cut), "C2:accepted[]");
}

TEST(Multipart, parts_that_no_stage_looks_at_are_said) {
  wire::Delivery two = delivery("<bj><no>C1</no></bj>");
  two.parts.push_back({"file.pdf", "", "x", nullptr});
  EXPECT_EQ(summary(PackText(), two), "C1:accepted[] wire.part_unreferenced");
  EXPECT_EQ(summary(staged("  - multipart: {part: data}\n  - json: {}\n"), typed("--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{\"no\":\"C3\"}\r\n--b--", "multipart/form-data; boundary=b")), "C3:accepted[]");
}

TEST(Spreadsheet, rows_of_a_workbook_are_records_with_sheet_places) {
  PackText text = staged("  - spreadsheet: {header_rows: [1, 2], fill_down: [编码], skip: [合计]}\n", "records: {each: row}\n");
  text.identity = "  organisation: {const: ORG1}\n  item: {const: ITEM1}\n  case: {from: 编码}\n  event: {const: accept}\n";
  text.rules = "  case_no: {from: 编码, on_fail: reject}\n  task_name: {from: 材料.名称, via: [{length_max: {chars: 3}}], on_fail: hold}\n  remark: {maybe: 材料.形式}\n";
  Loaded loaded;
  loaded.load(text);
  ASSERT_TRUE(loaded.pack) << loaded.mistake_list();
  Workspace workspace;
  const auto mapped = loaded.pack->run_delivery(delivery(packed(wire::test::kItems)), environment(), workspace);
  ASSERT_TRUE(mapped) << describe(mapped.error());
  ASSERT_EQ(mapped->records.size(), 2u);
  EXPECT_EQ(mapped->records[0].verdict, RecordVerdict::accepted);
  const Finding& finding = mapped->records[1].findings.items().at(0);
  EXPECT_EQ(finding.source.line, 4u);
  EXPECT_EQ(finding.source.column, 2u);
  EXPECT_EQ(ids(mapped->findings, Severity::info), "wire.table_filled_down wire.table_row_skipped");
  EXPECT_EQ(summary(text, std::string("\xD0\xCF\x11\xE0")), "wire.spreadsheet_binary at body");
}

TEST(Open, sealed_content_is_opened_by_reference) {
  const auto source = [](const std::string& cipher) { return "  - json: {}\n  - string: {at: d}\n  - base64: {}\n  - open: {cipher: " + cipher + ", key: county}\n  - xml: {root: bj}\n"; };
  const std::string iv = *from_hex("000102030405060708090a0b0c0d0e0f");
  std::map<std::string, Secret, std::less<>> keys;
  keys.emplace("county", Secret(*from_hex("0123456789abcdeffedcba9876543210")));
  const auto opener = make_key_opener(std::move(keys));
  const auto run = [&](const std::string& cipher, const std::string& sealed, const Opener* with) {
    Loaded loaded;
    loaded.load(staged(source(cipher)));
    if (!loaded.pack) return loaded.mistake_list();
    Environment made = environment();
    made.opener = with;
    Workspace workspace;
    const auto mapped = loaded.pack->run_delivery(delivery("{\"d\":\"" + to_base64(sealed) + "\"}"), made, workspace);
    return mapped ? mapped->records.front().record.identity.case_no : std::string(mapped.error().id()) + " at " + mapped.error().where();
  };
  EXPECT_EQ(run("sm4-ecb", packed("kuv7ZR+G6TIOrm3gXzqTvNXKeNJPvujzcJ/GWsl17a0="), opener.get()), "C1");
  EXPECT_EQ(run("sm4-cbc", iv + packed("qFvf21PQbNAbISHZdedpdkz1t7lD087WWm0hUxCHMlI="), opener.get()), "C1");
  EXPECT_EQ(run("sm4-ctr", iv + packed("Ovr2XwHIB5NpvMutj8fHVkBlZ3U="), opener.get()), "C1");
  EXPECT_EQ(run("aes-ecb", packed("F7tlMHlAoO2+4A1HYCU/tO/DiZbOwkMs2XCsTY+5LYI="), opener.get()), "C1");
  EXPECT_EQ(run("aes-cbc", iv + packed("22520cF/ifE+X7DHQrgTrkoAcv1NavQdDAAxnhdOd5w="), opener.get()), "C1");
  EXPECT_EQ(run("sm4-cbc", iv + packed("qFvf21PQbNAbISHZdedpdkz1t7lD087WWm0hUxCHMl8="), opener.get()), "crypto.decrypt_failed at body/d");
  EXPECT_EQ(run("sm4-cbc", "short", opener.get()), "crypto.iv_size at body/d");
  EXPECT_EQ(run("sm4-cbc", iv, nullptr), "mapping.opener_missing at body/d");
  EXPECT_EQ(run("sm4-cbc", iv, make_key_opener({}).get()), "mapping.opener_missing at body/d");
}

TEST(Open, a_key_never_stands_in_a_pack) {
  const auto of = [](const std::string& keys) {
    Loaded loaded;
    loaded.load(staged("  - open: {" + keys + "}\n  - xml: {root: bj}\n"));
    return ids(loaded.mistakes);
  };
  EXPECT_EQ(of("cipher: sm4-cbc, key: county"), "");
  EXPECT_EQ(of("cipher: sm4-cbc, key: 3f9a1c7be25d804f6a13c9e8d7b2450f"), "mapping.secret_literal");
  EXPECT_EQ(of("cipher: des-ecb, key: county"), "mapping.wrong_shape");
  EXPECT_EQ(of("cipher: sm4-cbc"), "mapping.missing_key");
}

wire::Delivery labelled(std::string body, const std::string& charset) {
  wire::Delivery made = delivery(std::move(body));
  if (!charset.empty()) made.facts["charset"] = charset;
  return made;
}

/// A mark, then the header and the declaration in the order of the pack (LQ19); "中" is D6 D0 in GBK and E4 B8 AD in UTF-8.
TEST(CharsetStages, labels_that_disagree_are_believed_in_the_order_of_the_pack) {
  const std::string name_gbk = "<name>\xD6\xD0</name>", name_utf8 = "<name>\xE4\xB8\xAD</name>";
  const auto document = [](const std::string& label, const std::string& name) { return (label.empty() ? "" : "<?xml version='1.0' encoding='" + label + "'?>") + "<bj><no>C1</no>" + name + "</bj>"; };
  const auto read = [](const std::string& first, const wire::Delivery& message) {
    const PackText text = staged("  - charset: {is: told, first: " + first + "}\n  - xml: {root: bj}\n");
    Loaded loaded;
    loaded.load(text);
    if (!loaded.pack) return loaded.mistake_list();
    Workspace workspace;
    const auto mapped = loaded.pack->run_delivery(message, environment(), workspace);
    if (!mapped) return std::string(mapped.error().id()) + " at " + mapped.error().where();
    const std::string& canonical = mapped->records.at(0).canonical;
    std::string out = canonical.find("\"task_name\":\"中\"") != std::string::npos ? "read" : "garbled";
    for (const Finding& finding : mapped->records.at(0).findings) {
      if (finding.id == Errc::mapping_declared_encoding_ignored && finding.severity == Severity::warn) out += " overruled by " + finding.expected.en + " LQ" + std::to_string(finding.quirk);
    }
    return out;
  };
  EXPECT_EQ(read("header", labelled(document("gb2312", name_utf8), "utf-8")), "read overruled by utf-8 LQ19");
  EXPECT_EQ(read("declaration", labelled(document("gb2312", name_gbk), "utf-8")), "read overruled by gb18030 LQ19");
  EXPECT_EQ(read("header", labelled(document("utf-8", name_gbk), "gbk")), "read overruled by gb18030 LQ19");
  EXPECT_EQ(read("header", labelled("\xEF\xBB\xBF" + document("gb2312", name_utf8), "gbk")), "read overruled by utf-8 LQ19");
  EXPECT_EQ(read("declaration", labelled("\xEF\xBB\xBF" + document("gb2312", name_utf8), "")), "read overruled by utf-8 LQ19");
  EXPECT_EQ(read("header", labelled(document("gbk", name_gbk), "gb2312")), "read");
  EXPECT_EQ(read("header", labelled(document("", name_utf8), "")), "read");
  EXPECT_EQ(read("header", labelled(document("gbk", name_gbk), "")), "read");
  EXPECT_EQ(read("declaration", labelled(document("", name_gbk), "gbk")), "read");
  EXPECT_EQ(read("header", labelled(document("gbk", name_gbk), "iso-8859-1")), "read overruled by gb18030 LQ19");
  EXPECT_EQ(read("header", labelled(document("", name_gbk), "iso-8859-1")), "wire.encoding_unknown at body");
  EXPECT_EQ(read("header", labelled(document("gbk", name_utf8 + "\xFF"), "utf-8")).substr(0, 21), "wire.encoding_invalid");
}

TEST(CharsetStages, an_order_is_asked_for_and_only_there) {
  EXPECT_NE(summary(staged("  - charset: {is: told}\n  - xml: {root: bj}\n"), std::string()).find("mapping.missing_key mappings/case.yaml:5:14 source.charset.first"), std::string::npos);
  EXPECT_NE(summary(staged("  - charset: {is: gbk, first: header}\n  - xml: {root: bj}\n"), std::string()).find("mapping.wrong_shape"), std::string::npos);
  EXPECT_NE(summary(staged("  - charset: {is: told, first: mark}\n  - xml: {root: bj}\n"), std::string()).find("mapping.wrong_shape"), std::string::npos);
  EXPECT_NE(summary(staged("  - charset: {is: told, first: header, edition: 2005}\n  - xml: {root: bj}\n"), std::string()).find("mapping.wrong_shape"), std::string::npos);
}

/// Habits of senders that write no JSON (LQ42): each needs its switch, and each use is told.
TEST(JsonStages, each_tolerance_is_a_switch_and_a_finding) {
  struct Case { std::string keys, body, findings; };
  const std::vector<Case> cases = {
      {"repeated: last", R"({"no":"C0","no":"C1"})", "wire.json_duplicate_key"},
      {"repeated: first", R"({"no":"C1","no":"C0"})", "wire.json_duplicate_key"},
      {"mark: skip", "\xEF\xBB\xBF{\"no\":\"C1\"}", "wire.json_syntax"},
      {"comments: skip", "/* from the window */ {\"no\":\"C1\" // case\n}", "wire.json_syntax"},
      {"quotes: single", "{'no':'C1'}", "wire.json_syntax"},
      {"commas: trailing", R"({"no":"C1",})", "wire.json_syntax"},
      {"nan: null", R"({"no":"C1","name":NaN})", "wire.json_number"},
      {"callback: unwrap", R"(cb({"no":"C1"});)", "wire.json_syntax"},
  };
  for (const Case& one : cases) {
    const std::string got = summary(staged("  - json: {" + one.keys + "}\n"), one.body, Severity::info);
    EXPECT_EQ(got.substr(0, 12), "C1:accepted[") << one.keys << " " << got;
    EXPECT_NE(got.find(one.findings), std::string::npos) << one.keys << " " << got;
    EXPECT_EQ(summary(staged("  - json: {}\n"), one.body).substr(0, 10), "wire.json_") << one.keys;
  }
  EXPECT_NE(summary(staged("  - json: {repeated: both}\n"), std::string()).find("mapping.wrong_shape"), std::string::npos);
  EXPECT_NE(summary(staged("  - charset: {is: utf-8}\n  - json: {documents: many, comments: skip}\n", "records: {each: .}\n"), std::string()).find("mapping.wrong_shape"), std::string::npos);
}

TEST(JsonStages, json_inside_a_text_has_switches_of_its_own) {
  const PackText text = staged("  - json: {}\n  - nested: {at: data, as: json, repeated: last, commas: trailing}\n", "records: {each: data}\n");
  EXPECT_EQ(summary(text, std::string(R"({"data":"{\"no\":\"C0\",\"no\":\"C1\",}"})"), Severity::info), "C1:accepted[] wire.json_duplicate_key wire.json_syntax");
  EXPECT_NE(summary(staged("  - xml: {root: bj}\n  - nested: {at: a, as: xml, nan: \"null\"}\n"), std::string()).find("mapping.wrong_shape"), std::string::npos);
}

} // namespace
} // namespace tongqu::mapping::test
