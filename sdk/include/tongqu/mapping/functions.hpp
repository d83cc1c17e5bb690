#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/result.hpp"

namespace tongqu::mapping {

/// What goes into and comes out of a function of a site.
enum class ValueKind : std::uint8_t { text, number, time, boolean };

/// A function in C++ that packs may call by name: what the language cannot say, with a signature, so that the compiler still checks.
struct Function {
  /// Arguments and results are canonical texts: "12.5", "2149-03-05T07:08:00+08:00", "true".
  using Run = std::function<Result<std::optional<std::string>>(const std::vector<std::string_view>&)>;

  std::string name;                                ///< "county.fold_no": a-z 0-9 _ with one dot, so that it never meets a function of the language.
  std::vector<ValueKind> takes;                    ///< 1 to 8 arguments; none of them is ever absent.
  ValueKind gives = ValueKind::text;
  bool pure = true;                                ///< The same arguments give the same result, and nothing else happens. Packs call pure functions only.
  Run run;                                         ///< Nothing: absent. An error is the fault `malformed` of the rule. Called from several threads.
  Run inverse;                                     ///< Of a function of one argument; empty when there is no way back.
};

/// The functions of a site. Immutable once packs are compiled with it; packs keep what they call.
class Functions {
public:
  /// @errors mapping.function_invalid with the reason: no such form of name, twice, no arguments, nothing to run.
  Result<void> add(Function function);
  std::shared_ptr<const Function> find(std::string_view name) const;
  std::vector<std::string_view> names() const;

private:
  std::map<std::string, std::shared_ptr<const Function>, std::less<>> rows_;
};

/// What stands in the catalogues of a site: service items, organisations, divisions. Safe from several threads; the same question must
/// get the same answer as long as a delivery is mapped.
class Lookup {
public:
  virtual ~Lookup() = default;
  /// One member of an entry ("name", "promise_days"); nothing when there is no such entry or it lacks the member.
  /// @errors mapping.lookup_missing for a catalogue that it does not have.
  virtual Result<std::optional<std::string>> find(std::string_view catalogue, std::string_view key, std::string_view member) const = 0;
};

/// Catalogues that packs may name: "item", "organisation", "division".
const std::vector<std::string_view>& lookup_catalogues();

/// Catalogues as CSV texts (UTF-8, first column the key, header with the names of the members), by catalogue.
/// @errors mapping.table_invalid with "catalogue:line" in where().
Result<std::shared_ptr<const Lookup>> make_table_lookup(const std::map<std::string, std::string, std::less<>>& csv_by_catalogue);

} // namespace tongqu::mapping
