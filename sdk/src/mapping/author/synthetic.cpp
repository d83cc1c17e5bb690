#include "mapping/author/synthetic.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "mapping/author/alias_dictionary.hpp"
#include "mapping/author/characters.hpp"
#include "mapping/author/source_shape.hpp"
#include "mapping/reverse/charset.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/model/fields.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/wire/encoding.hpp"

namespace tongqu::mapping::author {
namespace {

constexpr int kYearsAhead = 128;           ///< Keeps leap years where they are, and brings what happened lately in front of 2150.
constexpr int kSyntheticFrom = 2100;
constexpr std::size_t kCodeLength = 4;     ///< A text this short, in ASCII, is a code or a flag.

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// Full-width digits and letters as plain ones, so that numbers are recognised; the width goes back on afterwards.
std::string narrow(const std::vector<std::string>& wide) {
  std::string out;
  for (const std::string& one : wide) {
    const bool full = one.size() == 3 && one[0] == '\xEF' && (one[1] == '\xBC' || one[1] == '\xBD');
    if (!full) {
      out += one;
      continue;
    }
    const unsigned code = 0xF000U | (static_cast<unsigned char>(one[1]) & 0x3FU) << 6 | (static_cast<unsigned char>(one[2]) & 0x3FU);
    if (code >= 0xFF01 && code <= 0xFF5E) out += static_cast<char>(code - 0xFEE0);
    else out += one;
  }
  return out;
}

std::string widened(char c) {
  const unsigned code = static_cast<unsigned char>(c) + 0xFEE0U;
  std::string out;
  out += static_cast<char>(0xE0 | code >> 12);
  out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
  out += static_cast<char>(0x80 | (code & 0x3F));
  return out;
}

/// Words of offices and companies that say what a thing is, not which one.
bool is_kind_word(const std::vector<std::string>& text, std::size_t at, std::size_t& length) {
  static constexpr std::string_view kWords[] = {"有限公司", "股份", "公司", "集团", "中心", "委员会", "管理局", "审批局", "分局", "街道", "社区", "经营部", "工作室", "合作社", "学校", "医院", "省", "市", "县", "区", "镇", "乡", "村", "路", "街", "号", "室", "楼", "栋", "单元", "局", "厅", "部", "店", "厂", "厦"};
  for (const std::string_view word : kWords) {
    const std::vector<std::string> signs = characters_of(word);
    if (at + signs.size() > text.size() || !std::equal(signs.begin(), signs.end(), text.begin() + static_cast<std::ptrdiff_t>(at))) continue;
    length = signs.size();
    return true;
  }
  return false;
}

std::size_t gb_bytes(const std::string& letter) {
  const auto bytes = wire::encode(letter, wire::Encoding::gb18030);
  return bytes ? bytes->size() : 0;
}

/// Letters that take the place of another: as many bytes in UTF-8 and in GB 18030, so that lengths stay, and of its script where names of
/// people are written in it.
const std::vector<std::string>& letters_like(const std::string& letter) {
  // Arabic, Tibetan, Mongolian, Yi, Hangul, ideographs beyond GBK, Greek, Cyrillic, pinyin; the last ones of a size stand in for all others.
  static const std::vector<std::vector<std::string>> kScripts = [] {
    std::vector<std::vector<std::string>> all;
    for (const std::string_view script : {"ابتجدرسشعفقكلمنو", "ཀཁགངཅཆཇཉཏཐདནཔཕབམ", "ᠠᠡᠢᠣᠤᠨᠪᠫᠬᠭᠮᠯᠰ", "ꀀꀁꀂꀃꀄꀅ", "가나다라마바사아자차카타파하", "αβγδεζηθικλμ", "абвгдежзиклм",
                                          "ëïñçæøåäöß", "āáǎàēéěèīíǐìōóǒòūúǔù", "㐀㐁㐂㐃㐄㐅㐇㐈", "青岚云溪临湖竹影松涛梅雨荷风柳烟桃源杏坛兰亭", "𠮷𫘝𠀀𡈽"}) {
      all.push_back(characters_of(script));
    }
    return all;
  }();
  const std::size_t gb = gb_bytes(letter);
  const auto block = [](const std::string& one) { return detail::utf8_point(one, 0) >> 8; };
  const std::vector<std::string>* fits = &kScripts.back();
  for (const auto& script : kScripts) {
    if (script.front().size() != letter.size() || gb_bytes(script.front()) != gb) continue;
    fits = &script;
    if (block(script.front()) == block(letter)) break;
  }
  return *fits;
}

/// What the name of the field says it is: words that every office uses may stay, what is about a person may not.
bool may_stay(std::string_view path) {
  std::vector<Proposal> all = proposals(path, "");
  // "dz" is an address, and in a list of steps what was done.
  const std::string list = list_proposal(path);
  const auto here = [&list](const Proposal& one) { return !list.empty() && one.field.compare(0, list.size(), list) == 0; };
  std::stable_partition(all.begin(), all.end(), here);
  for (const Proposal& one : all) {
    if (one.confidence < 60) continue;
    const auto slot = model::find_slot(model::EntityId::case_, one.field);
    if (!slot) return one.field == "event";
    const model::FieldInfo& field = slot->field();
    static constexpr std::string_view kWords[] = {"task_name", "process_steps.step_name", "received_materials.name", "result.licence_name"};
    return field.kind == model::FieldKind::code || field.kind == model::FieldKind::boolean || field.kind == model::FieldKind::integer || std::find(std::begin(kWords), std::end(kWords), one.field) != std::end(kWords);
  }
  return false;
}

/// A word of a code list of the model, which is nobody's name.
bool is_term(std::string_view text) {
  static const std::set<std::string_view> kTerms = [] {
    std::set<std::string_view> made = {"是", "否", "通过", "有", "男", "女"};
    for (const std::string_view system : model::code_system_names()) {
      std::size_t count = 0;
      const model::CodeRow* rows = model::code_system(system, count);
      for (std::size_t i = 0; i < count; ++i) made.insert(rows[i].zh);
    }
    return made;
  }();
  return kTerms.count(text) != 0;
}

bool is_secret_name(std::string_view path) {
  const std::string last = plain_name(path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/')));
  static constexpr std::string_view kWords[] = {"PASSWORD", "PWD", "SECRET", "TOKEN", "SIGN", "KEY", "MIMA", "MM"};
  return std::any_of(std::begin(kWords), std::end(kWords), [&last](std::string_view word) { return last.find(word) != std::string::npos; });
}

} // namespace

std::uint64_t Synthesiser::random(std::string_view text, std::string_view what) const {
  const std::string digest = crypto::sm3(seed_ + "\n" + std::string(what) + "\n" + std::string(text));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(digest[i]);
  return value;
}

/// Numbers with a check character: another person or office of the same form. Empty when the text is none of them.
std::string Synthesiser::certificate(std::string_view given) const {
  std::string text(given);
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::uint64_t value = random(text, "certificate");
  const bool like_id = text.size() == 18 && all_digits(text.substr(0, 17)) && (is_digit(text[17]) || text[17] == 'X');
  const int month = like_id ? (text[10] - '0') * 10 + text[11] - '0' : 0;
  if (like_id && month >= 1 && month <= 12) {
    std::string made = "990000" + std::to_string(kSyntheticFrom + static_cast<int>(value % 45)) + text.substr(10, 2) + (value / 45 % 2 == 0 ? "0" : "1") + std::to_string(1 + value / 90 % 8);
    made += std::to_string(100 + value / 1000 % 900);
    const char right = model::resident_id_check_character(made);
    if (model::check_resident_id(text)) return made + right;
    return made + (right == '0' ? '1' : '0');
  }
  if (text.size() == 15 && all_digits(text)) return "990000" + text.substr(6, 6) + std::to_string(100 + value % 900);
  static constexpr std::string_view kSigns = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  if (text.size() >= 18 && all_digits(text.substr(2, 6)) && text.find_first_not_of(kSigns) == std::string::npos) {
    std::string made = text.substr(0, 2) + "990000";
    for (std::size_t i = 8; i < 17; ++i) made += is_digit(text[i]) ? static_cast<char>('0' + (value >> i) % 10) : kSigns[10 + (value >> i) % 21];
    const std::string head = text.substr(0, 18);
    // The organisation code inside has a check character of its own, which passes as before.
    const bool inner = model::uscc_inner_code_passes(head);
    for (const char last : std::string_view("0123456789X")) {
      made[16] = last;
      if (model::uscc_inner_code_passes(made + model::uscc_check_character(made)) == inner) break;
    }
    const char right = model::uscc_check_character(made);
    if (model::check_uscc(head)) made += right;
    else if (text.size() == 18) made += right == '0' ? '1' : '0';
    else return {};
    return made + text.substr(18);
  }
  if (text.size() == 11 && all_digits(text) && text[0] == '1' && text[1] >= '3') return "1990000" + std::to_string(1000 + value % 9000);
  return {};
}

/// The year of a date moved ahead in place; years that say "never" or "for ever" stay.
std::string Synthesiser::shifted_year(std::string_view text) const {
  std::string out(text);
  int year = 0;
  for (const char c : text.substr(0, 4)) year = year * 10 + (c - '0');
  if (year < 1901 || year >= kSyntheticFrom) return out;
  const int ahead = std::max(year + kYearsAhead, kSyntheticFrom + year % 40);
  return std::to_string(ahead) + out.substr(4);
}

/// Digits become digits, letters letters; signs stay where they are.
std::string Synthesiser::scrambled(std::string_view text) const {
  std::string out(text);
  std::uint64_t value = random(text, "sign");
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i % 8 == 7) value = random(text, std::to_string(i));
    const std::uint64_t draw = value % 23;
    value /= 23;
    if (is_digit(out[i])) out[i] = static_cast<char>((i == 0 && out[i] != '0' ? '1' : '0') + draw % (i == 0 && out[i] != '0' ? 9 : 10));
    else if (out[i] >= 'a' && out[i] <= 'z') out[i] = static_cast<char>('a' + draw);
    else if (out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>('A' + draw);
  }
  return out;
}

std::string Synthesiser::chinese(std::string_view path, std::string_view text) const {
  static const std::vector<std::string> kSurnames = characters_of("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜");
  static const std::vector<std::string> kGiven = characters_of("安宁平和文明清晨初夏秋冬云山河川林木禾苗书言知行思远");
  const std::vector<std::string> signs = characters_of(text);
  const auto letters = static_cast<std::size_t>(std::count_if(signs.begin(), signs.end(), is_letter_beyond_ascii));
  const bool person = letters == signs.size() && letters >= 2 && letters <= 4 && plain_name(path).find("DZ") == std::string::npos;
  std::string out;
  for (std::size_t i = 0; i < signs.size();) {
    std::size_t length = 0;
    if (!person && is_kind_word(signs, i, length)) {
      for (std::size_t k = 0; k < length; ++k) out += signs[i + k];
      i += length;
      continue;
    }
    const std::uint64_t draw = random(text, "letter" + std::to_string(i));
    if (is_letter_beyond_ascii(signs[i])) {
      const std::vector<std::string>& like = letters_like(signs[i]);
      const bool common = person && is_ideograph(like.front()) && like.front().size() == 3 && gb_bytes(like.front()) == 2;
      const std::vector<std::string>& from = !common ? like : i == 0 ? kSurnames : kGiven;
      const std::string& made = from[draw % from.size()];
      out += made == signs[i] ? from[(draw + 1) % from.size()] : made;
    } else {
      out += signs[i].size() == 1 ? scrambled(signs[i] + std::to_string(i)).substr(0, 1) : signs[i];
    }
    ++i;
  }
  return out;
}

/// Short texts are codes, unless the name of the field says that they are about a person.
bool Synthesiser::is_code(std::string_view path, std::string_view ascii) {
  if (ascii.size() > kCodeLength || plain_name(path).find("XM") != std::string::npos) return false;
  const std::vector<Proposal> all = proposals(path, "");
  const auto slot = model::find_slot(model::EntityId::case_, all.empty() ? std::string() : all.front().field);
  if (!slot) return true;
  const model::FieldKind kind = slot->field().kind;
  return !slot->field().personal || (kind != model::FieldKind::text && kind != model::FieldKind::identifier);
}

std::string Synthesiser::core(std::string_view path, std::string_view text) const {
  if (text.empty() || is_placeholder(text)) return std::string(text);
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_secret_name(path)) return ascii ? scrambled(text) : chinese(path, text);
  if (ascii && is_code(path, text)) return std::string(text);
  if (const std::string number = certificate(text); !number.empty()) return number;
  const bool dated = text.size() >= 8 && all_digits(text.substr(0, 4)) && !date_patterns({{std::string(text), 1}}).empty();
  if (dated) return shifted_year(text);
  if (is_term(text) || may_stay(path)) return std::string(text);
  return ascii ? scrambled(text) : chinese(path, text);
}

