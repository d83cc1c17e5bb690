#include <gtest/gtest.h>

#include "test_records.hpp"
#include "tongqu/model/schema.hpp"

namespace tongqu::model {
namespace {

using test::json_of;
using test::time_at;

PathId path(std::string_view text) { return find_slot(EntityId::case_, text)->id; }

Record at(std::string_view day, RecordKind kind = RecordKind::part) {
  Record record;
  record.kind = kind;
  record.envelope.occurred_at = time_at(day);
  return record;
}

Case& body(Record& record) { return std::get<Case>(record.body); }
const Case& body(const Record& record) { return std::get<Case>(record.body); }

/// A random part: some members set, some cleared. Everything comes from the field table, so a new field is covered when it is there.
Record random_part(EntityId entity, unsigned seed, std::string_view day) {
  Record part = test::filled(entity, seed, 25);
  part.kind = RecordKind::part;
  part.envelope.occurred_at = time_at(day);
  std::mt19937 random(seed + 7);
  for (const FieldListing& row : list_fields(entity)) {
    const Slot slot = find_slot(entity, row.path).value();
    bool inside_list = false;
    for (std::size_t i = 0; i + 1 < slot.depth; ++i) inside_list = inside_list || slot.steps[i]->kind == FieldKind::record_list;
    if (!inside_list && random() % 6 == 0 && !present(part.object(), slot, {})) part.meta_at(slot.id, {}).cleared = true;
  }
  return part;
}

Record random_base(EntityId entity, unsigned seed, std::string_view day) {
  Record base = test::filled(entity, seed, 30);
  base.envelope.occurred_at = time_at(day);
  return base;
}

/// Runs `check` for every entity and several seeds.
template <class Check>
void for_every_entity(unsigned seeds, Check check) {
  for (const EntityId entity : all_entities()) {
    for (unsigned seed = 0; seed < seeds; ++seed) {
      SCOPED_TRACE(std::string(entity_name(entity)) + " seed " + std::to_string(seed));
      check(entity, seed);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(Merge, applying_a_part_twice_is_applying_it_once) {
  for_every_entity(25, [](EntityId entity, unsigned seed) {
    const Record base = random_base(entity, seed, "2099-01-02");
    for (const std::string_view day : {"2099-01-01", "2099-01-02", "2099-01-03"}) {
      const Record part = random_part(entity, seed + 1000, day);
      const Record once = merge(base, part);
      ASSERT_EQ(json_of(merge(once, part)), json_of(once)) << day;
    }
  });
}

TEST(Merge, parts_of_different_times_may_come_in_any_order) {
  for_every_entity(25, [](EntityId entity, unsigned seed) {
    const Record base = random_base(entity, seed, "2099-01-02");
    const Record p = random_part(entity, seed + 1000, "2099-01-01"), q = random_part(entity, seed + 2000, "2099-01-03"), r = random_part(entity, seed + 3000, "2099-01-04");
    const std::string expected = json_of(merge(merge(merge(base, p), q), r));
    ASSERT_EQ(json_of(merge(merge(merge(base, r), q), p)), expected);
    ASSERT_EQ(json_of(merge(merge(merge(base, q), p), r)), expected);
    ASSERT_EQ(json_of(merge(merge(merge(base, r), p), q)), expected);
  });
}

TEST(Merge, a_part_that_says_nothing_changes_no_value) {
  for_every_entity(10, [](EntityId entity, unsigned seed) {
    const Record base = random_base(entity, seed, "2099-01-02");
    for (const std::string_view day : {"2099-01-01", "2099-01-05"}) {
      Record part;
      part.become(entity);
      part.kind = RecordKind::part;
      part.envelope.occurred_at = time_at(day);
      ASSERT_TRUE(merge(base, part).body == base.body) << day;
    }
  });
}

TEST(Merge, null_clears_every_kind_of_field) {
  for_every_entity(4, [](EntityId entity, unsigned seed) {
    const Record base = random_base(entity, seed, "2099-01-02");
    const RecordType& type = entity_type(entity);
    for (std::size_t i = 0; i < type.count; ++i) {
      const Slot slot = find_slot(entity, type.fields[i].name).value();
      Record part;
      part.become(entity);
      part.kind = RecordKind::part;
      part.envelope.occurred_at = time_at("2099-01-03");
      part.meta_at(slot.id, {}).cleared = true;
      Record merged = merge(base, part);
      ASSERT_FALSE(present(merged.object(), slot, {})) << type.fields[i].name;
      part.envelope.occurred_at = time_at("2099-01-01");
      merged = merge(base, part);
      ASSERT_TRUE(merged.body == base.body) << type.fields[i].name << " cleared by an older part";
    }
  });
}

TEST(Merge, a_merged_record_survives_storage) {
  for_every_entity(10, [](EntityId entity, unsigned seed) {
    const Record base = random_base(entity, seed, "2099-01-02");
    const Record p = random_part(entity, seed + 1000, "2099-01-05"), q = random_part(entity, seed + 2000, "2099-01-03");
    Findings findings;
    const auto stored = read_canonical_json(json_of(merge(base, p)), findings);
    ASSERT_TRUE(stored.has_value()) << describe(stored.error());
    ASSERT_EQ(json_of(merge(*stored, q)), json_of(merge(merge(base, p), q)));
  });
}

TEST(Merge, the_latest_source_time_wins_and_absent_says_nothing) {
  Record base = at("2099-01-02", RecordKind::snapshot);
  body(base).title = "old";
  body(base).remark = "kept";
  Record later = at("2099-01-03");
  body(later).title = "new";
  Record earlier = at("2099-01-01");
  body(earlier).title = "stale";
  body(earlier).opinion = "late but welcome";
  const Record merged = merge(merge(base, later), earlier);
  EXPECT_EQ(merged.kind, RecordKind::snapshot);
  EXPECT_EQ(body(merged).title, "new");
  EXPECT_EQ(body(merged).remark, "kept");
  EXPECT_EQ(body(merged).opinion, "late but welcome");
  EXPECT_EQ(merged.envelope.occurred_at->text(), "2099-01-03");
}

TEST(Merge, null_takes_a_value_away_and_an_older_part_does_not_bring_it_back) {
  Record base = at("2099-01-01", RecordKind::snapshot);
  body(base).contact.mobile = "1";
  body(base).contact.name = "甲";
  Record clearing = at("2099-01-03");
  clearing.meta_at(path("contact.mobile"), {}).cleared = true;
  Record older = at("2099-01-02");
  body(older).contact.mobile = "2";
  const Record merged = merge(merge(base, clearing), older);
  EXPECT_FALSE(body(merged).contact.mobile.has_value());
  EXPECT_EQ(body(merged).contact.name, "甲");
}

TEST(Merge, list_elements_meet_by_their_key) {
  Record base = at("2099-01-01", RecordKind::snapshot);
  body(base).process_steps.emplace(2);
  body(base).process_steps->at(0).seq = 1;
  body(base).process_steps->at(0).step_name = "受理";
  body(base).process_steps->at(1).seq = 3;
  Record part = at("2099-01-02");
  body(part).process_steps.emplace(2);
  body(part).process_steps->at(0).seq = 2;
  body(part).process_steps->at(0).step_name = "审查";
  body(part).process_steps->at(1).seq = 1;
  body(part).process_steps->at(1).opinion = "同意";
  const Record merged = merge(base, part);
  const auto& steps = *body(merged).process_steps;
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].step_name, "受理");
  EXPECT_EQ(steps[0].opinion, "同意");
  EXPECT_EQ(steps[1].step_name, "审查");
  EXPECT_EQ(steps[2].seq, 3);
}

TEST(Merge, a_list_without_keys_is_replaced_as_a_whole) {
  Record base = at("2099-01-01", RecordKind::snapshot);
  body(base).received_materials.emplace(2);
  body(base).received_materials->at(0).name = "甲";
  body(base).received_materials->at(1).name = "乙";
  Record part = at("2099-01-02");
  body(part).received_materials.emplace(1);
  body(part).received_materials->at(0).name = "丙";
  ASSERT_EQ(body(merge(base, part)).received_materials->size(), 1u);
  EXPECT_EQ(body(merge(base, part)).received_materials->at(0).name, "丙");
  part.envelope.occurred_at = time_at("2098-12-31");
  EXPECT_EQ(body(merge(base, part)).received_materials->size(), 2u);
}

TEST(Merge, verdicts_and_marks_move_with_their_values) {
  Record base = at("2099-01-01", RecordKind::snapshot);
  body(base).applicant.id_no = "1";
  base.meta_at(path("applicant.id_no"), {}).verdict = Verdict::failed;
  Record part = at("2099-01-02");
  body(part).applicant.id_no = "2";
  part.meta_at(path("applicant.id_no"), {}).mark = Mark::by_person;
  const Record merged = merge(base, part);
  EXPECT_EQ(merged.find_meta(path("applicant.id_no"), {})->verdict, Verdict::unchecked);
  EXPECT_EQ(merged.find_meta(path("applicant.id_no"), {})->mark, Mark::by_person);
}

TEST(Merge, other_kinds_of_records_are_not_merged) {
  Record base = at("2099-01-01", RecordKind::snapshot);
  body(base).title = "old";
  Record gone = at("2099-01-02", RecordKind::voided);
  body(gone).title = "new";
  EXPECT_EQ(json_of(merge(base, gone)), json_of(base));
}

} // namespace
} // namespace tongqu::model
