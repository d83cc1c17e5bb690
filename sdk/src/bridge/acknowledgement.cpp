#include "bridge/acknowledgement.hpp"

#include "tongqu/wire/json.hpp"

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
  if (family == "soap") {  // The three values are ours and hold nothing that XML would have to escape.
    text.format = "xml";
    text.soap_form = mapping::AnswerText::SoapForm::elements;
    text.payload = "<id>" + facts.message_id + "</id><state>" + facts.state + "</state><time>" + facts.accepted_at + "</time>";
    return text;
  }
  text.format = "json";
  wire::JsonWriter w(text.payload);
  w.begin_object();
  w.member("id", facts.message_id);
  w.member("state", facts.state);
  w.member("time", facts.accepted_at);
  w.end_object();
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
