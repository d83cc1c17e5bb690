#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tongqu/model/values.hpp"

/// Numbers as people write them: 两千零五, 壹仟贰佰叁拾肆元伍角整, 3.5万, (1,234.50), １５个工作日. Read exactly and as a whole; what people would read
/// in two ways (两千五, 3万5) is refused.
namespace tongqu::mapping::detail {

/// Times ten to the power `places`, exactly; `decimal` has an optional sign and point. Not normalised.
std::string shift_decimal(std::string_view decimal, int places);

/// Digit 0 to 9 of a Chinese numeral, everyday or financial (〇 零 一 壹 两 …); -1 for every other character.
int numeral_digit(char32_t character) noexcept;
/// A counted calendar number: 十, 二十三, 廿一, 卅, 五, 壹拾贰, with 零 or 初 never; -1 when it is none.
int numeral_below_hundred(std::string_view text) noexcept;

/// Which forms a plain number may have.
struct NumberForms {
  std::string grouping;        ///< Between groups of three digits; empty for none.
  bool chinese = false;        ///< Numerals and 万, 亿 after digits; also full-width digits and signs.
  bool accounting = false;     ///< (1.5), 1.5- and the minus sign U+2212 are negative.
};
struct ReadNumber {
  std::string value;           ///< Normal decimal.
  bool written = false;        ///< Not plain digits with a point.
};
std::optional<ReadNumber> read_number(std::string_view text, const NumberForms& forms);

/// An amount of money in yuan: sign, currency sign, number, 万 or 亿, 元 角 分, 整.
/// @param bare_places  What a number without a unit means: 0 yuan, 4 ten thousand yuan, 8 a hundred million; nothing refuses it.
std::optional<ReadNumber> read_amount(std::string_view text, std::optional<int> bare_places);

/// Words for units beside the plain ones (分钟 小时 工作日 自然日 日历日 周 星期 个月 年 and the like).
struct QuantityWords {
  std::vector<std::pair<std::string, model::Quantity::Unit>> extra;
  std::optional<model::Quantity::Unit> bare;   ///< Of a number without a unit.
};
struct ReadQuantity {
  ReadNumber number;
  model::Quantity::Unit unit = model::Quantity::Unit::none;
};
std::optional<ReadQuantity> read_quantity(std::string_view text, const QuantityWords& words);

} // namespace tongqu::mapping::detail
