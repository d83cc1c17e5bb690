// Prints random records of every entity in canonical JSON, one per line: snapshots and parts with cleared members. For check_schema.py.
#include <cstdio>

#include "model/test_records.hpp"
#include "tongqu/model/schema.hpp"

int main() {
  using namespace tongqu::model;
  for (const EntityId entity : all_entities()) {
    const std::vector<FieldListing> fields = list_fields(entity);
    for (unsigned seed = 0; seed < 12; ++seed) {
      Record record = test::filled(entity, seed, seed == 0 ? 100 : seed * 8);
      if (seed % 3 == 2) {
        record.kind = RecordKind::part;
        for (const FieldListing& row : fields) {
          const Slot slot = find_slot(entity, row.path).value();
          const bool top = row.path.find('.') == std::string::npos;
          if (top && (row.id + seed) % 3 == 0 && !present(record.object(), slot, {})) record.meta_at(row.id, {}).cleared = true;
        }
      }
      record.envelope.message_id = "m" + std::to_string(seed);
      record.envelope.sequence_in_case = seed;
      record.envelope.occurred_at = test::time_at("2099-01-05T07:08:09+08:00");
      record.ext = {{"ningbo", "a", "1"}};
      record.unknown = {{"colour", "{\"a\":[1.5,null]}"}};
      const std::string line = test::json_of(record) + "\n";
      std::fwrite(line.data(), 1, line.size(), stdout);
    }
  }
  return 0;
}
