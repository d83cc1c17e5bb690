#include "case_generator.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

#include "tongqu/base/assert.hpp"
#include "tongqu/model/identifiers.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::bench {
namespace {

constexpr std::array<std::string_view, 16> kSurnames{"赵", "钱", "孙", "李", "周", "吴", "郑", "王", "欧阳", "陈", "褚", "卫", "司徒", "沈", "韩", "杨"};
constexpr std::array<std::string_view, 12> kGivenNames{"静怡", "建国", "敏", "丽华", "志强", "磊", "晓明", "艳", "文博", "秀英", "娟", "一鸣"};
constexpr std::array<std::string_view, 6> kPlaces{"青岚县白杨镇", "青岚县临河街道", "云溪区望江路街道", "云溪区文昌镇", "临湖区松原街道", "临湖区南岭乡"};
constexpr std::array<std::string_view, 5> kOffices{"行政审批局", "市场监督管理局", "住房和城乡建设局", "卫生健康局", "自然资源和规划局"};
constexpr std::array<std::string_view, 6> kItems{"食品经营许可新办", "公共场所卫生许可", "建筑工程施工许可证核发", "林木采伐许可", "道路货物运输经营许可", "特种设备使用登记"};
constexpr std::array<std::string_view, 6> kMaterials{"营业执照副本", "法定代表人身份证明", "经营场所平面布局图", "管理制度文本", "授权委托书", "消防安全检查意见书"};

/// splitmix64: the same numbers on every machine, unlike the distributions of the standard library.
class Dice {
public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  unsigned below(unsigned bound) { return static_cast<unsigned>(next() % bound); }
  unsigned between(unsigned low, unsigned high) { return low + below(high - low + 1); }
  template <std::size_t N>
  std::string pick(const std::array<std::string_view, N>& from) { return std::string(from[below(N)]); }

private:
  std::uint64_t state_;
};

std::string digits(std::uint64_t value, int width) {
  char text[24];
  return std::string(text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%0*llu", width, static_cast<unsigned long long>(value))));
}

struct Day { unsigned year, month, day; };

std::string compact(const Day& day) { return digits(day.year, 4) + digits(day.month, 2) + digits(day.day, 2); }
std::string dashed(const Day& day) { return digits(day.year, 4) + "-" + digits(day.month, 2) + "-" + digits(day.day, 2); }
std::string moment(const Day& day, unsigned hour, Dice& dice) {
  return dashed(day) + " " + digits(hour, 2) + ":" + digits(dice.below(60), 2) + ":" + digits(dice.below(60), 2);
}

std::string person_name(Dice& dice) { return dice.pick(kSurnames) + dice.pick(kGivenNames); }
std::string phone(Dice& dice) { return "100" + digits(dice.below(100'000'000), 8); }

/// A number of a person born in 2100 to 2120, with its check character.
std::string resident_id(Dice& dice, Day& born) {
  born = {dice.between(2100, 2120), dice.between(1, 12), dice.between(1, 28)};
  std::string id = "100000" + compact(born) + digits(dice.below(1000), 3);
  return id + model::resident_id_check_character(id);
}
std::string resident_id(Dice& dice) {
  Day born{};
  return resident_id(dice, born);
}

/// A credit code of division 990000 whose inner organisation code and own check character both pass.
std::string credit_code(std::string_view kind, unsigned serial) {
  const std::string inner = "MA" + digits(serial, 6);
  constexpr std::array<int, 8> kWeights{3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const char c = inner[i];
    sum += (c <= '9' ? c - '0' : c - 'A' + 10) * kWeights[i];
  }
  const int check = (11 - sum % 11) % 11;
  std::string code = std::string(kind) + "990000" + inner + (check == 10 ? 'X' : static_cast<char>('0' + check));
  return code + model::uscc_check_character(code);
}

LegacyCase::Row make_material(std::size_t at, Dice& dice) {
  std::string digest;
  for (int i = 0; i < 4; ++i) {
    char text[20];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(dice.next()));
    digest += text;
  }
  const std::string name(kMaterials[at]);
  return {{"xh", std::to_string(at + 1)},
          {"clbm", "CL" + digits(dice.below(1'000'000), 6)},
          {"clmc", name},
          {"cllx", std::to_string(dice.between(1, 3))},
          {"sqfs", std::to_string(dice.between(1, 3))},
          {"fs", std::to_string(dice.between(1, 4))},
          {"wjmc", name + "-" + digits(dice.below(100), 2) + ".pdf"},
          {"zy", digest}};
}

/// The parts of a case that several fields share.
struct Setting {
  std::string catalog, task, office, office_code, place, item_name, firm, person;
  Day accepted{}, due{};
  std::string case_no;
};

Setting make_setting(std::uint64_t number, Dice& dice) {
  Setting s;
  const unsigned item = dice.below(kItems.size());
  s.office_code = credit_code("11", 100 + item);
  s.catalog = "0001990" + digits(item + 1, 2) + "000";
  s.task = s.office_code + "3" + s.catalog;
  // Ten thousand serials a day, 336 days a year, two years.
  const auto day = static_cast<unsigned>(number / 10'000 % 672);
  s.accepted = {2147 + day / 336, 1 + day / 28 % 12, 1 + day % 28};
  s.due = {s.accepted.year + 2, s.accepted.month, s.accepted.day};
  s.case_no = s.task + compact(s.accepted) + digits(number % 10'000, 4);
  s.place = dice.pick(kPlaces);
  s.item_name = kItems[item];
  s.office = s.place + dice.pick(kOffices);
  s.firm = "青岚" + person_name(dice) + "餐饮服务有限公司";
  s.person = person_name(dice);
  return s;
}

std::string remark(Dice& dice) {
  return "申请人已知悉 <告知承诺> 要求 & 材料齐全，符合法定形式，请尽快办理。经营场所面积约" + std::to_string(dice.between(30, 900)) + "平方米，从业人员" +
         std::to_string(dice.between(2, 60)) + "人；窗口已核验原件并收取复印件，补正材料应于五个工作日内上传；联系人可于工作时间接听电话，办理结果请以邮寄方式送达。";
}

using Row = LegacyCase::Row;

void append_item(Row& row, const Setting& s, Dice& dice) {
  row.insert(row.end(), {{"sjbh", "SL"},
                         {"lx", "SL"},
                         {"bjbh", s.case_no},
                         {"jbbm", s.catalog},
                         {"ssbm", s.task},
                         {"blxbm", s.task + digits(dice.between(1, 99), 2)},
                         {"sxmc", s.item_name},
                         {"sxlx", digits(dice.between(1, 6), 2)},
                         {"bjlx", std::to_string(dice.between(1, 2))},
                         {"bjmc", "关于" + s.firm + "办理" + s.item_name + "的申请"},
                         {"sbly", std::to_string(dice.between(1, 4))},
                         {"qhdm", "990000"},
                         {"qhmc", s.place},
                         {"bmmc", s.office},
                         {"bmdm", s.office_code}});
}

void append_applicant(Row& row, const Setting& s, Dice& dice) {
  const bool is_firm = dice.below(2) == 0;
  row.insert(row.end(), {{"sqrlx", is_firm ? "2" : "1"},
                         {"sqrmc", is_firm ? s.firm : s.person},
                         {"zjlx", is_firm ? "51" : "11"},
                         {"zjhm", is_firm ? credit_code("91", dice.below(1'000'000)) : resident_id(dice)},
                         {"lxdh", phone(dice)},
                         {"dz", s.place + "文昌路" + std::to_string(dice.between(1, 400)) + "号" + std::to_string(dice.between(101, 2400)) + "室"},
                         {"yb", digits(dice.below(1'000'000), 6)},
                         {"yx", "u" + digits(dice.below(1'000'000), 6) + "@mail.test"},
                         {"frxm", s.person},
                         {"frzjlx", "11"},
                         {"frzjhm", resident_id(dice)}});
}

void append_others(Row& row, Dice& dice) {
  Day born{};
  const std::string id = resident_id(dice, born);
  row.insert(row.end(), {{"dlrxm", person_name(dice)},
                         {"dlrzjlx", "11"},
                         {"dlrzjhm", id},
                         {"dlrxb", std::to_string(dice.between(1, 2))},
                         {"dlrcsrq", dashed(born)},
                         {"dlrdh", phone(dice)},
                         {"lxrxm", person_name(dice)},
                         {"lxrdh", phone(dice)}});
}

void append_handling(Row& row, std::uint64_t number, const Setting& s, Dice& dice) {
  const unsigned limit = dice.between(3, 19);
  row.insert(row.end(), {{"slrxm", person_name(dice)},
                         {"slrgh", "GH" + digits(dice.below(100'000), 5)},
                         {"slck", "综合受理" + digits(dice.between(1, 40), 2) + "号窗口"},
                         {"sqsj", moment(s.accepted, dice.between(8, 11), dice)},
                         {"slsj", moment(s.accepted, dice.between(13, 17), dice)},
                         {"cnsj", moment(s.due, 17, dice)},
                         {"slwh", "青审受字第" + digits(number, 7) + "号"},
                         {"cnqx", std::to_string(limit)},
                         {"fdqx", std::to_string(limit + 10)},
                         {"sfje", std::to_string(dice.below(500)) + "." + digits(dice.below(100), 2)},
                         {"bz", remark(dice)},
                         {"gxsj", moment(s.accepted, 18, dice)}});
}

constexpr std::string_view kNamespace = "http://bench.example.test/case";
constexpr std::string_view kEnvelope = "http://schemas.xmlsoap.org/soap/envelope/";

void append_rows(wire::XmlWriter& xml, const Row& row) {
  for (const auto& [name, value] : row) xml.element(name, value);
}

void append_case(wire::XmlWriter& xml, const LegacyCase& one) {
  append_rows(xml, one.fields);
  xml.open("cllist");
  for (const Row& material : one.materials) {
    xml.open("cl");
    append_rows(xml, material);
    xml.close();
  }
  xml.close();
}

/// Envelope and operation around what `content` writes.
template <class Content>
std::string in_envelope(std::string_view operation, const Content& content) {
  std::string out;
  wire::XmlWriter xml(out);
  xml.declaration("UTF-8");
  xml.open("soapenv:Envelope");
  xml.attribute("xmlns:soapenv", kEnvelope);
  xml.attribute("xmlns:b", kNamespace);
  xml.open("soapenv:Body");
  xml.open(operation);
  xml.element("b:user", "bench");
  content(xml);
  while (xml.depth() != 0) xml.close();
  TONGQU_ASSERT(xml.check().has_value(), "generated values hold no control characters");
  return out;
}

} // namespace

LegacyCase make_case(std::uint64_t number) {
  Dice dice(number);
  const Setting setting = make_setting(number, dice);
  LegacyCase one;
  one.case_no = setting.case_no;
  append_item(one.fields, setting, dice);
  append_applicant(one.fields, setting, dice);
  append_others(one.fields, dice);
  append_handling(one.fields, number, setting, dice);
  TONGQU_ASSERT(one.fields.size() == 46, "the shape that the benchmark promises");
  for (std::size_t i = 0; i < kMaterials.size(); ++i) one.materials.push_back(make_material(i, dice));
  return one;
}

std::string soap_form(const LegacyCase& one) {
  return in_envelope("b:sendCase", [&one](wire::XmlWriter& xml) {
    xml.open("case");
    append_case(xml, one);
    xml.close();
  });
}

std::string soap_string_form(const LegacyCase& one) {
  std::string inner;
  wire::XmlWriter document(inner);
  document.declaration("UTF-8");
  document.open("case");
  append_case(document, one);
  document.close();
  return in_envelope("b:sendXml", [&inner](wire::XmlWriter& xml) { xml.element("b:xml", inner); });
}

std::string batch_form(std::size_t count) {
  std::string out;
  wire::XmlWriter xml(out);
  xml.declaration("UTF-8");
  xml.open("cases");
  for (std::size_t i = 0; i < count; ++i) {
    xml.open("case");
    append_case(xml, make_case(i));
    xml.close();
  }
  xml.close();
  TONGQU_ASSERT(xml.check().has_value(), "generated values hold no control characters");
  return out;
}

std::string rest_form(const LegacyCase& one) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.member("user", "bench");
  json.key("data");
  json.begin_object();
  for (const auto& [name, value] : one.fields) json.member(name, value);
  json.key("cllist");
  json.begin_array();
  for (const Row& material : one.materials) {
    json.begin_object();
    for (const auto& [name, value] : material) json.member(name, value);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  json.end_object();
  return out;
}

} // namespace tongqu::bench
