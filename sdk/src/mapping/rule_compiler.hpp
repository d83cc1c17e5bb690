#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mapping/rule.hpp"

namespace tongqu::mapping::detail {

/// Which kind of mapping document is compiled.
enum class Side : std::uint8_t { source, target };

/// What all rules of one mapping share.
struct RuleContext {
  Mistakes mistakes;
  Side side = Side::source;
  model::EntityId entity = model::EntityId::case_;
  std::string folder;                                        ///< For table files.
  std::map<std::string, std::string> params;
  std::optional<std::int16_t> zone_minutes;
  bool may_be_part = false;                                  ///< The record can be a part.
  wire::NameSet& names;
  Scopes& scopes;
  std::vector<std::string>* files = nullptr;                 ///< Receives the table files that were read.
};

/// Compiles types, tables and rules of one mapping, collecting every mistake.
class RuleCompiler : private NameResolver {
public:
  explicit RuleCompiler(RuleContext context) : context_(std::move(context)) {}

  /// Rules start from the last document of the stages.
  void enter_root() { scope_ = context_.scopes.root; }
  /// Targets: the members of another message are other members.
  void next_message() { written_.clear(); }
  void read_types(const YamlNode* node);
  void read_tables(const YamlNode* node);
  std::unique_ptr<Block> rules(const YamlNode& node);
  /// The block of `ext: {ns: {name: RULE}}` and of groups comes with rules(); these are single rules:
  std::unique_ptr<Rule> identity_rule(const YamlNode& node, Special special, std::string name);
  std::unique_ptr<Rule> special_rule(const YamlNode& node, Special special, std::string name);
  std::optional<Expression> expression(const YamlNode& node, std::string_view subject);
  void ignore(const YamlNode& node);
  const std::set<std::string>& written() const noexcept { return written_; }

private:
  struct Entry { const YamlNode* key; const YamlNode* argument; };
  using Entries = std::vector<Entry>;

  bool source(std::string_view path, std::vector<Ref>& refs) override;
  bool field(std::string_view name, Place& place) override;

  void block(const YamlNode& node, const std::string& prefix, std::size_t depth, Block& out);
  void member(const YamlNode& key, const YamlNode& node, const std::string& prefix, std::size_t depth, Block& out);
  std::unique_ptr<ListRule> list(const YamlNode& node, const std::string& name, std::size_t depth);
  void list_content(const YamlNode& node, const std::string& name, std::size_t depth, ListRule& out);
  std::unique_ptr<Rule> rule(const YamlNode& node, const std::string& name, Place place);
  void rule_source(const YamlNode& node, Rule& out);
  void rule_steps(const YamlNode& node, Rule& out, ValueType& type);
  void add_entries(const Entries& entries, Rule& out, ValueType& type);
  void add_step(std::unique_ptr<Step> step, const YamlNode& at, Rule& out, ValueType& type);
  Entries via_entries(const YamlNode& node, const std::string& subject);
  void rule_table(const YamlNode& node, Rule& out);
  void rule_kind(const YamlNode& node, Rule& out, ValueType type);
  void code_kind(const YamlNode& node, Rule& out, ValueType type);
  void rule_fallback(const YamlNode& node, Rule& out);
  void rule_check(const YamlNode& node, Rule& out);
  void rule_policies(const YamlNode& node, Rule& out);
  void check_policy(const YamlNode& at, const Rule& rule, Fault fault, Policy policy);
  std::array<bool, kFaultCount> possible_faults(const Rule& rule) const;
  bool target_known(const YamlNode& key, const std::string& name, Place& place);
  Bilingual text_list_hint() const;

  std::shared_ptr<const CodeTable> table(const YamlNode& node, const std::string& id);
  void table_file(const YamlNode& node, const YamlNode* columns_node, CodeTable& table);
  void table_row(const YamlNode& at, std::uint32_t line, const Mistakes& mistakes, CodeTable& table, CodeTable::Row row);

  RuleContext context_;
  std::map<std::string, Entries, std::less<>> types_;
  std::map<std::string, std::shared_ptr<const CodeTable>, std::less<>> tables_;
  std::set<std::string> written_;
  std::vector<std::string> lists_;          ///< Canonical paths of the lists around the current rule.
  std::uint16_t scope_ = 0;
  bool identity_ = false;
  const std::string* subject_ = nullptr;
};

} // namespace tongqu::mapping::detail
