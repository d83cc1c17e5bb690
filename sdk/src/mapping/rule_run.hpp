#pragma once
#include <functional>
#include <string>
#include <vector>

#include "mapping/observer.hpp"
#include "mapping/rule.hpp"
#include "tongqu/mapping/pack.hpp"

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


/// Runs rules over the frames of one message. Findings are made only when there is something to say.
class RuleRun : public NameValues {
public:
  struct Inputs {
    const std::vector<Frame>& frames;
    const std::vector<std::string>& part_names;   ///< By scope: "body", "body/xmlStr".
    const wire::Delivery* delivery = nullptr;     ///< Null in targets.
    wire::Arena& arena;
    Findings& findings;
    model::Record* record = nullptr;              ///< Null in targets.
    RunObserver* observer = nullptr;
  };
  explicit RuleRun(Inputs inputs) : in_(inputs) {}

  /// Evaluates one rule. The policies of its faults are applied: verdict() grows, findings are added.
  void evaluate(const Rule& rule, Got& got);
  RecordVerdict verdict() const noexcept { return verdict_; }
  void worsen(RecordVerdict verdict) noexcept { if (verdict > verdict_) verdict_ = verdict; }

  model::ElementIndex index{};                    ///< Elements around the current rule.
  std::string list_prefix;                        ///< Targets: "stuffs[0]." around the current rule.
  bool is_part = false;

  std::optional<std::string_view> source_text(const std::vector<Ref>& refs) const override;
  std::optional<std::string> field_text(const Place& place) const override;

  /// A finding about a rule, with place and canonical path filled in.
  Finding finding(const Rule& rule, Errc id, Severity severity) const;
  void inform(const Rule& rule, Errc id, int quirk, std::string_view value = {});
  /// Raises a fault and answers its policy.
  struct Trouble { Fault fault; Errc id; int quirk = 0; Bilingual expected = {}; std::string_view value = {}; bool has_value = false; };
  Policy fault(const Rule& rule, Trouble trouble);

private:
  void apply(const Rule& rule, Got& got);
  void observe(const Rule& rule) const;
  struct Sought {
    enum class State : std::uint8_t { absent, nil, text, broken } state = State::absent;
    std::string_view text;
    Errc broken = Errc::none;
    bool number = false;                          ///< A JSON number.
  };
  Sought seek(const std::vector<Ref>& refs) const;
  Sought leaf(const Frame& frame, const Frame::Found& found) const;
  bool run_steps(const Rule& rule, std::string_view text, Got& got);
  void tell_notes(const Rule& rule, const Value& value, std::string_view text);
  void fall_back(const Rule& rule, Got& got);
  void run_check(const Rule& rule, std::string_view text, Got& got);
  void run_table(const Rule& rule, std::string_view text, Got& got);
  void keep_or_leave(const Rule& rule, Policy policy, std::string_view text, Got& got);

  Inputs in_;
  RecordVerdict verdict_ = RecordVerdict::accepted;
};

} // namespace tongqu::mapping::detail
