#include "mapping/reverse/back_value.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {
namespace {

using model::FieldKind;

template <class T>
const T& value_at(const void* member) { return **static_cast<const std::optional<T>*>(member); }

/// "12.50" as "12.5": what a record from elsewhere may have.
std::string plain_decimal(std::string text) {
  auto normal = model::normal_decimal(text);
  return normal ? std::move(*normal) : std::move(text);
}

bool same_instant(const model::Time& a, const model::Time& b) { return a.precision == b.precision && (a.has_clock() ? to_epoch_ms(a.utc()) == to_epoch_ms(b.utc()) : a == b); }

} // namespace

Back back_of(FieldKind kind, const void* member) {
  Back back;
  switch (kind) {
    case FieldKind::text:
    case FieldKind::identifier: back.text = value_at<std::string>(member); break;
    case FieldKind::time:
      back.type = ValueType::time;
      back.time = value_at<model::Time>(member);
      break;
    case FieldKind::validity: {
      const auto& validity = value_at<model::Validity>(member);
      back.type = ValueType::time;
      back.unlimited = validity.kind == model::Validity::Kind::unlimited;
      back.time = validity.until;
      break;
    }
    case FieldKind::quantity:
      back.text = plain_decimal(value_at<model::Quantity>(member).value);
      back.unit = value_at<model::Quantity>(member).unit;
      back.type = back.unit == model::Quantity::Unit::none ? ValueType::decimal : ValueType::quantity;
      break;
    case FieldKind::money:
      back.type = ValueType::decimal;
      back.text = plain_decimal(value_at<model::Money>(member).yuan);
      break;
    case FieldKind::integer:
      back.type = ValueType::integer;
      back.text = std::to_string(value_at<std::int64_t>(member));
      break;
    case FieldKind::boolean: back.text = value_at<bool>(member) ? "true" : "false"; break;
    case FieldKind::text_list:
      back.type = ValueType::text_list;
      back.list = value_at<std::vector<std::string>>(member);
      break;
    default: break;
  }
  return back;
}

bool reads_as(const Value& read, const Back& wanted) {
  if (wanted.type == ValueType::time) {
    if (read.type != ValueType::time) return false;
    return wanted.unlimited ? read.unlimited : !read.unlimited && same_instant(read.time, wanted.time);
  }
  if (wanted.type == ValueType::text_list) return std::equal(read.list.begin(), read.list.end(), wanted.list.begin(), wanted.list.end());
  if (wanted.type == ValueType::integer) {
    const std::string_view digits = read.text.substr(std::min(read.text.find_first_not_of('0'), read.text.empty() ? 0 : read.text.size() - 1));
    return digits == wanted.text;
  }
  return read.text == wanted.text && read.unit == wanted.unit;
}

} // namespace tongqu::mapping::detail