std::string Synthesiser::value(std::string_view path, std::string_view text) const {
  const std::string_view inner = trimmed(text);
  if (inner.empty()) return std::string(text);
  const auto before = static_cast<std::size_t>(inner.data() - text.data());
  const std::vector<std::string> signs = characters_of(inner);
  const std::string plain = narrow(signs);
  std::string made = core(path, plain);
  const bool wide = plain.size() != inner.size();
  std::vector<std::string> again = characters_of(made);
  // Something of another length would not fit into its place.
  if (again.size() != signs.size()) again = characters_of(chinese(path, plain));
  std::string out(text.substr(0, before));
  const std::vector<std::string> narrowed = characters_of(plain);
  for (std::size_t i = 0; i < again.size(); ++i) {
    const bool was_wide = wide && i < signs.size() && signs[i] != narrowed[i];
    const bool was_small = inner.size() == again.size() && signs[i].size() == 1 && signs[i][0] >= 'a' && signs[i][0] <= 'z';
    std::string one = again[i];
    if (was_small && one.size() == 1 && one[0] >= 'A' && one[0] <= 'Z') one[0] = static_cast<char>(one[0] - 'A' + 'a');
    out += was_wide && one.size() == 1 ? widened(one[0]) : one;
  }
  out += text.substr(before + inner.size());
  return out;
}

} // namespace tongqu::mapping::author
