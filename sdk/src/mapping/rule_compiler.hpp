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

/// What a check of the author is about.
enum class CheckLevel : std::uint8_t { field, record, delivery };

/// What all rules of one mapping share.
struct RuleContext {
  Mistakes mistakes;
  Side side = Side::source;
  model::EntityId entity = model::EntityId::case_;
  std::string folder{};                                      ///< For table files.
  std::string overlay_folder{};                                ///< For table files that an overlay names; empty without one.
  std::map<std::string, std::string> params{};
  std::optional<std::int16_t> zone_minutes;
  bool may_be_part = false;                                  ///< The record can be a part.
  wire::NameSet& names;
  Scopes& scopes;
  std::vector<std::string>* files = nullptr;                 ///< Receives the table files that were read.
  std::string system{};                                      ///< Of the pack, for the ids of its checks.
  bool grouped = false;                                      ///< Records are made of several rows.
  const Functions* functions = nullptr;                      ///< What the site has registered.
};

/// Compiles types, tables and rules of one mapping, collecting every mistake.
class RuleCompiler : private NameResolver {
public:
  explicit RuleCompiler(RuleContext context) : context_(std::move(context)) {}

  /// Rules start from the last document of the stages.
  void enter_root() { scope_ = context_.scopes.root; }
  void enter_scope(std::uint16_t scope) { scope_ = scope; }
  /// Targets: the members of another message are other members.
  void next_message() { written_.clear(); }
  void read_types(const YamlNode* node);
  void read_tables(const YamlNode* node);
  std::unique_ptr<Block> rules(const YamlNode& node);
  /// The block of `ext: {ns: {name: RULE}}` and of groups comes with rules(); these are single rules:
  std::unique_ptr<Rule> identity_rule(const YamlNode& node, Special special, std::string name);
  std::unique_ptr<Rule> special_rule(const YamlNode& node, Special special, std::string name);
  /// A condition.
  std::optional<Expression> expression(const YamlNode& node, std::string_view subject);
  /// An expression of any type.
  std::optional<Expression> value_expression(const YamlNode& node, std::string_view subject);
  void ignore(const YamlNode& node);
  /// `order` and `key` of a list or of records, whose elements the names mean now.
  void read_order(const YamlNode& node, const std::string& name, ListShape& shape);
  std::vector<Expression> key_expressions(const YamlNode& node, const std::string& subject);
  /// Checks of one level of a list that may have others too.
  std::vector<PackCheck> checks(const YamlNode& node, const std::string& subject, CheckLevel level);
  /// Names mean the document around the records from here on.
  void enter_document() { scope_ = context_.scopes.outer >= 0 ? static_cast<std::uint16_t>(context_.scopes.outer) : context_.scopes.root; }
  /// Records are made of several rows from here on.
  void set_grouped() { context_.grouped = true; }
  /// Lists that are joined, in the order of the mapping.
  const std::vector<const ListRule*>& joins() const noexcept { return joins_; }
  const std::set<std::string>& written() const noexcept { return written_; }

private:
  struct Entry { const YamlNode* key; const YamlNode* argument; };
  using Entries = std::vector<Entry>;

  PackCheck check(const YamlNode& node, const std::string& subject, CheckLevel level);
  void check_outcome(const YamlNode& node, const std::string& name, CheckLevel level, PackCheck& out);
  void rule_checks(const YamlNode& node, ValueType type, Rule& out);

  bool source(std::string_view path, std::vector<Ref>& refs) override;
  bool field(std::string_view name, Place& place) override;
  bool enter_list(std::string_view path, ExprList& list) override;
  void leave_list(const ExprList& list) override;
  std::optional<ExprType> own_value() const override { return own_value_; }
  std::optional<std::int16_t> zone() const override { return context_.zone_minutes; }
  std::shared_ptr<const Function> function(std::string_view name) const override { return context_.functions == nullptr ? nullptr : context_.functions->find(name); }
  std::vector<std::string_view> function_names() const override { return context_.functions == nullptr ? std::vector<std::string_view>() : context_.functions->names(); }

  void block(const YamlNode& node, const std::string& prefix, std::size_t depth, Block& out);
  void member(const YamlNode& key, const YamlNode& node, const std::string& prefix, std::size_t depth, Block& out);
  std::unique_ptr<ListRule> list(const YamlNode& node, const std::string& name, std::size_t depth);
  // list_compiler.cpp
  bool list_source(const YamlNode& node, const std::string& name, ListRule& out);
  bool zip_source(const YamlNode& node, const std::string& name, ListRule& out);
  void zip_column(const YamlNode& node, const std::string& subject, ListZip::Column& column);
  void list_order(const YamlNode& node, const std::string& name, ListRule& out, std::uint16_t around);
  void read_join(const YamlNode& node, const std::string& name, ListRule& out, std::uint16_t around);
  void list_content(const YamlNode& node, const std::string& name, std::size_t depth, ListRule& out);
  std::unique_ptr<Rule> rule(const YamlNode& node, const std::string& name, Place place);
  void rule_source(const YamlNode& node, Rule& out, ValueType& type);
  std::shared_ptr<const Step> compiled(const Entry& entry, const YamlNode* sentinels, const std::string& subject);
  void rule_steps(const YamlNode& node, Rule& out, ValueType& type);
  void add_entries(const Entries& entries, Rule& out, ValueType& type, Steps* shared = nullptr);
  std::unique_ptr<Step> call_step(const YamlNode& argument, const std::string& subject);
  void add_step(std::shared_ptr<const Step> step, const YamlNode& at, Rule& out, ValueType& type);
  Entries via_entries(const YamlNode& node, const std::string& subject);
  void rule_table(const YamlNode& node, Rule& out);
  void rule_kind(const YamlNode& node, Rule& out, ValueType type);
  void code_kind(const YamlNode& node, Rule& out, ValueType type);
  void rule_fallback(const YamlNode& node, Rule& out);
  void rule_check(const YamlNode& node, Rule& out);
  void rule_policies(const YamlNode& node, Rule& out);
  void check_policy(const YamlNode& at, const Rule& rule, Fault fault, Policy policy);
  std::array<bool, kFaultCount> possible_faults(const Rule& rule) const;
  bool lacks_source(const YamlNode& node, const std::string& name);
  bool target_known(const YamlNode& key, const std::string& name, Place& place);
  Bilingual text_list_hint() const;

  std::shared_ptr<const CodeTable> table(const YamlNode& node, const std::string& id);
  void table_rows(const YamlNode& node, CodeTable& table);
  void table_file(const YamlNode& node, const YamlNode* columns_node, CodeTable& table);
  void table_row(const YamlNode& at, std::uint32_t line, const Mistakes& mistakes, CodeTable& table, CodeTable::Row row);

  RuleContext context_;
  std::map<std::string, Entries, std::less<>> types_;
  std::map<std::string, Steps, std::less<>> shared_;   ///< Compiled steps of types, by their place in the type.
  std::map<std::string, std::shared_ptr<const CodeTable>, std::less<>> tables_;
  std::set<std::string> written_;
  std::vector<std::string> lists_;          ///< Canonical paths of the lists around the current rule.
  std::uint16_t scope_ = 0;
  std::vector<const ListRule*> joins_;
  std::set<std::string> check_ids_;
  std::set<std::string> replaced_;          ///< Codes of the table that is read whose rows stand elsewhere.
  std::optional<ExprType> own_value_;       ///< Of the rule whose checks are compiled.
  std::vector<std::uint16_t> outside_;      ///< Scopes around the list that an expression is in.
  bool identity_ = false;
};

} // namespace tongqu::mapping::detail
