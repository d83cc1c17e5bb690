#pragma once
#include <random>
#include <string>

#include "reflect.hpp"
#include "tongqu/model/record.hpp"

/// Records for the tests of this module.
namespace tongqu::model::test {

inline Time time_at(std::string_view text) { return Time::parse(text).value(); }

/// Fills members with values of their kinds, each with the given chance in percent. Keys of list elements are always there.
class Filler {
public:
  Filler(unsigned seed, unsigned percent) : random_(seed), percent_(percent) {}

  void fill(const RecordType& type, void* object) {
    for (std::size_t i = 0; i < type.count; ++i) {
      const FieldInfo& field = type.fields[i];
      if (field.key && field.kind != FieldKind::record_list) continue;
      if (random_() % 100 < percent_) fill_member(field, field.member(object));
    }
  }

  void fill_list(const RecordType& type, void* list) {
    std::size_t key = 0;
    for (auto k = 1 + random_() % 3; k > 0; --k) {
      key += 1 + random_() % 2;
      void* element = type.list_append(list);
      fill(type, element);
      for (std::size_t i = 0; i < type.count; ++i) {
        if (type.fields[i].key) set_key(type.fields[i], type.fields[i].member(element), key);
      }
    }
  }

private:
  static void set_key(const FieldInfo& field, void* member, std::size_t key) {
    if (field.kind == FieldKind::integer) detail::as<std::int64_t>(member) = static_cast<std::int64_t>(key);
    else detail::as<std::string>(member) = "k" + std::to_string(key);
  }

  void fill_member(const FieldInfo& field, void* member) {
    using detail::as;
    const std::string number = std::to_string(random_() % 1000);
    switch (field.kind) {
      case FieldKind::text: as<std::string>(member) = "文本 \"" + number + "\"\n\\"; break;
      case FieldKind::identifier: as<std::string>(member) = "N" + number; break;
      case FieldKind::code: as<Code>(member) = code(field, number); break;
      case FieldKind::time: as<Time>(member) = time(); break;
      case FieldKind::quantity: as<Quantity>(member) = Quantity{number + ".5", static_cast<Quantity::Unit>(random_() % 8)}; break;
      case FieldKind::money: as<Money>(member) = Money{number + ".25"}; break;
      case FieldKind::validity: as<Validity>(member) = Validity{static_cast<Validity::Kind>(random_() % 3), time_at("2099-12-31")}; break;
      case FieldKind::integer: as<std::int64_t>(member) = static_cast<std::int64_t>(random_() % 1000) - 500; break;
      case FieldKind::boolean: as<bool>(member) = random_() % 2 == 0; break;
      case FieldKind::text_list: as<std::vector<std::string>>(member) = std::vector<std::string>(random_() % 3, "项" + number); break;
      case FieldKind::code_list: as<std::vector<Code>>(member) = std::vector<Code>(random_() % 3, code(field, number)); break;
      case FieldKind::record: fill(*field.type(), member); break;
      case FieldKind::record_list: fill_list(*field.type(), member); break;
    }
  }

  Code code(const FieldInfo& field, const std::string& number) {
    std::size_t count = 0;
    const CodeRow* rows = code_system(field.system, count);
    return Code{count == 0 ? "any" : std::string(rows[random_() % count].name), "county.code@1", number, {}};
  }

  Time time() {
    constexpr std::string_view kTexts[] = {"2099-01", "2099-02-28", "2099-01-05T07:08:00+08:00", "2099-01-05T07:08:09.123+08:00"};
    const auto pick = random_() % 5;
    if (pick < 4) return time_at(kTexts[pick]);
    Time minute = time_at(kTexts[2]);
    minute.precision = Time::Precision::minute;
    return minute;
  }

  std::mt19937 random_;
  unsigned percent_;
};

inline Record filled(EntityId entity, unsigned seed, unsigned percent) {
  Record record;
  record.become(entity);
  Filler(seed, percent).fill(entity_type(entity), record.object());
  return record;
}

inline std::string json_of(const Record& record, JsonForm form = JsonForm::full) {
  std::string out;
  append_canonical_json(out, record, form);
  return out;
}

} // namespace tongqu::model::test
