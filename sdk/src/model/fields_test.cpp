#include "tongqu/model/fields.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "tongqu/model/entities.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/model/record.hpp"

namespace tongqu::model {
namespace {

using Visit = std::function<void(const RecordType&, const FieldInfo&, std::size_t depth, std::size_t lists)>;

void walk(const RecordType& type, const Visit& visit, std::size_t depth = 1, std::size_t lists = 0) {
  for (std::size_t i = 0; i < type.count; ++i) {
    const FieldInfo& field = type.fields[i];
    visit(type, field, depth, lists);
    if (field.type != nullptr) walk(*field.type(), visit, depth + 1, lists + (field.kind == FieldKind::record_list ? 1 : 0));
  }
}

void walk_all(const Visit& visit) {
  for (const EntityId entity : all_entities()) walk(entity_type(entity), visit);
}

TEST(Fields, every_path_fits_a_path_id_and_an_element_index) {
  walk_all([](const RecordType& type, const FieldInfo& field, std::size_t depth, std::size_t lists) {
    EXPECT_LE(depth, 4u) << type.name << "." << field.name;
    EXPECT_LE(lists, 2u) << type.name << "." << field.name;
    EXPECT_NE(field.id, 0) << type.name << "." << field.name;
  });
}

TEST(Fields, ids_and_names_are_unique_within_a_record) {
  walk_all([](const RecordType& type, const FieldInfo& field, std::size_t, std::size_t) {
    for (std::size_t i = 0; i < type.count; ++i) {
      if (&type.fields[i] == &field) continue;
      EXPECT_NE(type.fields[i].id, field.id) << type.name << "." << field.name;
      EXPECT_NE(type.fields[i].name, field.name) << type.name;
    }
  });
}

TEST(Fields, every_rule_names_something_that_exists) {
  walk_all([](const RecordType& type, const FieldInfo& field, std::size_t, std::size_t) {
    const std::string where = std::string(type.name) + "." + std::string(field.name);
    std::size_t count = 0;
    if (field.kind == FieldKind::code || field.kind == FieldKind::code_list) {
      EXPECT_NE(code_system(field.system, count), nullptr) << where;
    } else if (field.check.substr(0, 3) == "by:") {
      EXPECT_NE(type.find(field.check.substr(3)), nullptr) << where;
    } else if (!field.check.empty()) {
      EXPECT_TRUE(is_check(field.check)) << where;
      EXPECT_EQ(field.kind, FieldKind::identifier) << where;
    }
    EXPECT_FALSE(field.zh.empty()) << where;
    EXPECT_FALSE(field.en.empty()) << where;
  });
}

TEST(Fields, elements_of_every_list_have_one_key) {
  walk_all([](const RecordType& type, const FieldInfo& field, std::size_t, std::size_t) {
    if (field.kind != FieldKind::record_list) return;
    std::size_t keys = 0;
    const RecordType& element = *field.type();
    for (std::size_t i = 0; i < element.count; ++i) keys += element.fields[i].key ? 1 : 0;
    EXPECT_EQ(keys, 1u) << type.name << "." << field.name;
  });
}

TEST(Fields, no_field_of_an_entity_is_named_like_a_member_around_it) {
  for (const EntityId entity : all_entities()) {
    for (const std::string_view head : {"record", "kind", "identity", "envelope", "reason", "replaces", "deleted_version", "ext", "unknown", "meta"}) {
      EXPECT_EQ(entity_type(entity).find(head), nullptr) << head;
    }
  }
}

TEST(Fields, what_tells_about_a_person_is_flagged) {
  for (const std::string_view path : {"applicant.name", "applicant.id_no", "applicant.mobile", "applicant.address", "applicant.birth_date", "agent.id_no",
                                      "contact.phone", "contact.email", "applicant.legal_representative_id_no", "acceptance.handler.name",
                                      "process_steps.handler.name", "result.pickup.id_no", "result.pickup.person", "special_procedures.approved_by"}) {
    EXPECT_TRUE(find_slot(EntityId::case_, path)->field().personal) << path;
  }
  EXPECT_FALSE(find_slot(EntityId::case_, "case_no")->field().personal);
}

TEST(Fields, numbers_of_fields_stay_what_they_were) {
  const std::pair<std::string_view, PathId> expected[] = {{"case_no", 0x01},          {"applicant.id_no", 0x0512},     {"result.closed_at", 0x012C},
                                                          {"received_materials.files.digest", 0x05122D}, {"acceptance.accepted_at", 0x0428},
                                                          {"supplements.notice.materials.name", 0x0103022B}};
  for (const auto& [path, id] : expected) EXPECT_EQ(find_slot(EntityId::case_, path)->id, id) << path;
}

TEST(Slots, a_path_is_found_written_and_filled) {
  Case body;
  body.received_materials.emplace(2);
  (*body.received_materials)[1].files.emplace(1);
  const Slot slot = find_slot(EntityId::case_, "received_materials.files.digest").value();
  EXPECT_EQ(slot.depth, 3);
  EXPECT_EQ(slot_path(slot, {1, 0}), "received_materials[1].files[0].digest");
  EXPECT_EQ(path_text(EntityId::case_, slot.id, {1, 0}), "received_materials[1].files[0].digest");
  EXPECT_FALSE(present(&body, slot, {1, 0}));
  *static_cast<std::optional<std::string>*>(member_at(&body, slot, {1, 0})) = "sm3:00";
  EXPECT_EQ((*body.received_materials)[1].files->front().digest, "sm3:00");
  EXPECT_TRUE(present(&body, slot, {1, 0}));
  EXPECT_EQ(slot_path(find_slot(EntityId::case_, "received_materials").value(), {}), "received_materials");
}

TEST(Slots, a_list_is_built_through_its_record_type) {
  Case body;
  const Slot slot = find_slot(EntityId::case_, "process_steps").value();
  void* list = member_at(&body, slot, {});
  EXPECT_FALSE(present(&body, slot, {}));
  slot.field().type()->list_engage(list);
  EXPECT_TRUE(present(&body, slot, {}));
  EXPECT_TRUE(body.process_steps->empty());
  static_cast<ProcessStep*>(slot.field().type()->list_append(list))->seq = 4;
  EXPECT_EQ(body.process_steps->at(0).seq, 4);
  EXPECT_EQ(slot.field().type()->list_size(list), 1u);
}

TEST(Slots, a_record_is_there_when_anything_in_it_is) {
  Case body;
  const Slot slot = find_slot(EntityId::case_, "acceptance").value();
  EXPECT_FALSE(present(&body, slot, {}));
  body.acceptance.org.name = "某局";
  EXPECT_TRUE(present(&body, slot, {}));
}

TEST(Slots, an_unknown_path_tells_how_far_it_is_known) {
  const std::pair<std::string_view, std::string_view> expected[] = {
      {"applicant.id_number", "applicant"}, {"aplicant", ""}, {"case_no.x", "case_no"}, {"received_materials.files.uri.x", "received_materials.files.uri"}, {"", ""}, {"applicant.", "applicant"}};
  for (const auto& [path, known] : expected) {
    const auto slot = find_slot(EntityId::case_, path);
    ASSERT_FALSE(slot.has_value()) << path;
    EXPECT_EQ(slot.error().id(), "model.unknown_field");
    EXPECT_EQ(slot.error().where(), known);
  }
}

TEST(Entities, versions_name_them) {
  EXPECT_EQ(entity_from_version("case@1"), EntityId::case_);
  EXPECT_EQ(entity_from_version("service_item@1"), EntityId::service_item);
  EXPECT_FALSE(entity_from_version("case@2").has_value());
  for (const EntityId entity : all_entities()) {
    EXPECT_EQ(entity_type(entity).name, entity_name(entity));
    EXPECT_EQ(entity_version(entity).substr(0, entity_name(entity).size() + 1), std::string(entity_name(entity)) + "@");
    EXPECT_EQ(entity_from_version(entity_version(entity)), entity);
    EXPECT_EQ(entity_from_name(entity_name(entity)), entity);
    Record record;
    record.become(entity);
    EXPECT_EQ(record.body.index(), static_cast<std::size_t>(entity)) << entity_name(entity);
  }
}

TEST(CodeSystems, hold_the_national_codes) {
  struct Row { std::string_view system, name, code; };
  const Row rows[] = {{"id_type", "resident_id", "111"}, {"id_type", "passport", "414"}, {"applicant_type", "natural_person", "1"},
                      {"applicant_type", "government_body", "6"}, {"task_type", "licence", "01"}, {"task_type", "public_service", "20"},
                      {"project_type", "immediate", "1"}, {"project_type", "promised", "2"}, {"handle_type", "express", "4"},
                      {"necessity", "may_follow", "3"}, {"source_type", "government", "20"}, {"use_level", "county", "4"},
                      {"theme_person", "marriage", "060"}, {"theme_corp", "investment_approval", "040"}, {"satisfaction", "satisfied", ""}};
  for (const Row& row : rows) {
    std::size_t count = 0;
    const CodeRow* found = nullptr;
    const CodeRow* all = code_system(row.system, count);
    for (std::size_t i = 0; i < count; ++i) {
      if (all[i].name == row.name) found = &all[i];
    }
    ASSERT_NE(found, nullptr) << row.system << " " << row.name;
    EXPECT_EQ(found->code, row.code) << row.system << " " << row.name;
  }
}

TEST(CodeSystems, names_are_unique_and_known) {
  for (const std::string_view system : code_system_names()) {
    std::size_t count = 0;
    const CodeRow* rows = code_system(system, count);
    std::set<std::string_view> names, codes;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(names.insert(rows[i].name).second) << system << " " << rows[i].name;
      EXPECT_TRUE(rows[i].code.empty() || codes.insert(rows[i].code).second) << system << " " << rows[i].code;
      EXPECT_TRUE(is_code_name(system, rows[i].name));
    }
  }
  EXPECT_FALSE(is_code_name("id_type", "111"));
  EXPECT_FALSE(is_code_name("no_such_system", "resident_id"));
}

} // namespace
} // namespace tongqu::model
