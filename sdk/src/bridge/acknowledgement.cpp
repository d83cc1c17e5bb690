#include "bridge/acknowledgement.hpp"

#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::bridge::detail {
namespace {

std::string text_of(const wire::Node& node, std::string_view name) {
  const wire::Node member = node.child(name);
  return member ? std::string(member.raw_text()) : std::string();
}

} // namespace

std::string store_acknowledgement(const mapping::AnswerText& text, bool held) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("payload", text.payload);
  w.member("format", text.format);
  w.member("charset", text.charset);
  w.member("declared", text.declared);
  w.member("element", text.soap_element);
  w.member("part", text.soap_part);
  w.member("form", static_cast<std::int64_t>(text.soap_form));
  w.key("fault");
  w.boolean(text.fault);
  w.key("held");
  w.boolean(held);
  w.end_object();
  return out;
}

Result<Acknowledgement> load_acknowledgement(std::string_view stored) {
  auto document = wire::parse_json(stored);
  if (!document || document->root().kind() != wire::NodeKind::object) return Error(Errc::bridge_stored_delivery);
  const wire::Node root = document->root();
  Acknowledgement ack;
  ack.text.payload = text_of(root, "payload");
  ack.text.format = text_of(root, "format");
  ack.text.charset = text_of(root, "charset");
  ack.text.declared = text_of(root, "declared");
  ack.text.soap_element = text_of(root, "element");
  ack.text.soap_part = text_of(root, "part");
  const std::string form = text_of(root, "form");
  using Form = mapping::AnswerText::SoapForm;
  ack.text.soap_form = form == "1" ? Form::cdata : form == "2" ? Form::elements : Form::escaped;
  ack.text.fault = text_of(root, "fault") == "true";
  ack.held = text_of(root, "held") == "true";
  return ack;
}

mapping::AnswerText default_acknowledgement(std::string_view family, const mapping::AnswerFacts& facts) {
  mapping::AnswerText text;
  if (family == "soap") {  // The values are ours and hold nothing that XML would have to escape.
    text.format = "xml";
    text.soap_form = mapping::AnswerText::SoapForm::elements;
    text.payload = "<id>" + facts.message_id + "</id><state>" + facts.state + "</state><time>" + facts.accepted_at + "</time>";
    if (!facts.error_id.empty()) text.payload += "<error>" + facts.error_id + "</error>";
    return text;
  }
  text.format = "json";
  wire::JsonWriter w(text.payload);
  w.begin_object();
  w.member("id", facts.message_id);
  w.member("state", facts.state);
  w.member("time", facts.accepted_at);
  if (!facts.error_id.empty()) w.member("error", facts.error_id);
  w.end_object();
  return text;
}

namespace {

void xml_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out.append("<").append(name).append(">");
  // A character that XML cannot carry leaves the element empty; the place still says which record it is.
  static_cast<void>(wire::append_xml_escaped(out, value));
  out.append("</").append(name).append(">");
}

std::string xml_item(const mapping::AnswerFacts& facts) {
  std::string out = "<record>";
  xml_member(out, "number", std::to_string(facts.record));
  xml_member(out, "state", facts.state);
  xml_member(out, "id", facts.message_id);
  xml_member(out, "time", facts.accepted_at);
  xml_member(out, "caseNo", facts.case_no);
  xml_member(out, "error", facts.error_id);
  xml_member(out, "where", facts.where);
  xml_member(out, "message", facts.reason.zh);
  return out + "</record>";
}

std::string json_item(const mapping::AnswerFacts& facts) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("record", static_cast<std::int64_t>(facts.record));
  w.member("state", facts.state);
  if (!facts.message_id.empty()) w.member("id", facts.message_id);
  if (!facts.accepted_at.empty()) w.member("time", facts.accepted_at);
  if (!facts.case_no.empty()) w.member("case_no", facts.case_no);
  if (!facts.error_id.empty()) {
    w.key("error");
    w.begin_object();
    w.member("id", facts.error_id);
    if (!facts.where.empty()) w.member("where", facts.where);
    w.key("message");
    w.begin_object();
    w.member("en", facts.reason.en);
    w.member("zh", facts.reason.zh);
    w.end_object();
    w.end_object();
  }
  w.end_object();
  return out;
}

} // namespace

std::string default_batch_item(std::string_view family, const mapping::AnswerFacts& facts) { return family == "soap" ? xml_item(facts) : json_item(facts); }

mapping::AnswerText default_batch_answer(std::string_view family, const mapping::BatchAnswer::Counts& counts, const std::vector<std::string>& items) {
  const std::pair<const char*, std::size_t> numbers[] = {{"count", counts.records}, {"stored", counts.accepted}, {"held", counts.held}, {"refused", counts.refused}, {"conflict", counts.conflicts}};
  mapping::AnswerText text;
  const bool xml = family == "soap";
  text.format = xml ? "xml" : "json";
  text.soap_form = mapping::AnswerText::SoapForm::elements;
  std::string& out = text.payload;
  if (!xml) out += '{';
  for (const auto& [name, number] : numbers) {
    if (xml) xml_member(out, name, std::to_string(number));
    else out.append("\"").append(name).append("\":").append(std::to_string(number)).append(",");
  }
  if (!xml) out += "\"records\":[";
  for (std::size_t i = 0; i < items.size(); ++i) out.append(xml || i == 0 ? "" : ",").append(items[i]);
  if (!xml) out += "]}";
  return text;
}

connector::Answer to_answer(const mapping::AnswerText& text) {
  connector::Answer answer;
  answer.fault = text.fault;
  answer.payload = text.payload;
  answer.format = text.format;
  answer.charset = text.charset;
  answer.declared = text.declared;
  answer.soap_element = text.soap_element;
  answer.soap_part = text.soap_part;
  switch (text.soap_form) {
    case mapping::AnswerText::SoapForm::escaped: answer.soap_form = connector::Answer::SoapForm::escaped; break;
    case mapping::AnswerText::SoapForm::cdata: answer.soap_form = connector::Answer::SoapForm::cdata; break;
    case mapping::AnswerText::SoapForm::elements: answer.soap_form = connector::Answer::SoapForm::elements; break;
  }
  return answer;
}

} // namespace tongqu::bridge::detail
