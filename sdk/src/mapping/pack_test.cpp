#include "mapping/test_support.hpp"

namespace tongqu::mapping::test {
namespace {

const model::Case& case_of(const MappedRecord& record) { return std::get<model::Case>(record.record.body); }

TEST(SourceMapping, fills_identity_envelope_and_a_field) {
  const MappedRecord record = map_one({}, "<bj><no>C1</no><name>某事项</name></bj>");
  EXPECT_EQ(record.verdict, RecordVerdict::accepted);
  EXPECT_EQ(record.record.identity.organisation, "ORG1");
  EXPECT_EQ(record.record.identity.item, "ITEM1");
  EXPECT_EQ(record.record.identity.case_no, "C1");
  EXPECT_EQ(record.record.identity.event, "accept");
  EXPECT_EQ(record.record.identity.revision, "1");
  EXPECT_EQ(record.record.envelope.source_system, "test-system");
  EXPECT_EQ(record.record.envelope.pack, "test-pack@1");
  EXPECT_EQ(record.record.envelope.event, "accept");
  EXPECT_EQ(case_of(record).task_name, "某事项");
  EXPECT_EQ(record.digest.size(), 32u);
}

} // namespace
} // namespace tongqu::mapping::test
