#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "mapping/code_table.hpp"
#include "mapping/expression.hpp"

namespace tongqu::mapping::detail {

struct ListRule;

/// `order`: what elements are put in order by.
struct ListOrder {
  Expression by;
  bool descending = false;
};

/// `key`: what tells two elements apart, and what happens to a second one with the same.
struct ListKey {
  enum class Duplicates : std::uint8_t { first, last, report, hold, reject };
  std::vector<Expression> by;
  Duplicates duplicates = Duplicates::reject;
};

/// `join`: elements of another list belong here when what they say equals what stands around the rule.
struct ListJoin {
  std::vector<Expression> inner;           ///< Of the element.
  std::vector<Expression> around;          ///< Of the record or element that the rule stands in.
  bool orphans_refused = false;
  std::optional<Policy> unmatched;         ///< What stands around names a row that is not there: report, hold or reject; nothing: it may.
};

/// `zip`: parallel lists as one list of rows.
struct ListZip {
  struct Column {
    std::string name;
    std::vector<Ref> refs;                 ///< One text that holds a list.
    std::uint16_t parent_scope = 0, list = 0;   ///< Repeated elements, when there are no separators.
    std::vector<std::string> separators;
  };
  std::vector<Column> columns;
  std::string escape;
  Policy uneven = Policy::reject;          ///< reject, hold, or report, which fills up with absent values.
};

/// Everything about the elements of a list that is more than walking through them in their order.
struct ListShape {
  std::vector<ListOrder> order;
  std::optional<ListKey> key;
  std::optional<ListJoin> join;
  std::optional<ListZip> zip;
  bool of_group = false;                   ///< The rows of the record (`each: group:.`).
};

/// Indexes and made documents of one piece of a delivery.
struct ListMemory {
  struct Join {
    const wire::Document* document = nullptr;
    std::vector<std::uint32_t> nodes;
    std::vector<bool> claimed;
    std::unordered_map<std::string, std::vector<std::uint32_t>> rows;   ///< Key to places in `nodes`.
  };
  std::map<const ListRule*, Join> joins;
  std::vector<std::unique_ptr<wire::Document>> made;
  std::size_t made_used = 0;

  wire::Document& fresh() {
    if (made_used == made.size()) made.push_back(std::make_unique<wire::Document>());
    return *made[made_used++];
  }
  /// Before the next piece, whose documents are others.
  void clear() {
    joins.clear();
    made_used = 0;
  }
};

class RuleRun;

/// The elements that a list rule goes through, in order.
struct Chosen {
  const wire::Document* document = nullptr;
  std::vector<std::uint32_t> nodes;
  const wire::NameSet* names = nullptr;    ///< For walks; null when the document has our symbols.
  bool judged = false;                     ///< `when` was asked already.
  bool made = false;                       ///< The document was made here: what is unused in it stands nowhere.
};

/// Picks the elements of a list: joined, filtered, told apart and put in order as its shape says. What it leaves out or cannot place
/// is a finding.
Chosen choose_elements(const ListRule& list, RuleRun& run);

/// Orders and tells apart the rows that become the records of a delivery. A duplicate that is to be held or refused stays in the answer
/// and stands in `judged` too; its finding is the caller's.
struct RowChoice {
  const ListShape& shape;
  std::uint16_t scope = 0;
  std::string name;
};
std::vector<std::uint32_t> choose_rows(const RowChoice& choice, const wire::Document& document, std::vector<std::uint32_t> nodes, RuleRun& run,
                                       std::map<std::uint32_t, Policy>& judged);

/// Text by which rows are compared: "length:text" of each part; nothing when a part is absent.
std::optional<std::string> row_key(const std::vector<Expression>& by, RuleRun& run, ExprTrouble* told = nullptr);

/// Rows of joined lists that no record has claimed: one finding for each, at most 50 of them. Answers true when one of them must refuse.
/// Lists that no record came to are gone through here, so that none is lost in silence.
bool report_orphans(const std::vector<const ListRule*>& joins, RuleRun& run);

} // namespace tongqu::mapping::detail
