#include "mapping/call_step.hpp"

#include "mapping/exact_number.hpp"

namespace tongqu::mapping::detail {
namespace {

ValueType value_type_of(ValueKind kind) {
  return kind == ValueKind::number ? ValueType::decimal : kind == ValueKind::time ? ValueType::time : ValueType::text;
}

class CallStep final : public Step {
public:
  explicit CallStep(std::shared_ptr<const Function> function) : function_(std::move(function)) {}
  StepOutcome run(Value& value, wire::Arena& arena) const override;
  Bilingual expected() const override { return same(function_->name); }

private:
  std::shared_ptr<const Function> function_;
};

StepOutcome CallStep::run(Value& value, wire::Arena& arena) const {
  const std::string time = value.type == ValueType::time ? value.time.text() : std::string();
  const auto made = function_->run({value.type == ValueType::time ? std::string_view(time) : value.text});
  if (!made) return StepOutcome::malformed;
  if (!*made) return StepOutcome::absent;
  const std::string& text = **made;
  switch (function_->gives) {
    case ValueKind::time: {
      const auto read = model::Time::parse(text);
      if (!read) return StepOutcome::malformed;
      value.time = *read;
      return StepOutcome::ok;
    }
    case ValueKind::number:
      if (!ExactNumber::parse(text)) return StepOutcome::malformed;
      break;
    case ValueKind::boolean:
      if (text != "true" && text != "false") return StepOutcome::malformed;
      break;
    case ValueKind::text: break;
  }
  value.text = arena.store(text);
  return StepOutcome::ok;
}

} // namespace

std::unique_ptr<Step> make_call_step(std::shared_ptr<const Function> function) {
  const ValueType takes = value_type_of(function->takes.front()), gives = value_type_of(function->gives);
  auto made = std::make_unique<CallStep>(std::move(function));
  made->name = "call";
  made->takes = takes;
  made->gives = gives;
  made->can_malform = true;
  return made;
}

} // namespace tongqu::mapping::detail
