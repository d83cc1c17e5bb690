#pragma once
#include <string>
#include <utility>
#include <variant>

#include "times.hpp"
#include "tongqu/model/rules.hpp"

/// What a rule's function works with.
namespace tongqu::model::detail {

/// Rows of one file.
struct RuleRows {
  const Rule* rows = nullptr;
  std::size_t count = 0;
};
RuleRows case_rules() noexcept;
RuleRows case_life_rules() noexcept;
RuleRows item_rules() noexcept;
RuleRows item_guide_rules() noexcept;
RuleRows other_rules() noexcept;

/// "process_steps[3].ended_at", put together only when it is needed.
struct PathOf {
  std::string_view list;      ///< "process_steps"; empty for a member outside lists.
  std::size_t index = 0;
  std::string_view member;
  std::string text() const;
};

class Judge {
public:
  Judge(const Record& record, const RuleContext& context, Findings& findings) : record_(record), context_(context), findings_(findings) {}

  /// The entity that the rule is a rule of.
  template <class Entity>
  const Entity& body() const { return *std::get_if<Entity>(&record_.body); }
  const Record& record() const noexcept { return record_; }
  const RuleContext& context() const noexcept { return context_; }

  void run(const Rule& rule) {
    rule_ = &rule;
    rule.judge(*this);
  }

  /// A finding with the rule's own expectation.
  void find(std::string path);
  void find(std::string path, Bilingual expected);
  void find(const PathOf& path) { find(path.text()); }

  /// A finding at `later` when it lies before `earlier` beyond doubt.
  void order(const std::optional<Time>& earlier, const PathOf& earlier_path, const std::optional<Time>& later, const PathOf& later_path) {
    if (earlier && later && contradicts(*earlier, *later)) out_of_order(earlier_path, later_path);
  }

private:
  void out_of_order(const PathOf& earlier_path, const PathOf& later_path);

  const Record& record_;
  const RuleContext& context_;
  Findings& findings_;
  const Rule* rule_ = nullptr;
};

/// Whether a code has this canonical name.
inline bool is(const std::optional<Code>& code, std::string_view name) { return code && code->name == name; }
/// Whether a text is there and not empty.
inline bool filled(const std::optional<std::string>& text) { return text && !text->empty(); }
template <class T>
bool filled(const std::optional<std::vector<T>>& list) { return list && !list->empty(); }

} // namespace tongqu::model::detail
