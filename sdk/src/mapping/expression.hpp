#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/scope.hpp"
#include "mapping/place.hpp"

namespace tongqu::mapping::detail {

/// Turns the names of an expression into places, while it is compiled.
class NameResolver {
public:
  virtual ~NameResolver() = default;
  virtual bool source(std::string_view path, std::vector<Ref>& refs) = 0;
  virtual bool field(std::string_view name, Place& place) = 0;
};

/// Gives values while it runs. A value that is absent is nothing.
class NameValues {
public:
  virtual ~NameValues() = default;
  virtual std::optional<std::string_view> source_text(const std::vector<Ref>& refs) const = 0;
  virtual std::optional<std::string> field_text(const Place& place) const = 0;
};

/// `path == "x" and not present(y)`: grammar in docs/reference/mapping.md.
class Expression {
public:
  static std::optional<Expression> compile(std::string_view text, NameResolver& resolver, std::string& problem);
  bool holds(const NameValues& values) const { return holds(values, root_); }

private:
  friend class ExpressionParser;
  enum class Op : std::uint8_t { either, both, negation, present, equal, not_equal, in, starts_with, contains };
  struct Operand { bool field = false; std::vector<Ref> refs; Place place; };
  struct Part { Op op = Op::present; std::size_t left = 0, right = 0; Operand operand; std::vector<std::string> texts; };
  bool holds(const NameValues& values, std::size_t part) const;
  std::vector<Part> parts_;
  std::size_t root_ = 0;
};

} // namespace tongqu::mapping::detail
