#include <algorithm>
#include <unordered_map>

#include "mapping/reverse/reverse_run.hpp"

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

template <class T>
const T& value_at(const void* member) { return **static_cast<const std::optional<T>*>(member); }

bool same_time(const model::Time& a, const model::Time& b) {
  if (a.precision != b.precision) return false;
  return a.has_clock() ? to_epoch_ms(a.utc()) == to_epoch_ms(b.utc()) : a == b;
}

/// Names say what is meant; the pair of system and code says what was sent, and is compared where both are of one system.
bool same_code(const model::Code& a, const model::Code& b) {
  if (a.name != b.name) return false;
  if (a.code.empty() || b.code.empty() || a.system != b.system) return true;
  return a.code == b.code;
}

bool same_decimal(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto first = model::normal_decimal(a), second = model::normal_decimal(b);
  return first && second && *first == *second;
}

} // namespace

bool same_value(const RecordLeaf& a, const RecordLeaf& b) {
  if (a.field == nullptr || b.field == nullptr) return a.field == b.field && *static_cast<const std::string*>(a.member) == *static_cast<const std::string*>(b.member);
  switch (a.field->kind) {
    case FieldKind::text:
    case FieldKind::identifier: return value_at<std::string>(a.member) == value_at<std::string>(b.member);
    case FieldKind::code: return same_code(value_at<model::Code>(a.member), value_at<model::Code>(b.member));
    case FieldKind::time: return same_time(value_at<model::Time>(a.member), value_at<model::Time>(b.member));
    case FieldKind::validity: {
      const auto& first = value_at<model::Validity>(a.member);
      const auto& second = value_at<model::Validity>(b.member);
      return first.kind == second.kind && (first.kind != model::Validity::Kind::until || same_time(first.until, second.until));
    }
    case FieldKind::quantity: {
      const auto& first = value_at<model::Quantity>(a.member);
      const auto& second = value_at<model::Quantity>(b.member);
      return first.unit == second.unit && same_decimal(first.value, second.value);
    }
    case FieldKind::money: return same_decimal(value_at<model::Money>(a.member).yuan, value_at<model::Money>(b.member).yuan);
    case FieldKind::integer: return value_at<std::int64_t>(a.member) == value_at<std::int64_t>(b.member);
    case FieldKind::boolean: return value_at<bool>(a.member) == value_at<bool>(b.member);
    case FieldKind::text_list: return value_at<std::vector<std::string>>(a.member) == value_at<std::vector<std::string>>(b.member);
    case FieldKind::code_list: {
      const auto& first = value_at<std::vector<model::Code>>(a.member);
      const auto& second = value_at<std::vector<model::Code>>(b.member);
      return std::equal(first.begin(), first.end(), second.begin(), second.end(), same_code);
    }
    default: return true;
  }
}

Differences compare_records(const model::Record& record, const model::Record& read, const Written& written) {
  Differences out;
  const RecordLeaves first = leaves_of(record);
  const RecordLeaves second = leaves_of(read);
  std::unordered_map<std::string, const RecordLeaf*> there;
  for (const RecordLeaf& leaf : second.leaves) there.emplace(leaf.path, &leaf);
  std::set<std::string> known;
  for (const RecordLeaf& leaf : first.leaves) {
    known.insert(leaf.path);
    if (written.left_out.count(leaf.path) != 0 || written.excused.count(leaf.path) != 0) continue;
    const auto other = there.find(leaf.path);
    if (other == there.end() || !same_value(leaf, *other->second)) out.lost.push_back(leaf.path);
  }
  for (const RecordLeaf& leaf : second.leaves) {
    if (known.count(leaf.path) != 0) continue;
    const bool own = leaf.meta != nullptr && (leaf.meta->mark == model::Mark::constant || leaf.meta->mark == model::Mark::derived);
    const bool first_revision = leaf.path == "identity.revision" && *static_cast<const std::string*>(leaf.member) == "1";
    if (!own && !first_revision) out.more.push_back(leaf.path);
  }
  std::unordered_map<std::string, std::size_t> sizes;
  std::set<std::string> lists;
  for (const RecordList& list : second.lists) sizes.emplace(list.path, list.size);
  for (const RecordList& list : first.lists) {
    lists.insert(list.path);
    const auto other = sizes.find(list.path);
    const bool same_size = other != sizes.end() && other->second == list.size;
    if (written.left_out.count(list.path) == 0 && !same_size) out.lost.push_back(list.path);
  }
  for (const RecordList& list : second.lists) {
    if (lists.count(list.path) == 0) out.more.push_back(list.path);
  }
  for (const std::string& path : first.cleared) {
    const bool kept = second.cleared.count(path) != 0;
    if (!kept && written.left_out.count(path) == 0) out.lost.push_back(path);
  }
  return out;
}

} // namespace tongqu::mapping::detail
