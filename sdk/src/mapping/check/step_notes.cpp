#include "mapping/check/step_notes.hpp"

#include <algorithm>

namespace tongqu::mapping::detail {
namespace {

constexpr StepNote kNotes[] = {
    {"trim", "ascii | wide", "Blanks at both ends go; wide also takes the ideographic blank, the hard blank and zero-width signs.", "去除首尾空白；wide 还包括全角空格、不换行空格与零宽字符。", "[{trim: wide}]",
     "　青岚 ", "青岚"},
    {"strip", "characters", "These characters go wherever they stand.", "删除文本中出现的这些字符。", "[{strip: \"-.\"}]", "12-3.4", "1234"},
    {"fold", "list of digits, latin, punct, space", "Full-width forms of these classes become ASCII.", "将这些类别的全角字符转为半角。", "[{fold: [digits, latin]}]", "Ｑ１２", "Q12"},
    {"null_if", "list of texts", "These texts, and the empty one, mean that there is no value.", "这些文本以及空文本表示没有值。", "[{null_if: [无, /]}]", "青岚", "青岚"},
    {"upper", "", "ASCII letters become capitals.", "英文字母转为大写。", "[upper]", "ab1", "AB1"},
    {"lower", "", "ASCII letters become small.", "英文字母转为小写。", "[lower]", "AB1", "ab1"},
    {"join_lines", "", "Line ends go, with the blanks around them.", "去除换行及其两侧空白。", "[join_lines]", "青\n岚", "青岚"},
    {"prefix", "text", "Puts a text in front.", "在前面加上文本。", "[{prefix: QL}]", "17", "QL17"},
    {"suffix", "text", "Puts a text behind.", "在后面加上文本。", "[{suffix: 号}]", "17", "17号"},
    {"date", "list of patterns", "The first pattern that reads the whole text makes a date or time of it.", "由第一个能读取整段文本的格式得到日期或时间。", "[{date: [yyyy-MM-dd]}, {date_format: yyyy/M/d}]", "2099-01-05",
     "2099/1/5"},
    {"epoch", "s | ms", "Seconds (10 digits) or milliseconds (13) since 1970.", "1970 年起的秒数（10 位）或毫秒数（13 位）。", "[{epoch: s}, {date_format: yyyy-MM-dd}]", "4070908800", "2099-01-01"},
    {"date_format", "pattern", "Writes a time in this form.", "按该格式写出时间。", "[{date: [yyyyMMdd]}, {date_format: yyyy-MM-dd}]", "20990105", "2099-01-05"},
    {"decimal", "yes | {grouping: \",\"}", "An exact decimal number.", "精确的十进制数。", "[{decimal: {grouping: \",\"}}]", "3,050.75", "3050.75"},
    {"scale", "places", "Times ten to this power, exactly.", "精确乘以十的该次方。", "[decimal, {scale: 4}]", "12", "120000"},
    {"strip_unit", "list of units", "The text must end with one of these; it goes.", "文本须以其中之一结尾，并将其去除。", "[{strip_unit: [元]}]", "12元", "12"},
    {"unit", "minute | hour | working_day | calendar_day | week | month | year", "Gives a number its unit.", "为数值加上单位。", "[decimal, {unit: working_day}]", "5", ""},
    {"integer", "", "Strict digits.", "仅限数字。", "[integer]", "17", "17"},
    {"split", "separator", "Cuts a text into a list; empty items are dropped.", "按分隔符切成列表，空项舍去。", "[{split: \"^\"}]", "3^5", ""},
    {"split_code", "[lengths]", "Cuts a code by lengths; the total must fit.", "按长度切分编码，总长须相符。", "[{split_code: [3, 2]}, {part: 1}]", "12345", "123"},
    {"part", "number", "One part of a list, from 1.", "取列表中的一段，从 1 起。", "[{split_code: [3, 2]}, {part: 2}]", "12345", "45"},
    {"substring", "[start, length]", "Characters from a place, from 1; all of them must be there.", "自该位置（从 1 起）取若干字符，须全部存在。", "[{substring: [2, 2]}]", "青岚县", "岚县"},
    {"upgrade_id15", "", "A valid citizen number of 15 digits becomes the one of 18; others pass.", "有效的 15 位号码升为 18 位，其他不变。", "[upgrade_id15]", "100000990101001",
     "100000199901010017"},
    {"base64", "", "Base64, line breaks skipped.", "Base64 解码，忽略换行。", "[base64, gbk]", "x+DhsA==", "青岚"},
    {"gbk", "", "Bytes of GB18030 as text.", "按 GB18030 将字节读作文本。", "[base64, gbk]", "x+DhsA==", "青岚"},
    {"length_max", "{chars: n} | {utf8: n} | {gbk: n}", "Refuses what is longer.", "超过该长度即不通过。", "[{length_max: {gbk: 4}}]", "青岚", "青岚"},
};

} // namespace

const StepNote* written_note(std::string_view step) noexcept {
  const auto* found = std::find_if(std::begin(kNotes), std::end(kNotes), [step](const StepNote& note) { return note.name == step; });
  return found == std::end(kNotes) ? nullptr : found;
}

} // namespace tongqu::mapping::detail
