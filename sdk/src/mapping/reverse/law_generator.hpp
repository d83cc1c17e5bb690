#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "mapping/reverse/reverse_run.hpp"
#include "mapping/source_mapping.hpp"

namespace tongqu::mapping::detail {

/// Numbers from a seed, the same on every machine.
class Dice {
public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() noexcept;
  std::size_t below(std::size_t bound) noexcept { return bound == 0 ? 0 : static_cast<std::size_t>(next() % bound); }
  bool chance(unsigned percent) noexcept { return below(100) < percent; }

private:
  std::uint64_t state_;
};

/// Makes source documents out of what the rules of a mapping read: codes of their tables, dates of every form and precision, valid
/// identifiers, texts full of signs that formats trip over. No byte of them comes from the writers that the laws are about.
class LawGenerator {
public:
  LawGenerator(const ReversePlan& plan, const ReverseSubject& subject);
  /// Fresh documents, one for each document of the stages; valid until the next call.
  StageResult& make(std::uint64_t seed);
  /// A text that stands at a place of a sample: what passes a check that the author wrote cannot be made up.
  void learn(std::size_t scope, const std::string& path, const std::string& text) { learnt_[{scope, path}].push_back(text); }
  /// Transport facts that rules read.
  const std::map<std::string, std::string, std::less<>>& facts() const noexcept { return facts_; }

private:
  struct Deferred { OutNode* node; const Rule* rule; const OutNode* instance; const Shape* instance_shape; };
  void know(const Block& block);
  void know(const Rule& rule);
  void fill(OutNode& node, std::size_t scope, const OutNode& instance, const Shape& instance_shape);
  void leaf(OutNode& node, std::size_t scope, const OutNode& instance, const Shape& instance_shape);
  std::string text_for(const Shape& shape, const Rule& rule, std::size_t scope);
  std::string code(const std::vector<const Rule*>& rules);
  Back value(const Rule& rule, const Shape& shape, std::size_t scope);
  void amount_of(const Rule& rule, Back& back);
  std::optional<std::string> formed(const Rule& rule);
  std::string awkward(const Shape& shape, std::size_t scope);
  std::string identifier(std::string_view check);
  model::Time moment();
  std::string digits(std::size_t count);
  void settle_deferred();
  void build(std::size_t scope, const OutNode& start);

  const ReversePlan& plan_;
  const ReverseSubject& subject_;
  std::unordered_map<const Shape*, std::vector<const Rule*>> readers_;
  std::vector<const Rule*> fact_rules_;
  std::map<std::string, const Rule*> by_field_;
  std::map<std::pair<std::size_t, std::string>, std::vector<std::string>> learnt_;
  Dice dice_{0};
  std::int64_t clock_ms_ = 0;
  std::vector<std::unique_ptr<OutNode>> trees_;
  std::vector<Deferred> deferred_;
  std::vector<std::unique_ptr<wire::Document>> documents_;
  std::vector<std::string> sources_;
  std::map<std::string, std::string, std::less<>> facts_;
  StageResult result_;
};

} // namespace tongqu::mapping::detail
