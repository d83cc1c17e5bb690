#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/rule_compiler.hpp"
#include "mapping/rule_run.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping::detail {

/// `reply:` of a target: what a platform's answer means.
class ReplyReader {
public:
  static std::unique_ptr<ReplyReader> compile(const YamlNode& node, const Mistakes& mistakes, const std::string& folder);
  Result<ReplyReading> read(const ReplyInput& reply, const Limits& limits) const;

private:
  struct Row { Expression when; ReplyClass is = ReplyClass::give_up; };
  void read_rows(const YamlNode& node, const Mistakes& mistakes, RuleCompiler& compiler);
  Result<wire::Document> parse(const ReplyInput& reply, const Limits& limits) const;

  bool xml_ = false;
  wire::NameSet names_;
  Scopes scopes_;
  std::optional<Expression> success_;
  std::vector<Row> rows_;
  ReplyClass otherwise_ = ReplyClass::give_up;
  std::optional<Expression> receipt_, code_, text_;
};

} // namespace tongqu::mapping::detail
