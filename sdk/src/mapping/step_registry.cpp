#include "mapping/step_compilers.hpp"

namespace tongqu::mapping::detail {
namespace {

using T = ValueType;

std::vector<StepRow> text_rows() {
  return {
      {"trim", T::text, T::text, false, false, 0, compile_trim, Inverse::canonical,
       {"ascii | wide", "Takes away blanks at both ends; wide also U+3000, U+00A0 and invisible ones.", "去除首尾空白；wide 另含全角空格、不换行空格与不可见字符。",
        "[{trim: wide}]", "　甲 ", "甲", {Errc::mapping_repaired}}},
      {"strip", T::text, T::text, false, false, 0, compile_strip, Inverse::canonical,
       {"characters | {class: [blank, invisible, control, digits, latin, punct, han], chars: …}",
        "Removes characters everywhere, named one by one or by class; invisible ones (U+200B, U+FEFF, marks of direction) are counted in a finding of their own.",
        "删除逐个指定或按类别指定的字符；不可见字符另行计数并记录。", "[{strip: {class: [blank], chars: \"-·\"}}]", "138-0000·00 00", "13800000000",
        {Errc::mapping_repaired, Errc::mapping_invisible_removed}}},
      {"keep", T::text, T::text, false, false, 25, compile_keep, Inverse::canonical,
       {"as strip", "Removes every character but these.", "仅保留指定字符。", "[{keep: {class: [digits]}}]", "电话 138", "138", {Errc::mapping_repaired, Errc::mapping_invisible_removed}}},
      {"fold", T::text, T::text, false, false, 25, compile_fold, Inverse::canonical,
       {"list of digits, latin, punct, space", "Turns full-width forms of these classes into ASCII.", "将指定类别的全角字符转为半角。", "[{fold: [digits, latin]}]",
        "１１０Ｘ", "110X", {Errc::mapping_repaired}}},
      {"null_if", T::text, T::text, false, false, 30, compile_null_if, Inverse::exact,
       {"list of texts", "These texts, and the empty one, mean that there is no value.", "这些文本及空文本表示无值。", "[{null_if: [无, /]}]", "青岚", "青岚"}},
      {"upper", T::text, T::text, false, false, 0, compile_upper, Inverse::canonical, {"", "ASCII letters become capitals.", "英文字母转大写。", "[upper]", "11a", "11A", {Errc::mapping_repaired}}},
      {"lower", T::text, T::text, false, false, 0, compile_lower, Inverse::canonical, {"", "ASCII letters become small.", "英文字母转小写。", "[lower]", "ABc", "abc", {Errc::mapping_repaired}}},
      {"join_lines", T::text, T::text, false, false, 0, compile_join_lines, Inverse::canonical,
       {"", "Line ends and the blanks around them become nothing.", "去除换行及其前后的空白。", "[join_lines]", "施工\n许可", "施工许可", {Errc::mapping_repaired}}},
      {"prefix", T::text, T::text, false, false, 0, compile_prefix, Inverse::exact, {"text", "Puts a text in front.", "在前面加上文本。", "[{prefix: QL}]", "17", "QL17"}},
      {"suffix", T::text, T::text, false, false, 0, compile_suffix, Inverse::exact, {"text", "Puts a text behind.", "在后面加上文本。", "[{suffix: 号}]", "17", "17号"}},
      {"substring", T::text, T::text, true, false, 0, compile_substring, Inverse::none,
       {"[start, length]", "Characters from a place, counted from 1; all of them must be there.", "自指定位置（从 1 起）取若干字符，须全部存在。", "[{substring: [1, 6]}]",
        "990000200001010000", "990000"}},
      {"pad", T::text, T::text, false, false, 0, compile_pad, Inverse::none,
       {"{left: c, to: n} | {right: c, to: n}", "Fills up to a number of characters; what is longer stays; on the target side.", "补齐到指定字符数，超长者不变；用于目标端。", "[{pad: {right: \"0\", to: 12}}]",
        "990000", "990000000000"}},
      {"replace", T::text, T::text, false, false, 0, compile_replace, Inverse::canonical,
       {"{text: replacement, …}", "Puts one text for another, in one pass; where several fit, the first of the list.", "一次遍历替换文本；多个可用时取列表中的第一个。", "[{replace: {〔: \"[\", 〕: \"]\"}}]",
        "青岚〔2099〕1号", "青岚[2099]1号", {Errc::mapping_repaired}}},
      {"match", T::text, T::text, true, false, 0, compile_match, Inverse::canonical,
       {"{pattern: result, …}", "The first small pattern that reads the whole text gives its result. `*` any run, `?` one character, `{n}` a captured run, `{n:digits}`, `{n:number}`; the result may name what was captured.",
        "由第一个能读取整段文本的小模式给出结果；* 任意串，? 一个字符，{n} 捕获，{n:digits} 与 {n:number} 限定数字；结果可引用捕获内容。",
        "[{match: {即办*: \"0\", \"{n}个工作日\": \"{n}\"}}]", "5个工作日", "5"}},
      {"classify", T::text, T::text, true, false, 10, compile_classify, Inverse::none,
       {"{pattern: name, …}", "The first full pattern that reads the whole text names what was sent, for returns that are a code, an error or a number by turns.",
        "由第一个能读取整段文本的模式给出类别名称，适用于同一返回值时而为编码、时而为错误的情形。", "[{classify: {\"[0-9]{2}\": error, \"[0-9A-Z]{10,}\": licence}}]", "23", "error"}},
      {"form", T::text, T::text, true, false, 0, compile_form, Inverse::exact,
       {"pattern | {pattern: …, else: absent}", "The whole text must have this form.", "整段文本须符合该形式。", "[{form: \"[0-9]{4}\"}]", "0042", "0042", {Errc::mapping_dropped}}},
      {"extract", T::text, T::text, true, false, 39, compile_extract, Inverse::none,
       {"pattern | {pattern: …, group: name, else: absent}", "The first group of the leftmost place that fits; the whole of it when there is no group.", "取最左侧匹配处的第一个分组；无分组时取整个匹配。",
        "[{extract: \"〔([0-9]{4})〕\"}]", "青岚〔2099〕1号", "2099", {Errc::mapping_repaired, Errc::mapping_dropped}}},
      {"one_of", T::text, T::text, true, false, 0, compile_one_of, Inverse::exact, {"[texts]", "The text must be one of these.", "文本须为其中之一。", "[{one_of: [甲, 乙]}]", "乙", "乙"}},
      {"mojibake", T::text, T::text, true, false, 21, compile_mojibake, Inverse::canonical,
       {"refuse | report | {repair: utf8_as_latin1 | gbk_as_latin1 | utf8_as_gbk, else: refuse | report}",
        "Finds texts that were read in a wrong encoding (锟斤拷, U+FFFD, runs of ?, ä¸, Ö). A repair is made only when the whole text goes back and gives Chinese.",
        "识别以错误编码读取的文本；仅当整段文本可逆并还原为中文时才按声明修复。", "[{mojibake: {repair: utf8_as_latin1}}]", "æ¡£æ¡ˆ", "档案", {Errc::mapping_mojibake, Errc::mapping_mojibake_repaired}}},
      {"html_text", T::text, T::text, false, false, 24, compile_html_text, Inverse::canonical,
       {"", "Takes mark-up away: tags go, block tags and br become line ends, entities their characters.", "去除标记：标签删除，块级标签与 br 变为换行，实体还原为字符。", "[html_text]", "<p>身份证&nbsp;<b>原件</b></p>",
        "身份证 原件", {Errc::mapping_repaired}}},
      {"identifier", T::text, T::text, true, false, 33, compile_identifier, Inverse::exact,
       {"", "Refuses what a program made a number of (4.40112E+17, 12.0, +5): digits may be lost and are never rebuilt. A JSON number with every digit is taken, with a finding.",
        "不接受已变为数值的标识（如 4.40112E+17、12.0、+5），绝不猜补；各位完整的 JSON 数值予以接受并记录。", "[identifier]", "9007199254740993", "9007199254740993", {Errc::mapping_identifier_as_number}}},
      {"id_kind", T::text, T::text, true, false, 36, compile_id_kind, Inverse::none,
       {"", "The kind that form and check character tell: resident_id, residence_permit_hmt, permanent_residence, uscc or org_code. No guess where none or two fit.",
        "由形式与校验位判定的类型；无一相符或有两种相符时不猜测。", "[id_kind]", "91990000MA00000008", "uscc"}},
      {"upgrade_id15", T::text, T::text, true, false, 0, compile_upgrade_id15, Inverse::canonical,
       {"", "A valid citizen number of 15 digits gets its 18-character form; others pass.", "有效的 15 位号码升为 18 位，其余不变。", "[upgrade_id15]",
        "990000990101001", "990000199901010012", {Errc::mapping_repaired}}},
      {"cut", T::text, T::text, false, false, 38, compile_cut, Inverse::none,
       {"{chars: n} | {utf8: n} | {gbk: n}", "Cuts what is longer, never inside a character or between a character and what belongs to it; on the target side.", "超长时截断，绝不截断字符或将字符与其附属符号分开；用于目标端。",
        "[{cut: {gbk: 3}}]", "青岚", "青", {Errc::mapping_text_cut}}},
      {"length_min", T::text, T::text, false, true, 0, compile_length_min, Inverse::exact, {"as length_max", "Refuses what is shorter.", "长度不足即不通过。", "[{length_min: {chars: 2}}]", "青岚", "青岚"}},
      {"length_max", T::text, T::text, false, true, 38, compile_length_max, Inverse::exact,
       {"{chars: n} | {utf8: n} | {gbk: n}", "Refuses what is longer, counted in characters or in bytes of an encoding.", "超过长度（按字符或编码字节计）即不通过。",
        "[{length_max: {gbk: 4}}]", "青岚", "青岚"}},
  };
}

std::vector<StepRow> list_rows() {
  return {
      {"split", T::text, T::text_list, false, false, 34, compile_split, Inverse::canonical,
       {"separator | [separators] | {by: …, escape: \"\\\\\", empty: keep}", "Cuts a text into a list; empty items are left out unless kept.", "按分隔符切分为列表；空项略去，除非声明保留。", "[{split: [、, \",\"]}]", "甲、乙,丙", "<甲><乙><丙>"}},
      {"split_code", T::text, T::text_list, true, false, 35, compile_split_code, Inverse::exact,
       {"[lengths] | [[lengths], …]", "Cuts a code by lengths; the whole length must fit one way.", "按长度切分编码，总长须与其中一种相符。", "[{split_code: [[3, 2], [3]]}]", "12345", "<123><45>"}},
      {"part", T::text_list, T::text, true, false, 35, compile_part, Inverse::exact,
       {"number | {n: number, else: absent}", "One part of a list, from 1.", "取列表中的一段，从 1 起。", "[{split_code: [3, 2]}, {part: 2}]", "12345", "45"}},
      {"first", T::text_list, T::text, true, false, 34, compile_first, Inverse::none, {"", "The first item; a finding when others are left out.", "取第一项；舍去其余项时予以记录。", "[{split: \"^\"}, first]", "3^5", "3", {Errc::mapping_values_left_out}}},
      {"last", T::text_list, T::text, true, false, 34, compile_last, Inverse::none, {"", "The last item; a finding when others are left out.", "取最后一项；舍去其余项时予以记录。", "[{split: \"^\"}, last]", "3^5", "5", {Errc::mapping_values_left_out}}},
      {"count", T::text_list, T::integer, false, false, 0, compile_count, Inverse::none, {"", "How many items there are.", "列表项数。", "[{split: \"^\"}, count]", "3^5", "2"}},
      {"join", T::text_list, T::text, false, false, 0, compile_join, Inverse::none, {"separator", "Puts the items into one text.", "将各项连接为一个文本。", "[{split: \"^\"}, {join: 、}]", "甲^乙", "甲、乙"}},
      {"unique", T::text_list, T::text_list, false, false, 0, compile_unique, Inverse::canonical, {"", "Leaves out what stood before.", "去除重复项。", "[{split: \"^\"}, unique]", "3^5^3", "<3><5>", {Errc::mapping_repaired}}},
  };
}

std::vector<StepRow> date_rows() {
  return {
      {"date", T::text, T::time, true, false, 27, compile_date, Inverse::canonical,
       {"pattern | [patterns] | {patterns: […], century_from: 2000}", "The first pattern that reads the whole text gives a real date or time. `sentinels` may stand beside it.",
        "由第一个能读取整段文本的格式给出真实日期或时间；可同时给出 sentinels。", "[{date: [\"yyyy-MM-dd\", \"yyyy/M/d H:m\"]}]", "2099/1/5 7:08", "2099-01-05T07:08:00+08:00",
        {Errc::mapping_sentinel, Errc::mapping_century_assumed, Errc::mapping_time_cut}}},
      {"epoch", T::text, T::time, true, false, 28, compile_epoch, Inverse::exact,
       {"s | ms | auto | json | {unit: s, from: DATE, to: DATE}",
        "An instant counted from 1970: seconds (10 digits), milliseconds (13), either by the number of digits, or /Date(…)/. A stated range guards instead of the number of digits.",
        "1970 年起的秒（10 位）、毫秒（13 位）、按位数判断，或 /Date(…)/；给出范围时以范围代替位数作为约束。", "[{epoch: auto}]", "4070908800", "2099-01-01T08:00:00+08:00",
        {Errc::mapping_sentinel}}},
      {"serial_date", T::text, T::time, true, false, 28, compile_serial_date, Inverse::canonical,
       {"1900 | 1904", "The day number of a spreadsheet, its fraction being the clock. 60 of the 1900 system, which never was, is refused.", "电子表格日期序号，小数部分为时刻；1900 系统中并不存在的 60 不予接受。",
        "[{serial_date: 1900}]", "72700.5", "2099-01-15T12:00:00+08:00", {Errc::mapping_sentinel}}},
      {"date_format", T::time, T::text, true, false, 0, compile_date_format, Inverse::none,
       {"pattern | {pattern: …, unlimited: text}", "Writes a time, or the text for a validity without end; on the target side.", "按格式写出时间，或写出表示长期有效的文本；用于目标端。", "[{date: yyyy-MM-dd}, {date_format: yyyy年M月d日}]", "2099-01-05", "2099年1月5日"}},
  };
}

std::vector<StepRow> number_rows() {
  return {
      {"decimal", T::text, T::decimal, true, false, 33, compile_decimal, Inverse::canonical,
       {"yes | {grouping: \",\", numerals: chinese, signs: accounting}", "An exact decimal number; further forms only where the pack names them.", "精确的十进制数；其他书写形式须由映射包写明。",
        "[{decimal: {grouping: \",\"}}]", "3,050.750", "3050.75", {Errc::mapping_written_number}}},
      {"integer", T::text, T::integer, true, false, 33, compile_integer, Inverse::canonical,
       {"yes | {numerals: chinese}", "Strict digits, or whole numbers in words where the pack says so.", "仅数字；映射包写明时亦可为汉字书写的整数。", "[integer]", "007", "007",
        {Errc::mapping_written_number}}},
      {"amount", T::text, T::decimal, true, false, 33, compile_amount, Inverse::canonical,
       {"yes | {bare: 元 | 万元 | 亿元}", "An amount of money in yuan: digits or words, 万 and 亿, 元角分, 整, currency and accounting signs. `bare` says what a number without a unit means.",
        "以元计的金额：数字或汉字、万与亿、元角分、整、货币与会计符号；bare 说明无单位数值的含义。", "[amount]", "壹仟贰佰叁拾肆元伍角整", "1234.5", {Errc::mapping_written_number}}},
      {"quantity", T::text, T::quantity, true, false, 33, compile_quantity, Inverse::canonical,
       {"yes | {bare: unit, words: {天: unit}}", "A number with a unit of time. 天 and 日 alone mean nothing until `words` says what.", "带时间单位的数值；单独的“天”“日”须由 words 说明。", "[quantity]", "十五个工作日",
        "15 working_day", {Errc::mapping_written_number}}},
      {"scale", T::decimal, T::decimal, true, false, 0, compile_scale, Inverse::exact, {"places", "Times ten to the power, exactly.", "精确乘以十的若干次方。", "[decimal, {scale: 4}]", "3050.75", "30507500"}},
      {"places", T::decimal, T::text, true, false, 0, compile_places, Inverse::none,
       {"number", "Writes exactly so many digits after the point; more than that are a fault, never rounded; on the target side.", "按固定小数位数写出；位数更多时不通过，绝不舍入；用于目标端。",
        "[decimal, {places: 2}]", "1234.5", "1234.50"}},
      {"range", T::decimal, T::decimal, false, true, 0, compile_range, Inverse::exact, {"{from: n, to: n}", "Checks a number, both ends included.", "检查数值范围，含两端。", "[decimal, {range: {from: 0, to: 10}}]", "10", "10"}},
      {"strip_unit", T::text, T::text, true, false, 33, compile_strip_unit, Inverse::canonical,
       {"[units]", "The text must end with one of them, which goes.", "文本须以其中一个单位结尾并去除该单位。", "[{strip_unit: [万元]}]", "3050.75万元", "3050.75"}},
      {"unit", T::decimal, T::quantity, false, false, 0, compile_unit, Inverse::exact,
       {"minute | hour | working_day | calendar_day | week | month | year", "Gives a number its unit.", "为数值指定单位。", "[decimal, {unit: working_day}]", "5", "5 working_day"}},
  };
}

std::vector<StepRow> bytes_rows() {
  return {
      {"base64", T::text, T::bytes, true, false, 23, compile_base64, Inverse::exact,
       {"yes | {padding: optional, alphabet: url, data_uri: allowed}", "Base64; line breaks are skipped, each further tolerance is a switch.", "Base64 解码，忽略换行；其余宽容须逐一声明。", "[base64]", "xbfR9A==", "c5b7d1f4",
        {Errc::mapping_repaired}}},
      {"gbk", T::bytes, T::text, true, false, 23, compile_gbk, Inverse::exact,
       {"yes | {cut: drop}", "Bytes of GB18030 as text; half a character at the end is a fault of its own, or goes with a finding.", "按 GB18030 将字节读为文本；末尾半个字符单独报错，或声明后舍去并记录。", "[base64, gbk]", "xbfR9A==",
        "欧阳", {Errc::mapping_half_character}}},
      {"utf8", T::bytes, T::text, true, false, 23, compile_utf8, Inverse::exact, {"yes | {cut: drop}", "Bytes of UTF-8 as text, as gbk.", "按 UTF-8 将字节读为文本，同 gbk。", "[base64, utf8]", "6Z2S5bKa", "青岚", {Errc::mapping_half_character}}},
      {"sniff", T::bytes, T::text, false, false, 47, compile_sniff, Inverse::none, {"", "The media type that the bytes themselves show, never a name.", "由内容本身判定的媒体类型。", "[base64, sniff]", "JVBERi0xLjQK", "application/pdf"}},
      {"content", T::bytes, T::bytes, true, false, 47, compile_content, Inverse::exact,
       {"[pdf, jpeg, png, gif, bmp, tiff, webp, ofd, doc, docx, xls, xlsx, ppt, pptx, zip, …]", "The bytes must be of one of these kinds.", "内容须为其中一种类型。", "[base64, {content: [pdf]}]", "JVBERi0xLjQK", "255044462d312e340a"}},
      {"digest", T::bytes, T::text, false, false, 47, compile_digest, Inverse::none, {"sm3 | sha256", "The digest of the bytes in hexadecimal.", "内容摘要（十六进制）。", "[base64, {digest: sm3}]", "YWJj",
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}},
      {"size", T::bytes, T::integer, false, false, 47, compile_size, Inverse::none, {"", "How many bytes there are.", "字节数。", "[base64, size]", "YWJj", "3"}},
  };
}

} // namespace

const std::vector<StepRow>& step_registry() {
  static const std::vector<StepRow> rows = [] {
    std::vector<StepRow> all;
    for (auto group : {text_rows(), list_rows(), date_rows(), number_rows(), bytes_rows()}) all.insert(all.end(), group.begin(), group.end());
    return all;
  }();
  return rows;
}

} // namespace tongqu::mapping::detail
