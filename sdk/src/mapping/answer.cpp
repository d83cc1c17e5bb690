#include "mapping/answer.hpp"

#include <algorithm>

#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::detail {
namespace {

constexpr std::string_view kKinds[] = {"accepted", "held", "refused", "conflict"};
constexpr std::string_view kSlots[] = {"", "message_id", "accepted_at", "case_no", "trace", "error_id", "where", "reason", "reason_zh", "reason_en", "state", "record",
                                      "records", "count", "accepted", "held", "refused", "conflicts"};

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

/// The templates of a batch; values are escaped by the answer they belong to, of which this holds a copy of the format alone.
class Answer::Batch final : public BatchAnswer {
public:
  std::string item(AnswerKind kind, const AnswerFacts& facts) const override {
    std::string out;
    for (const Piece& piece : items[static_cast<std::size_t>(kind)].pieces) {
      out += piece.text;
      form.append_value(piece.slot, facts, out);
    }
    return out;
  }

  AnswerText whole(const Counts& counts, const std::vector<std::string>& said) const override {
    AnswerText answer = form.shape_;
    std::size_t bytes = 1024;
    for (const auto& one : said) bytes += one.size() + separator.size();
    answer.payload.reserve(bytes);
    for (const Piece& piece : text.pieces) {
      answer.payload += piece.text;
      append(piece.slot, counts, said, answer.payload);
    }
    return answer;
  }

  Answer form;                       ///< Format, shape and language; its own templates are empty.
  Template text;
  std::array<Template, 4> items;
  std::string separator;

private:
  void append(Slot slot, const Counts& counts, const std::vector<std::string>& said, std::string& out) const {
    switch (slot) {
      case Slot::records:
        for (std::size_t i = 0; i < said.size(); ++i) out.append(i == 0 ? "" : separator).append(said[i]);
        break;
      case Slot::count: out += std::to_string(counts.records); break;
      case Slot::accepted: out += std::to_string(counts.accepted); break;
      case Slot::held: out += std::to_string(counts.held); break;
      case Slot::refused: out += std::to_string(counts.refused); break;
      case Slot::conflicts: out += std::to_string(counts.conflicts); break;
      default: break;
    }
  }
};

std::optional<Answer> Answer::compile(const YamlNode& node, const Mistakes& mistakes) {
  Answer answer;
  if (!check_keys(node, {"format", "charset", "declared", "lang", "soap", "accepted", "held", "refused", "conflict", "batch"}, "answer", mistakes)) return std::nullopt;
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
    else answer.read_template(*text, kKinds[i], {Slot::message_id, Slot::state}, mistakes, answer.templates_[i]);
  }
  if (const YamlNode* batch = node.find("batch"); batch != nullptr) answer.read_batch(*batch, mistakes);
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

void Answer::read_batch(const YamlNode& node, const Mistakes& mistakes) {
  if (!check_keys(node, {"text", "separator", "accepted", "held", "refused", "conflict"}, "answer.batch", mistakes)) return;
  auto batch = std::make_shared<Batch>();
  batch->form.format_ = format_;
  batch->form.shape_ = shape_;
  batch->form.zh_ = zh_;
  batch->separator = member_text(node, "separator", Need::optional, "answer.batch", mistakes).value_or(format_ == Format::json ? "," : "");
  for (const char* key : {"text", "accepted", "held", "refused", "conflict"}) {
    const YamlNode* text = node.find(key);
    if (text == nullptr) {
      mistakes.add(Errc::mapping_missing_key, node, "answer.batch." + std::string(key));
      continue;
    }
    const bool whole = std::string_view(key) == "text";
    std::size_t kind = 0;
    while (!whole && kKinds[kind] != key) ++kind;
    Template& into = whole ? batch->text : batch->items[kind];
    const Slots known = whole ? Slots{Slot::records, Slot::conflicts} : Slots{Slot::message_id, Slot::record};
    read_template(*text, "batch." + std::string(key), known, mistakes, into);
    // There is one answer for all: one record of it cannot be a fault.
    if (into.fault) mistakes.add(Errc::mapping_answer_invalid, *text, "answer.batch." + std::string(key));
  }
  const auto lists = [](const Piece& piece) { return piece.slot == Slot::records; };
  if (node.find("text") != nullptr && std::none_of(batch->text.pieces.begin(), batch->text.pieces.end(), lists)) {
    mistakes.add(Errc::mapping_answer_invalid, *node.find("text"), "answer.batch.text", {"{records}", "{records}"});
  }
  batch_ = std::move(batch);
}

bool Answer::read_template(const YamlNode& node, std::string_view key, Slots known, const Mistakes& mistakes, Template& out) const {
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
    const std::vector<std::string_view> names(kSlots + static_cast<std::size_t>(known.first), kSlots + static_cast<std::size_t>(known.last) + 1);
    const auto found = std::find(names.begin(), names.end(), name);
    const auto slot = static_cast<std::size_t>(known.first) + static_cast<std::size_t>(found - names.begin());
    if (end == std::string::npos || found == names.end()) {
      Bilingual hint = did_you_mean(name, names);
      if (hint.en.empty()) hint = {"a brace that is no placeholder is written {{ or }}", "不是占位符的花括号写作 {{ 或 }}"};
      mistakes.add(Errc::mapping_placeholder_unknown, node, subject + ": " + name, one_of(names), std::move(hint));
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
  for (const Piece& piece : made.pieces) filled += piece.slot == Slot::literal ? piece.text : piece.slot >= Slot::record ? "1" : "x";
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
    case Slot::record: out += std::to_string(facts.record); break;
    default: break;  // Those of a whole batch; a template of one record cannot name them.
  }
}

const BatchAnswer* Answer::batch() const noexcept { return batch_.get(); }

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
