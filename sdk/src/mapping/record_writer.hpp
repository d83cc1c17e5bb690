#pragma once
#include <array>

#include "mapping/rule_run.hpp"

namespace tongqu::mapping::detail {

/// Runs a block of rules and writes what they give into a record.
class RecordWriter {
public:
  struct Inputs {
    const Scopes& scopes;
    const wire::NameSet* names;              ///< Null when the document has our symbols.
    std::vector<Frame>& frames;              ///< By scope; frames of list elements are filled here.
    Scope::Unused& unused;
    model::Record& record;
  };
  /// Entries of the record's meta table are added here alone while it lives.
  RecordWriter(Inputs inputs, RuleRun& run) : in_(inputs), run_(run), meta_(inputs.record.meta) {
    run_.clearings = &meta_;
    elements_[0] = inputs.record.object();
  }
  ~RecordWriter() { run_.clearings = nullptr; }
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  void block(const Block& block, std::size_t depth = 0);
  /// Runs one rule and stores its value. Answers false when nothing was stored.
  bool rule(const Rule& rule);

private:
  void list(const ListRule& list, std::size_t depth);
  void plain_item(const ListRule& list);
  void store(const Rule& rule, const Got& got);
  void store_field(const Rule& rule, const Got& got, void* member);
  void store_special(const Rule& rule, const Got& got);
  void store_code(const Rule& rule, const Got& got, void* member) const;
  void store_money(const Rule& rule, const Got& got, void* member);
  void store_validity(const Rule& rule, const Got& got, void* member);
  void mark(const Rule& rule, const Got& got);

  void* member_of(const Place& place) const { return static_cast<char*>(elements_[place.lists]) + place.offset; }

  Inputs in_;
  RuleRun& run_;
  model::MetaIndex meta_;
  Scope::Unused nowhere_;
  Got got_;
  std::array<void*, 3> elements_{};   ///< The entity, and the element of each list that is being written.
};

} // namespace tongqu::mapping::detail
