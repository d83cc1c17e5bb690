#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "mapping/observer.hpp"
#include "mapping/rule.hpp"
#include "tongqu/mapping/pack.hpp"
#include "tongqu/model/meta_index.hpp"

namespace tongqu::mapping::detail {

/// What one rule gave.
struct Got {
  enum class State : std::uint8_t { absent, value, cleared, raw } state = State::absent;
  Value value;                              ///< value, raw.
  const CodeTable::Row* row = nullptr;      ///< With a table and one value.
  std::vector<const CodeTable::Row*> rows;  ///< With a table and a list; null for items kept out.
  bool from_default = false;
  model::Verdict verdict = model::Verdict::unchecked;
};


/// Work that one delivery may still take. A step is a rule, a part of an expression, or a node of a list that is gone through again.
struct Budget {
  std::uint64_t steps_left = ~std::uint64_t{0};
};

/// Runs rules over the frames of one message. Findings are made only when there is something to say.
class RuleRun : public NameValues {
public:
  struct Inputs {
    std::vector<Frame>& frames;                   ///< By scope; those of list elements are filled again and again.
    const std::vector<std::string>& part_names;   ///< By scope: "body", "body/xmlStr".
    const wire::Delivery* delivery = nullptr;     ///< Null in targets.
    wire::Arena& arena;
    Findings& findings;
    model::Record* record = nullptr;              ///< Null in targets.
    const Scopes* scopes = nullptr;               ///< For expressions over lists.
    const wire::NameSet* names = nullptr;         ///< Null when the document has our symbols.
    Scope::Unused* unused = nullptr;
    const Environment* environment = nullptr;
    Budget* budget = nullptr;                     ///< Null: without end.
    ListMemory* lists = nullptr;                  ///< For lists with a shape.
    const wire::NameSet* own_names = nullptr;     ///< Our symbols, for documents made on the way.
    const std::vector<std::uint32_t>* group = nullptr;   ///< Rows of a grouped record.
    const std::map<std::string, std::string, std::less<>>* facts = nullptr;   ///< About the delivery as it was mapped, in front of its own.
    RunObserver* observer = nullptr;
    wire::PlaceMemory* places = nullptr;          ///< Of the document that rules start from; null: counted anew each time.
  };
  explicit RuleRun(Inputs inputs) : in_(inputs) {}
  const Inputs& inputs() const noexcept { return in_; }

  /// Evaluates one rule. The policies of its faults are applied: verdict() grows, findings are added.
  void evaluate(const Rule& rule, Got& got);
  /// What a rule that stores a leaf as it was sent is to store: the short way to what evaluate() gives. Nothing when it must be gone.
  struct Sent { std::string_view text; const CodeTable::Row* row = nullptr; };
  std::optional<Sent> as_sent(const AsSent& rule);
  RecordVerdict verdict() const noexcept { return verdict_; }
  void worsen(RecordVerdict verdict) noexcept { if (verdict > verdict_) verdict_ = verdict; }
  /// Judges a condition. What cannot be judged is false, and the record waits for a person.
  /// @param judged  Where given, false when the condition could not be judged; that has been said then.
  bool holds(const Expression& condition, std::string_view about, bool* judged = nullptr);
  /// What could not be judged holds the record, with a finding.
  void tell_broken(std::string_view about, ExprTrouble trouble);
  /// A reference to a row of another table that is not there.
  void tell_unmatched(std::string_view about, Policy policy);
  /// Runs a check of the author. Answers false, with its finding and verdict made, when it fails. `about`: the rule whose value it is about.
  bool passes(const PackCheck& check, const Rule* about = nullptr);
  /// The work for this delivery is used up: the record is refused, and everything after it.
  bool stopped() const noexcept { return stopped_; }

  model::ElementIndex index{};                    ///< Elements around the current rule.
  std::string list_prefix;                        ///< Targets: "stuffs[0]." around the current rule.
  bool is_part = false;
  model::MetaIndex* clearings = nullptr;          ///< Over the record's meta table; with `any_cleared`, what the record clears.
  bool any_cleared = false;

  std::optional<std::string> field_text(const Place& place) const;

  LeafState source_leaf(const std::vector<Ref>& refs, std::string_view& text) const override;
  LeafState field_state(const Place& place) const override;
  ExprValue field_value(const Place& place, ExprType type) override;
  ExprValue own_value() const override;
  std::size_t list_size(const ExprList& list) override;
  bool must_visit(const ExprList& list) const override;
  void at_element(const ExprList& list, std::size_t i) override;
  void after_list(const ExprList& list) override;
  bool spend(std::uint64_t steps) override;
  wire::Arena& arena() override { return in_.arena; }
  const Environment* environment() const override { return in_.environment; }
  std::optional<std::string_view> part_bytes(std::string_view name) const override;

  /// A finding about a rule, with place and canonical path filled in.
  Finding finding(const Rule& rule, Errc id, Severity severity) const;
  void inform(const Rule& rule, Errc id, int quirk, std::string_view value = {});
  /// Raises a fault and answers its policy.
  struct Trouble { Fault fault; Errc id; int quirk = 0; Bilingual expected = {}; std::string_view value = {}; bool has_value = false; };
  Policy fault(const Rule& rule, Trouble trouble);

private:
  void apply(const Rule& rule, Got& got);
  void observe(const Rule& rule);
  struct Sought {
    enum class State : std::uint8_t { absent, nil, text, broken } state = State::absent;
    std::string_view text;
    Errc broken = Errc::none;
    bool number = false;                          ///< A JSON number.
  };
  Sought seek(const std::vector<Ref>& refs) const;
  Sought leaf(const Frame& frame, const Frame::Found& found) const;
  bool compute(const Rule& rule, Got& got);
  void stop();
  void run_own_checks(const Rule& rule, std::string_view text, Got& got);
  void finish_value(const Rule& rule, std::string_view text, Got& got);
  bool run_steps(const Rule& rule, std::string_view text, Got& got);
  void tell_notes(const Rule& rule, const Value& value, std::string_view text);
  void fall_back(const Rule& rule, Got& got);
  void run_check(const Rule& rule, std::string_view text, Got& got);
  void run_table(const Rule& rule, std::string_view text, Got& got);
  void keep_or_leave(const Rule& rule, Policy policy, std::string_view text, Got& got);

  Inputs in_;
  bool stopped_ = false;
  const Rule* checked_ = nullptr;                 ///< With `checked_value_`: what `$value` is.
  const Got* checked_value_ = nullptr;
  std::vector<model::ElementIndex> outside_;      ///< Of lists of the record that expressions are in.
  Scope::Unused unheard_;                         ///< Of walks whose list a rule reports on.
  RecordVerdict verdict_ = RecordVerdict::accepted;
};

} // namespace tongqu::mapping::detail
