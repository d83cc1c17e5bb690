#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/rule.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping::detail {

struct Flow;
struct Got;
struct StageInput;
struct StageResult;
class SourceMapping;

/// What one rule is about to work on. Views live as long as the piece of the delivery that is being mapped.
struct RuleInput {
  const Rule& rule;
  model::ElementIndex index{};             ///< Elements of lists around the rule.
  const Ref* ref = nullptr;                ///< The path that was found; null for constants and where nothing was there.
  const wire::Document* document = nullptr;
  std::uint32_t node = wire::TapeEntry::kNone;
  std::string_view text{};                 ///< What steps start from; empty when there is none.
  bool selected = true;                    ///< False when `when` did not hold.
};

/// Looks on while a mapping runs, for the tools that explain and count. Messages run without one, at the cost of a branch per rule.
class RunObserver {
public:
  virtual ~RunObserver() = default;
  virtual void mapping(const SourceMapping& /*mapping*/, const StageInput& /*input*/) {}
  /// What comes to stage `number`, and the documents so far; one past the last: what rules start from. Called again for each piece.
  virtual void stage(std::size_t /*number*/, const Flow& /*flow*/, const StageResult& /*result*/) {}
  /// The rules of a record begin; `parts` names the parts by scope.
  virtual void record(const std::vector<Frame>& /*frames*/, const std::vector<std::string>& /*parts*/) {}
  virtual void record_ends(const MappedRecord& /*mapped*/) {}
  virtual void rule(const RuleInput& /*input*/) {}
  /// After each step of the rule that was announced last.
  virtual void step(const Step& /*step*/, const Value& /*value*/, StepOutcome /*outcome*/) {}
  virtual void fault(const Rule& /*rule*/, Fault /*fault*/, Policy /*policy*/) {}
  virtual void result(const Rule& /*rule*/, const Got& /*got*/) {}
  /// A leaf that no rule read.
  virtual void unused(const wire::Document& /*document*/, std::uint32_t /*leaf*/, const std::string& /*part*/) {}
};

} // namespace tongqu::mapping::detail
