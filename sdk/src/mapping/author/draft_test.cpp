#include <algorithm>

#include "mapping/author/alias_dictionary.hpp"
#include "mapping/author/source_shape.hpp"
#include "mapping/test_support.hpp"
#include "tongqu/mapping/author.hpp"
#include "tongqu/model/fields.hpp"

namespace tongqu::mapping::author {
namespace {

using test::TempFolder;

TEST(SourceShape, a_shape_says_kinds_and_counts_only) {
  EXPECT_EQ(value_shape("2149-03-05 07:08"), "9{4}-9{2}-9{2} 9{2}:9{2}");
  EXPECT_EQ(value_shape("欧阳静怡"), "汉{4}");
  EXPECT_EQ(value_shape("A12bc"), "A9{2}a{2}");
  EXPECT_EQ(value_shape("１２"), "９{2}");
  EXPECT_EQ(value_shape(""), "");
}

TEST(SourceShape, date_patterns_read_every_value_or_none_is_told) {
  EXPECT_EQ(date_patterns({{"2149/3/5 7:8", 1}, {"2149-03-05 07:08:09", 2}}), (std::vector<std::string>{"yyyy-MM-dd HH:mm[:ss]", "yyyy/M/d H:m"}));
  EXPECT_EQ(date_patterns({{"21490305", 1}}), (std::vector<std::string>{"yyyyMMdd"}));
  EXPECT_TRUE(date_patterns({{"2149-03-05", 1}, {"soon", 1}}).empty());
}

TEST(AliasDictionary, every_row_names_a_field_of_the_model) {
  for (const char* name : {"SXBM", "BJBH", "SQRMC", "ZJHM", "ApplicantName", "accept_time", "证件号码", "受理时间", "CLMC", "HJMC", "Applicant/CardNo"}) EXPECT_FALSE(proposals(name, "").empty()) << name;
  EXPECT_EQ(proposals("SQRMC", "")[0].field, "applicant.name");
  EXPECT_EQ(proposals("Applicant/Name", "")[0].field, "applicant.name");
  EXPECT_EQ(proposals("f1", "申请人名称（必填）")[0].field, "applicant.name");
  EXPECT_TRUE(proposals("xyz123", "").empty());
  EXPECT_GT(proposals("SQRMC", "申请人名称")[0].confidence, proposals("SQRMC", "")[0].confidence);
  for (const Proposal& one : proposals("XH", "")) EXPECT_TRUE(model::find_slot(model::EntityId::case_, one.field)) << one.field;
  EXPECT_EQ(list_proposal("data/cllist/cl"), "received_materials");
}

DraftPack drafted(const TempFolder& folder, const std::string& name, const std::string& text) {
  folder.write(name, text);
  const auto draft = scaffold({folder.path() + "/" + name, {}, "t-draft", ""});
  EXPECT_TRUE(draft) << (draft ? "" : describe(draft.error()));
  if (!draft) return {};
  for (const DraftFile& file : draft->files) folder.write("out/" + file.name, file.text);
  Findings mistakes;
  const auto pack = Pack::load(folder.path() + "/out", {}, mistakes);
  EXPECT_TRUE(pack);
  for (const Finding& one : mistakes) ADD_FAILURE() << one.source.part << ":" << one.source.line << " " << describe(one, Lang::en);
  return *draft;
}

std::string target(const DraftPack& draft, std::string_view source) {
  for (const DraftField& field : draft.fields) {
    if (field.source == source) return field.target;
  }
  return "(not seen)";
}

TEST(Scaffold, what_an_applicant_has_is_no_licence_of_the_result) {
  TempFolder folder;
  const DraftPack inside = drafted(folder, "a.json", R"({"办件号": "B1", "申请人": {"姓名": "某", "证件名称": "居民身份证"}, "证照名称": "许可证"})");
  EXPECT_EQ(target(inside, "申请人/证件名称"), "") << "it says what kind of certificate a person has";
  EXPECT_EQ(target(inside, "申请人/姓名"), "applicant.name");
  EXPECT_EQ(target(inside, "证照名称"), "result.licence_name");
}

bool has_risk(const DraftPack& draft, std::string_view words) {
  return std::any_of(draft.risks.begin(), draft.risks.end(), [words](const Bilingual& risk) { return risk.en.find(words) != std::string::npos && !risk.zh.empty(); });
}

TEST(Scaffold, a_table_definition_with_comments) {
  const TempFolder folder;
  const DraftPack draft = drafted(folder, "t.sql", R"(-- staging
CREATE TABLE IF NOT EXISTS `dbo`.`T_BJ` (
  BJBH varchar(50) NOT NULL COMMENT '办件编号',
  f2 nvarchar2(200), -- 申请人名称
  [SLSJ] datetime DEFAULT (now()) NOT NULL,
  JE decimal(10,2),
  PRIMARY KEY (BJBH)
);
COMMENT ON COLUMN T_BJ.JE IS '收费金额';
)");
  EXPECT_EQ(target(draft, "BJBH"), "case_no");
  EXPECT_EQ(target(draft, "f2"), "applicant.name");
  EXPECT_EQ(target(draft, "SLSJ"), "acceptance.accepted_at");
  EXPECT_EQ(target(draft, "JE"), "fee.amount");
  EXPECT_EQ(draft.fields.size(), 4u);
}

TEST(Scaffold, an_openapi_document_with_references_and_lists) {
  const TempFolder folder;
  const DraftPack draft = drafted(folder, "api.yaml", R"(openapi: 3.0.0
paths:
  /cases:
    post:
      operationId: pushCase
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Case'}
components:
  schemas:
    Case:
      type: object
      required: [caseNo]
      properties:
        caseNo: {type: string, maxLength: 50}
        applicant: {type: object, properties: {name: {type: string}, certType: {type: string, enum: [身份证, 护照]}}}
        materials: {type: array, items: {type: object, properties: {materialName: {type: string}}}}
        acceptTime: {type: string, format: date-time}
)");
  EXPECT_EQ(target(draft, "caseNo"), "case_no");
  EXPECT_EQ(target(draft, "applicant/name"), "applicant.name");
  EXPECT_EQ(target(draft, "materials/materialName"), "received_materials.name");
  EXPECT_EQ(target(draft, "acceptTime"), "acceptance.accepted_at");
  EXPECT_TRUE(has_risk(draft, "what happened"));
}

TEST(Scaffold, a_wsdl_with_imports_beside_it_and_one_that_cannot_be_fetched) {
  const TempFolder folder;
  folder.write("types.xsd", R"(<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t">
<xs:complexType name="Person"><xs:sequence><xs:element name="SQRMC" type="xs:string"/><xs:element name="ZJHM" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>
<xs:element name="report"><xs:complexType><xs:sequence><xs:element name="BJBH" type="xs:string"><xs:annotation><xs:documentation>办件编号</xs:documentation></xs:annotation></xs:element>
<xs:element name="person" type="Person"/><xs:element name="CL" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="CLMC" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>)");
  const DraftPack draft = drafted(folder, "s.wsdl", R"(<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t">
<types><xs:schema><xs:import namespace="urn:t" schemaLocation="types.xsd"/><xs:import namespace="urn:u" schemaLocation="http://10.0.0.1/u.xsd"/>
<xs:element name="send"><xs:complexType><xs:sequence><xs:element name="xmlStr" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:schema></types>
<message name="a"><part name="p" element="t:report"/></message><message name="b"><part name="p" element="t:send"/></message>
<portType name="P"><operation name="report"><input message="a"/></operation><operation name="send"><input message="b"/></operation></portType></definitions>)");
  EXPECT_EQ(target(draft, "BJBH"), "case_no");
  EXPECT_EQ(target(draft, "person/SQRMC"), "applicant.name");
  EXPECT_EQ(target(draft, "CL/CLMC"), "received_materials.name");
  EXPECT_TRUE(has_risk(draft, "not fetched: http://10.0.0.1/u.xsd"));
  EXPECT_TRUE(has_risk(draft, "xmlStr is a text"));
  const auto at = std::find_if(draft.files.begin(), draft.files.end(), [](const DraftFile& file) { return file.name == "mappings/send.yaml"; });
  ASSERT_NE(at, draft.files.end());
  EXPECT_NE(at->text.find("soap: {operation: send, part: xmlStr}"), std::string::npos);
}

TEST(Scaffold, what_stands_around_the_document_is_seen_too) {
  const TempFolder folder;
  const DraftPack draft = drafted(folder, "1.xml", "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><op><token>t</token><arg>&lt;Msg&gt;&lt;Head&gt;&lt;Kind&gt;x&lt;/Kind&gt;&lt;/Head&gt;&lt;Data&gt;"
                                                   "{\"BJBH\": \"K-1\", \"SQRMC\": \"某\"}&lt;/Data&gt;&lt;/Msg&gt;</arg></op></e:Body></e:Envelope>");
  EXPECT_EQ(target(draft, "BJBH"), "case_no");
  EXPECT_EQ(target(draft, "outer:Head/Kind"), "") << "seen, and for a person to say what it means";
  EXPECT_EQ(target(draft, "outer:Data"), "(not seen)") << "that is the document itself";
  EXPECT_NE(draft.files.at(1).text.find("#   outer:Head/Kind"), std::string::npos) << draft.files.at(1).text;
}

TEST(Scaffold, a_dataset_gives_the_rows_of_its_first_table) {
  const TempFolder folder;
  const DraftPack draft = drafted(folder, "1.xml", "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><op><ds><d:diffgram xmlns:d='urn:schemas-microsoft-com:xml-diffgram-v1'><DS>"
                                                   "<T d:id='T1'><BJBH>K-1</BJBH><SQR_x0020_MC>某</SQR_x0020_MC></T><M d:id='M1'><n>x</n></M><M d:id='M2'><n>y</n></M></DS></d:diffgram></ds></op></e:Body></e:Envelope>");
  EXPECT_EQ(target(draft, "BJBH"), "case_no");
  EXPECT_EQ(target(draft, "SQRMC"), "applicant.name") << "names as paths have them";
  EXPECT_TRUE(has_risk(draft, "those of M are in no draft"));
  EXPECT_NE(draft.files.at(1).text.find("  - soap: {operation: op}\n  - dataset\nrecords: {each: T}\n"), std::string::npos) << draft.files.at(1).text;
}

TEST(Scaffold, messages_show_their_layers_and_no_value_gets_into_the_draft) {
  const TempFolder folder;
  const std::string inner = "<?xml version='1.0' encoding='gb2312'?><root><bj><BJBH>K-1</BJBH><SQRMC>欧阳静怡</SQRMC><CLLIST><CL><CLMC>图</CLMC></CL><CL><CLMC>表</CLMC></CL></CLLIST></bj></root>";
  const DraftPack draft = drafted(folder, "1.xml", "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><op><arg><![CDATA[" + inner + "]]></arg></op></e:Body></e:Envelope>");
  const auto& mapping = draft.files.at(1).text;
  EXPECT_NE(mapping.find("  - soap: {operation: op, part: arg}\n  - xml: {root: root/bj, namespaces: any}\n"), std::string::npos) << mapping;
  EXPECT_NE(mapping.find("each: CLLIST/CL"), std::string::npos) << mapping;
  for (const DraftFile& file : draft.files) EXPECT_EQ(file.text.find("欧阳"), std::string::npos) << file.name;
  EXPECT_EQ(target(draft, "CLLIST/CL/CLMC"), "received_materials.name");
}

TEST(Scaffold, rows_that_stand_beside_nothing_else_are_records) {
  const TempFolder folder;
  const DraftPack draft = drafted(folder, "1.json", "{\"data\":{\"rows\":[{\"BJBH\":\"1\",\"SQRMC\":\"甲\"},{\"BJBH\":\"2\",\"SQRMC\":\"乙\"}]}}");
  EXPECT_NE(draft.files.at(1).text.find("records: {each: rows}"), std::string::npos) << draft.files.at(1).text;
  EXPECT_EQ(target(draft, "BJBH"), "case_no");
}

TEST(Scaffold, what_holds_no_message_is_said) {
  const TempFolder folder;
  folder.write("x.sql", "select 1");
  EXPECT_EQ(scaffold({folder.path() + "/x.sql", {}, "t", ""}).error().id(), "mapping.records_none");
  EXPECT_EQ(scaffold({folder.path() + "/none", {}, "t", ""}).error().id(), "base.file_unreadable");
}

} // namespace
} // namespace tongqu::mapping::author
