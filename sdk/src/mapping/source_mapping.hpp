#pragma once
#include <memory>
#include <string>
#include <vector>

#include "mapping/answer.hpp"
#include "mapping/rule_compiler.hpp"
#include "mapping/reverse/plan.hpp"
#include "mapping/stages.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/mapping/record_sink.hpp"
#include "tongqu/mapping/reverse.hpp"

namespace tongqu::mapping {

struct Workspace::State {
  detail::StageMemory stages;
  detail::StageResult starts;
  std::vector<detail::Frame> frames;
  std::vector<std::string> parts;          ///< By scope, where the stages give pieces.
  detail::Scope::Unused unused;
  wire::Arena arena;
  detail::ListMemory lists;
  std::vector<std::uint32_t> group;        ///< Rows of the record that is made.
  detail::Frame row;                       ///< Of another row of the same record.
  wire::Document canonical;      ///< Targets.
  std::string json;              ///< The record that is written.
  detail::RunObserver* observer = nullptr;  ///< Set by the tools that explain and count.
};

namespace detail {

/// One test of a mapping document.
struct MappingTest {
  std::string in;
  std::vector<std::pair<std::string, std::string>> out;
  std::vector<std::string> absent;
  std::optional<std::vector<std::string>> findings;
  RecordVerdict verdict = RecordVerdict::accepted;
  std::optional<unsigned> count;           ///< Records of the delivery.
  unsigned record = 1;                     ///< The one that the rest is about.
  std::uint32_t line = 0;
};

/// What the checks of a delivery come to for each of its records.
struct DeliveryJudgement {
  RecordVerdict verdict = RecordVerdict::accepted;
  Bilingual reason;
  void pass_on(MappedRecord& record) const;
};

/// Reads `tests:` of a mapping or of an overlay.
std::vector<MappingTest> compile_tests(const YamlNode& node, const Mistakes& mistakes);

/// What a pack gives to each of its mappings.
struct MappingContext {
  Mistakes mistakes;
  std::string folder;
  std::string overlay_folder;
  std::map<std::string, std::string> params;
  wire::NameSet& names;
  std::vector<std::string>& files;
  const std::vector<std::string>& never_sent;
  std::string system;
  const Functions* functions = nullptr;
};

/// One compiled source mapping: immutable.
class SourceMapping {
public:
  static std::unique_ptr<SourceMapping> compile(const YamlNode& root, MappingContext context);

  const std::string& id() const noexcept { return id_; }
  const Answer* answer() const noexcept { return answer_ ? &*answer_ : nullptr; }
  const std::vector<MappingTest>& tests() const noexcept { return tests_; }
  bool reads_soap() const noexcept { return !stages_.list.empty() && stages_.list.front().kind == Stage::Kind::soap; }
  /// SOAP operation that the first stage asks for; "any" when it takes every one.
  const std::string& operation() const noexcept { return stages_.list.front().operation; }

  struct Surroundings { const Environment& environment; const PackInfo& pack; const wire::NameSet& names; Workspace::State& state; };
  Result<MappedDelivery> run(const wire::Delivery& delivery, const Surroundings& around) const;
  /// The same, each record handed over as soon as it is made; the answer has none.
  Result<MappedDelivery> run_each(const wire::Delivery& delivery, const Surroundings& around, RecordSink& sink) const;

  // The way back, in reverse/reverse_mapping.cpp.
  const ReversePlan* reverse_plan() const noexcept { return reverse_.get(); }
  /// Whether the mapping takes a record by itself, when nobody names a mapping.
  bool writes_back(const model::Record& record) const;
  Result<Reversed> reverse(const model::Record& record, const Surroundings& around) const;
  LawReport check_laws(const LawOptions& options, const Surroundings& around) const;
  ReverseSubject reverse_subject(const std::map<std::string, std::string>& params, const YamlNode& root) const;
  /// Runs the rules over documents made by hand, without any stage: the laws make their records so.
  Result<MappedDelivery> run_documents(const wire::Delivery& delivery, StageResult& documents, const Surroundings& around) const;
  const std::vector<std::unique_ptr<Rule>>& identity_rules() const noexcept { return identity_; }

private:
  friend class RecordMaker;
  friend class MappingView;      ///< The tools for authors.
  void compile_records(const YamlNode& root, const Mistakes& mistakes, wire::NameSet& names);
  void note_compared(std::size_t from, wire::NameSet& names);
  void find_records_apart(const wire::NameSet& names);
  void compile_checks(const YamlNode& root, const Mistakes& mistakes, RuleCompiler& compiler);
  void compile_rows(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler);
  void compile_head(const YamlNode& root, const MappingContext& context);
  void compile_identity(const YamlNode& root, const Mistakes& mistakes, RuleCompiler& compiler);
  void compile_kind(const YamlNode& root, const Mistakes& mistakes, RuleCompiler& compiler);
  void compile_outside(const YamlNode& root, const Mistakes& mistakes);
  Result<MappedDelivery> run_once(const wire::Delivery& delivery, const Surroundings& around, RecordSink* sink, DeliveryJudgement* judgement) const;
  /// @param json  Memory to write into, kept from record to record.
  void finish(MappedRecord& mapped, const Environment& environment, std::string& json) const;

  std::string id_;
  model::EntityId entity_ = model::EntityId::case_;
  model::RecordKind kind_ = model::RecordKind::snapshot;
  std::optional<std::int16_t> zone_minutes_;
  Stages stages_;
  Scopes scopes_;
  std::vector<std::string> part_names_;     ///< By scope.
  /// `records`: one record for each document, or for each element of a list in it.
  struct Records {
    bool each = false;
    std::uint16_t parent_scope = 0, list = 0;
    std::optional<Expression> when;
    ListShape shape;                       ///< order, key.
    std::vector<Expression> group_by;
    Policy differ = Policy::hold;          ///< Rows of one record say different things where it reads one value.
    std::vector<std::uint16_t> compared;   ///< Slots of the root scope that rules read: all rows of a group must say the same there.
    bool plain() const { return shape.order.empty() && !shape.key && group_by.empty(); }
  };
  std::optional<Records> records_;
  std::vector<const ListRule*> joins_;
  std::unique_ptr<Rule> kind_rule_;
  std::vector<std::unique_ptr<Rule>> identity_;
  std::unique_ptr<Rule> event_;
  std::unique_ptr<Block> rules_;
  std::vector<PackCheck> checks_;           ///< Of a record.
  std::vector<PackCheck> delivery_checks_;
  std::vector<std::string> outside_digest_;
  std::optional<Answer> answer_;
  std::vector<MappingTest> tests_;
  std::unique_ptr<ReversePlan> reverse_;
};

} // namespace detail
} // namespace tongqu::mapping
