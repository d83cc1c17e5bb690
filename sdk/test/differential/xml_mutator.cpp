#include "xml_mutator.hpp"

#include <algorithm>
#include <utility>

namespace tongqu::test {
namespace {

using namespace std::string_view_literals;
using Pieces = std::vector<std::string_view>;

const Pieces kNames{"a"sv, "b"sv, "p:a"sv, "q:b"sv, "x"sv, "xml:a"sv, "xmlns:a"sv, "_"sv, "Envelope"sv, "soap:Body"sv, "姓名"sv,
    "é"sv, "a·"sv, "longer-name.1"sv, "p:much_longer_name_than_a_block"sv, "a:b:c"sv, "1a"sv, ":a"sv, "a:"sv, "𠮷"sv, "a𠮷"sv,
    "·a"sv, "abcdefghijklmno"sv, "abcdefghijklmnop"sv, "\xEF\xBB\xBFx"sv};
const Pieces kDeclarations{" xmlns='urn:d'"sv, " xmlns=''"sv, " xmlns:p='urn:p'"sv, " xmlns:q='urn:p'"sv,
    " xmlns:q=\"urn:q\""sv, " xmlns:p=''"sv, " xmlns:xml='http://www.w3.org/XML/1998/namespace'"sv,
    " xmlns:p='http://www.w3.org/XML/1998/namespace'"sv, " xmlns:xmlns='urn:x'"sv, " xmlns:p='http://www.w3.org/2000/xmlns/'"sv,
    " xmlns='http://www.w3.org/2000/xmlns/'"sv, " xmlns:xml='urn:x'"sv,
    " xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'"sv, " xmlns:soap='urn:s'"sv, " xmlns:p='ur&#110;:p'"sv,
    " xmlns:p='urn:\np'"sv, " xmlns:xmlx='urn:y'"sv, " xmlns='http://www.w3.org/XML/1998/namespace'"sv};
const Pieces kAttributes{" a='1'"sv, " a=\"1\""sv, " b = '2'"sv, "\n c\t=\r\n\"3\""sv, " p:a='4'"sv, " q:a='5'"sv,
    " xml:lang='zh'"sv, " d='&lt;&#x4e2d;&quot;'"sv, " e='&no;'"sv, " f='&#0;'"sv, " g=' x  y '"sv, " h='\ta\r\nb\nc\rd'"sv,
    " i='<'"sv, " j='>'"sv, " k='中文'"sv, " l"sv, " m="sv, " n=x"sv, " o='1'p='2'"sv, " r='it\"s'"sv, " s='&#xD;&#10;&#9;'"sv,
    " t='&#x110000;'"sv, " u='&#99999999999999999999;'"sv, " 姓='名'"sv,
    " longer_attribute_name='a value longer than sixteen bytes'"sv, " v='&#x;'"sv, " w='&'"sv, " a='again'"sv,
    " z='\xEF\xBF\xBE'"sv, " y='\xE4\xB8'"sv, " aa='&amp;&apos;&gt;'"sv};
const Pieces kTexts{"x"sv, "text"sv, " "sv, "\n  "sv, "\r\n"sv, "\r"sv, "\t"sv, "中文文本"sv, "𠮷"sv, "&amp;"sv, "&lt;"sv, "&gt;"sv,
    "&quot;"sv, "&apos;"sv, "&#65;"sv, "&#x4E2D;"sv, "&#x10FFFF;"sv, "&#32;"sv, "&#13;"sv, "&#10;"sv, "]"sv, "]]"sv, "]]]"sv,
    "]]>"sv, ">"sv, "&"sv, "&;"sv, "&#;"sv, "&#x;"sv, "&nbsp;"sv, "&lt"sv, "&#1;"sv, "&#xFFFE;"sv, "&#xD800;"sv,
    "&#xFFFFFFFFFFF;"sv, "\x01"sv, "\x7F"sv, "\xC2\x80"sv, "\xC0\x80"sv, "\xED\xA0\x80"sv, "\xEF\xBF\xBF"sv, "\xEF\xBF\xBD"sv,
    "\xF4\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xE4\xB8"sv, "\xF0\x9F"sv, "\xFF"sv, "\x80"sv, "\0"sv,
    "a run of text that is longer than one block of sixteen"sv, "&a:b;"sv, "&lt;&lt;&lt;"sv, "&#x3c;"sv, "0123456789abcde]"sv,
    "一二三四五六七八九十]]"sv, "&amp"sv, "&#X41;"sv, "&#6f;"sv, "&#4294967361;"sv, "12345\n1234567]]>"sv, "\xEF\xBB\xBF"sv};
const Pieces kMarkup{"<!---->"sv, "<!-- c -->"sv, "<!-- a-b -->"sv, "<!-- -- -->"sv, "<!--->"sv, "<!--a--->"sv, "<!-"sv,
    "<!--\r\n中-->"sv, "<?x?>"sv, "<?x y?>"sv, "<?x  y?\?>"sv, "<?x?y?>"sv, "<?xml version='1.0'?>"sv, "<?XML a?>"sv,
    "<?xMl?>"sv, "<?a:b c?>"sv, "<?xmlx y?>"sv, "<?\?>"sv, "<? x?>"sv, "<?名 值?>"sv, "<?x \r\n\r\n y\r\n?>"sv, "<?x"sv,
    "<![CDATA[]]>"sv, "<![CDATA[x]]>"sv, "<![CDATA[]]]]>"sv, "<![CDATA[ ]] > ]]>"sv, "<![CDATA[\r\n中\n]\r]]>"sv, "<![CDATA["sv,
    "<![CDATAx"sv, "<![cdata[x]]>"sv, "<!"sv, "<![CDATA[<a>&amp;</a>]]>"sv, "<!DOCTYPE a>"sv, "<!ELEMENT a>"sv,
    "<!ENTITY % x 'y'>"sv, "<"sv, "</"sv, "<a"sv, "<a b"sv, "</a>"sv, "</b>"sv, "<a/>"sv, "</a >"sv, "</ a>"sv, "</a\n>"sv,
    "<a/ >"sv, "<?xml?>"sv, "<?xml ?>"sv, "<![CDATA[a long section, longer than sixteen, ] with ]] in it]]>"sv};
const Pieces kPrologs{""sv, ""sv, ""sv, "<?xml version='1.0'?>"sv, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"sv,
    "<?xml version='1.0' encoding='utf-8' standalone='yes'?>"sv, "<?xml version='1.0' standalone='no' ?>"sv,
    "<?xml version='1.1'?>"sv, "<?xml version='1.0' encoding='gb2312'?>"sv, "<?xml version='1.0' encoding='utf-16'?>"sv,
    "<?xml encoding='utf-8'?>"sv, "<?xml version='1.0'encoding='utf-8'?>"sv, "<?xml version = '1.0' ?>"sv,
    "<?xml version='1.0' standalone='maybe'?>"sv, "<?xml version='1.0' encoding=''?>"sv,
    "<?xml version='1.0' encoding='_x'?>"sv, "<?xml version='1.0' x='y'?>"sv, "<?xml version='1.0\"?>"sv,
    "<?xml version=1.0?>"sv, "<?xml version='1.0' standalone='yes' encoding='utf-8'?>"sv, "<?xml version='1.0' é='1'?>"sv,
    "<?xml version='1.0' encoding='utf-8'x?>"sv, "<?xml\tversion='1.0'?>"sv, "<?xml version?>"sv, "<?xml  ?>"sv, "<?xml?>"sv,
    "<?xml version=?>"sv, "<?xml ='1.0'?>"sv, "<?xml version='1.é'?>"sv, "\xEF\xBB\xBF"sv, " "sv, "\n\t"sv, "<!-- p -->"sv,
    "<?p i?>"sv, "\r"sv, "<!-- <!DOCTYPE -->"sv};
const Pieces kStrays{""sv, ""sv, " "sv, "\n"sv, "x"sv, "\"lit\""sv, "'lit' "sv, "'lit'x"sv, "'l"sv, "%"sv, "%a;"sv, "% "sv,
    "%a"sv, "#a"sv, "#a "sv, "#"sv, "("sv, ")"sv, ")*"sv, ")x"sv, "["sv, "]"sv, "]]"sv, "]]>"sv, "|"sv, ","sv, ">"sv, "a+"sv,
    "1+"sv, "a:b"sv, "a:b:c+"sv, "a:"sv, "a:*"sv, "中"sv, "<!x"sv, "<!x "sv, "<!x%a"sv, "<!x% "sv, "<!1"sv, "<![IGNORE["sv,
    "&amp;"sv, "<1"sv, "<中"sv, "<\x80"sv, "+"sv, "\0"sv, "\xFF"sv, "a\xE4"sv, "·"sv, "·?"sv, "a?"sv, "a=b"sv};
constexpr std::string_view kBytes = "<>&;'\"=/!?-[]#x: \t\r\nabc0%()|,+*.\x01\x7F\x80\xBF\xC2\xE4\xED\xEF\xF0\xFF";

const char* const kDocuments[] = {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\">\n  <soap:Body>\n    <bj:sendBj "
    "xmlns:bj=\"urn:bj\">\n      <SXBM>0123</SXBM>\n      <XM>张三</XM>\n      <SJ/>\n    </bj:sendBj>\n  </soap:Body>\n</soap:Envelope>\n",
    "<a><![CDATA[<?xml version='1.0'?><b>1</b>]]></a>",
    "<a>&lt;b&gt;x &amp;amp; y&lt;/b&gt;</a>",
    "<r xmlns='urn:1' xmlns:p='urn:2'><p:a p:b='1' b='2'/><c xmlns=''><d/></c><p:a xmlns:p='urn:3'/></r>",
    "<a><b/>one<c/> two\n<!-- x --><d>1<!-- y -->2</d><?p i?></a>",
    "<a xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><b i:nil='true'/><c i:nil=' 1 '></c></a><!-- end --><?z?>\n"};

} // namespace

std::uint64_t Dice::next() noexcept {
  std::uint64_t word = state_ += 0x9E3779B97F4A7C15u;
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
  return word ^ (word >> 31);
}

XmlMutator::XmlMutator(std::uint64_t seed, std::vector<std::string> documents) : dice_(seed), documents_(std::move(documents)) {
  documents_.insert(documents_.end(), std::begin(kDocuments), std::end(kDocuments));
  for (const char* name : {"a", "b", "SXBM", "姓名", "longer-name.1"}) names_.add(name);
  names_.freeze();
}

const XmlInput& XmlMutator::next() {
  input_.bytes.clear();
  if (dice_.once_in(2)) {
    compose();
    if (dice_.once_in(3)) change_once();
  } else {
    input_.bytes = documents_[dice_.below(documents_.size())];
    change();
  }
  encode_anew();
  choose_options();
  return input_;
}

void XmlMutator::compose() {
  std::string& out = input_.bytes;
  out += one_of(kPrologs);
  if (dice_.once_in(6)) out += one_of(kPrologs);
  if (dice_.once_in(12)) out += one_of(kStrays);
  compose_element(0);
  if (dice_.once_in(8)) out += one_of(kMarkup);
  if (dice_.once_in(10)) out += one_of(kStrays);
}

void XmlMutator::compose_element(std::size_t depth) {
  std::string& out = input_.bytes;
  // Faulty pieces stand at the ends of the lists; plain names are taken more often, or nothing would be accepted.
  const std::string_view name = kNames[dice_.below(dice_.once_in(6) ? kNames.size() : 2)];
  out += '<';
  out += name;
  compose_attributes();
  if (dice_.once_in(4)) {
    out += "/>";
    return;
  }
  out += '>';
  for (std::size_t i = dice_.below(4); i > 0; --i) {
    const std::size_t kind = dice_.below(8);
    if (kind < 3 && depth < 4) compose_element(depth + 1);
    else if (kind < 7) out += kTexts[dice_.below(dice_.once_in(5) ? kTexts.size() : 20)];
    else out += one_of(kMarkup);
  }
  out += "</";
  out += dice_.once_in(60) ? one_of(kNames) : name;
  out += dice_.once_in(12) ? " >" : ">";
}

void XmlMutator::compose_attributes() {
  std::string& out = input_.bytes;
  if (dice_.once_in(3)) out += kDeclarations[dice_.below(dice_.once_in(3) ? kDeclarations.size() : 5)];
  if (dice_.once_in(4)) out += " xmlns:p='urn:p' xmlns:q='urn:q'";
  const std::size_t count = dice_.once_in(40) ? dice_.below(20) : dice_.below(3);
  for (std::size_t i = 0; i < count; ++i) {
    if (dice_.once_in(2)) {
      out.append(" n").append(std::to_string(dice_.below(40))).append("='v'");
    } else {
      out += kAttributes[dice_.below(dice_.once_in(3) ? kAttributes.size() : 8)];
    }
  }
  if (dice_.once_in(10)) out += one_of({" "sv, "\n"sv, "\t "sv});
}

void XmlMutator::change() {
  for (std::size_t i = dice_.below(4) + (dice_.once_in(20) ? 8 : 0); i > 0; --i) change_once();
}

void XmlMutator::change_once() {
  std::string& out = input_.bytes;
  const std::size_t at = dice_.below(out.size() + 1);
  const std::size_t length = std::min(out.size() - at, dice_.once_in(4) ? dice_.below(200) : dice_.below(8));
  switch (dice_.below(12)) {
    case 0: if (at < out.size()) out[at] = static_cast<char>(static_cast<unsigned char>(out[at]) ^ (1u << dice_.below(8))); break;
    case 1: if (at < out.size()) out[at] = kBytes[dice_.below(kBytes.size())]; break;
    case 2: out.erase(at, length); break;
    case 3: out.insert(at, 1, kBytes[dice_.below(kBytes.size())]); break;
    case 4: out.insert(at, one_of(kTexts)); break;
    case 5: out.insert(at, one_of(kMarkup)); break;
    case 6: out.insert(at, one_of(kDeclarations)); break;
    case 7: out.insert(at, one_of(kAttributes)); break;
    case 8: out.insert(at, std::string(out, at, length)); break;
    case 9: splice(); break;
    case 10: out.resize(at); break;
    default: out.insert(at, one_of(dice_.once_in(2) ? kStrays : kPrologs)); break;
  }
}

/// The start of this document and the end of another, cut before the same byte where there is one.
void XmlMutator::splice() {
  std::string& out = input_.bytes;
  const std::string& other = documents_[dice_.below(documents_.size())];
  if (out.empty() || other.empty()) return;
  const std::size_t at = dice_.below(out.size());
  const std::size_t found = other.find(out[at], dice_.below(other.size()));
  const std::size_t from = found == std::string::npos ? dice_.below(other.size()) : found;
  out.resize(at);
  out.append(other, from, dice_.once_in(2) ? std::string::npos : dice_.below(300));
}

void XmlMutator::encode_anew() {
  if (!dice_.once_in(25)) return;
  constexpr std::pair<wire::Encoding, std::string_view> kEncodings[] = {
      {wire::Encoding::utf16le, "\xFF\xFE"}, {wire::Encoding::utf16be, "\xFE\xFF"}, {wire::Encoding::gb18030, ""}};
  const auto& [encoding, mark] = kEncodings[dice_.below(3)];
  const auto encoded = wire::encode(input_.bytes, encoding);
  if (!encoded) return;
  input_.bytes = dice_.once_in(10) ? std::string() : std::string(mark);
  input_.bytes += *encoded;
  if (dice_.once_in(4)) change_once();
}

void XmlMutator::choose_options() {
  wire::XmlOptions& options = input_.options;
  options = {};
  if (dice_.once_in(2)) options.names = &names_;
  if (dice_.once_in(8)) options.declared_encoding_ignored = true;
  if (dice_.once_in(12)) options.transport = wire::Encoding::utf8;
  else if (dice_.once_in(20)) options.transport = wire::Encoding::gb18030;
  if (!dice_.once_in(3)) return;
  Limits& limits = options.limits;
  const auto small = [this](auto& limit, std::size_t bound) {
    if (dice_.once_in(3)) limit = static_cast<std::uint32_t>(dice_.below(bound));
  };
  small(limits.depth_max, 6);
  small(limits.attributes_max, 6);
  small(limits.name_bytes_max, 14);
  small(limits.children_max, 5);
  small(limits.nodes_max, 24);
  small(limits.text_bytes_max, 40);
  if (dice_.once_in(10)) limits.message_bytes_max = dice_.below(600);
}

} // namespace tongqu::test
