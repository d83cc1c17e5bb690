#include "mapping/answer.hpp"

#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::string_view kKinds[] = {"accepted", "held", "refused", "conflict"};
constexpr std::string_view kSlots[] = {"", "message_id", "accepted_at", "case_no", "trace", "error_id", "where", "reason", "reason_zh", "reason_en", "state"};

/// Text that XML 1.0 can carry: everything else becomes a question mark, so that an answer is never lost over one character of it.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    out += u < 0x20 && c != '\t' && c != '\n' && c != '\r' ? '?' : c;
  }
  return out;
}

} // namespace

std::optional<Answer> Answer::compile(const YamlNode& node, const Mistakes& mistakes) {
  Answer answer;
  if (!check_keys(node, {"format", "charset", "declared", "lang", "soap", "accepted", "held", "refused", "conflict"}, "answer", mistakes)) return std::nullopt;
  const std::string format = member_text(node, "format", Need::required, "answer", mistakes).value_or("xml");
  if (format == "json") answer.format_ = Format::json;
  else if (format == "text") answer.format_ = Format::text;
  else if (format != "xml") mistakes.add(Errc::mapping_wrong_shape, *node.find("format"), "answer.format", one_of({"xml", "json", "text"}));
  answer.shape_.format = format;
  answer.shape_.charset = member_text(node, "charset", Need::optional, "answer", mistakes).value_or("utf-8");
  if (!wire::encoding_from_label(answer.shape_.charset)) mistakes.add(Errc::mapping_wrong_shape, *node.find("charset"), "answer.charset", one_of({"utf-8", "gb18030", "gbk", "gb2312"}));
  answer.shape_.declared = member_text(node, "declared", Need::optional, "answer", mistakes).value_or("");
  const std::string lang = member_text(node, "lang", Need::optional, "answer", mistakes).value_or("zh");
  answer.zh_ = lang == "zh";
  if (lang != "zh" && lang != "en") mistakes.add(Errc::mapping_wrong_shape, *node.find("lang"), "answer.lang", one_of({"zh", "en"}));
  if (const YamlNode* soap = node.find("soap"); soap != nullptr) answer.read_soap(*soap, mistakes);
  for (std::size_t i = 0; i < 4; ++i) {
    const YamlNode* text = node.find(kKinds[i]);
    if (text == nullptr) answer.templates_[i].fault = true;
    else answer.read_template(*text, kKinds[i], mistakes, answer.templates_[i]);
  }
  return answer;
}

void Answer::read_soap(const YamlNode& node, const Mistakes& mistakes) {
  if (!check_keys(node, {"element", "part", "as"}, "answer.soap", mistakes)) return;
  shape_.soap_element = member_text(node, "element", Need::optional, "answer.soap", mistakes).value_or("");
  shape_.soap_part = member_text(node, "part", Need::optional, "answer.soap", mistakes).value_or("");
  const std::string as = member_text(node, "as", Need::optional, "answer.soap", mistakes).value_or("escaped");
  if (as == "cdata") shape_.soap_form = AnswerText::SoapForm::cdata;
  else if (as == "elements") shape_.soap_form = AnswerText::SoapForm::elements;
  else if (as != "escaped") mistakes.add(Errc::mapping_wrong_shape, *node.find("as"), "answer.soap.as", one_of({"escaped", "cdata", "elements"}));
}

bool Answer::read_template(const YamlNode& node, std::string_view key, const Mistakes& mistakes, Template& out) const {
  const std::string subject = "answer." + std::string(key);
  const auto text = scalar(node, subject, mistakes);
  if (!text) return false;
  refuse_secret(node, subject, mistakes);
  if (*text == "fault") {
    out.fault = true;
    return true;
  }
  std::string literal;
  for (std::size_t at = 0; at < text->size(); ++at) {
    const char c = (*text)[at];
    const bool brace = c == '{' || c == '}';
    const bool doubled = brace && at + 1 < text->size() && (*text)[at + 1] == c;
    if (c != '{' || doubled) {
      literal += c;
      at += doubled ? 1 : 0;
      continue;
    }
    const std::size_t end = text->find('}', at);
    const std::string name = text->substr(at + 1, end == std::string::npos ? end : end - at - 1);
    std::size_t slot = 1;
    while (slot < std::size(kSlots) && kSlots[slot] != name) ++slot;
    if (end == std::string::npos || slot == std::size(kSlots)) {
      mistakes.add(Errc::mapping_placeholder_unknown, node, subject + ": " + name, one_of({kSlots + 1, kSlots + std::size(kSlots)}), did_you_mean(name, {kSlots + 1, kSlots + std::size(kSlots)}));
      return false;
    }
    out.pieces.push_back({Slot::literal, std::move(literal)});
    out.pieces.push_back({static_cast<Slot>(slot), {}});
    literal.clear();
    at = end;
  }
  out.pieces.push_back({Slot::literal, std::move(literal)});
  if (!well_formed(out)) mistakes.add(Errc::mapping_answer_invalid, node, subject);
  return true;
}

bool Answer::well_formed(const Template& made) const {
  std::string filled;
  for (const Piece& piece : made.pieces) filled += piece.slot == Slot::literal ? piece.text : "x";
  if (format_ == Format::json) return static_cast<bool>(wire::parse_json(filled));
  if (format_ == Format::text) return true;
  if (filled.substr(0, 5) != "<?xml") filled = "<x>" + filled + "</x>";
  wire::XmlOptions options;
  options.declared_encoding_ignored = true;
  return static_cast<bool>(wire::parse_xml(filled, options));
}

void Answer::append_escaped(std::string_view value, std::string& out) const {
  switch (format_) {
    case Format::xml: {
      const std::string clean = printable(value);
      // A character such as U+FFFE cannot stand in XML at all; the answer goes out without the value then.
      (void)wire::append_xml_escaped(out, clean);
      break;
    }
    case Format::json: {
      std::string quoted;
      wire::append_json_string(quoted, value);
      out += quoted.substr(1, quoted.size() - 2);
      break;
    }
    case Format::text:
      for (const char c : printable(value)) out += c == '\r' || c == '\n' ? ' ' : c;
  }
}

void Answer::append_value(Slot slot, const AnswerFacts& facts, std::string& out) const {
  switch (slot) {
    case Slot::literal: break;
    case Slot::message_id: append_escaped(facts.message_id, out); break;
    case Slot::accepted_at: append_escaped(facts.accepted_at, out); break;
    case Slot::case_no: append_escaped(facts.case_no, out); break;
    case Slot::trace: append_escaped(facts.trace, out); break;
    case Slot::error_id: append_escaped(facts.error_id, out); break;
    case Slot::where: append_escaped(facts.where, out); break;
    case Slot::reason: append_escaped(zh_ ? facts.reason.zh : facts.reason.en, out); break;
    case Slot::reason_zh: append_escaped(facts.reason.zh, out); break;
    case Slot::reason_en: append_escaped(facts.reason.en, out); break;
    case Slot::state: append_escaped(facts.state, out); break;
  }
}

AnswerText Answer::make(AnswerKind kind, const AnswerFacts& facts) const {
  const Template& made = templates_[static_cast<std::size_t>(kind)];
  AnswerText answer = shape_;
  answer.fault = made.fault;
  for (const Piece& piece : made.pieces) {
    answer.payload += piece.text;
    append_value(piece.slot, facts, answer.payload);
  }
  return answer;
}

} // namespace tongqu::mapping::detail
