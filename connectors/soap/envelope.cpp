#include "connectors/soap/envelope.hpp"

#include <charconv>
#include <optional>

#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::connectors::soap {
namespace {

using wire::Node;

// Faults say what was expected and where, never what was sent: names come from the sender too.
Error structure(const Node& at, std::string expected) {
  return Error(Errc::connector_soap_structure).at(at.position()).with(std::move(expected));
}

Error encoding_error(const Node& at, std::string detail) {
  return Error(Errc::connector_soap_encoding).at(at.position()).with(std::move(detail));
}

bool is(const Node& node, std::string_view ns, std::string_view local) { return node.name() == local && node.ns() == ns; }

Node attribute_in(const Node& node, std::string_view ns, std::string_view local) {
  for (Node a = node.first_attribute(); a; a = a.next()) {
    if (is(a, ns, local)) return a;
  }
  return {};
}

/// A header block that names another node (SOAP 1.1 actor, 1.2 role) is not ours to understand.
bool aimed_at_us(const Node& block, Version version) {
  const bool v11 = version == Version::v11;
  const Node actor = attribute_in(block, v11 ? kEnvelope11 : kEnvelope12, v11 ? "actor" : "role");
  if (!actor || actor.raw_text().empty()) return true;
  const std::string_view who = actor.raw_text();
  if (v11) return who == "http://schemas.xmlsoap.org/soap/actor/next";
  return who == "http://www.w3.org/2003/05/soap-envelope/role/next" ||
         who == "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";
}

Result<void> check_header(const Node& header, Version version) {
  const std::string_view ns = version == Version::v11 ? kEnvelope11 : kEnvelope12;
  if (header.entry().has_text) return structure(header, "no text in Header");
  for (Node block = header.first_child(); block; block = block.next()) {
    const Node must = attribute_in(block, ns, "mustUnderstand");
    if (!must) continue;
    const std::string_view value = must.raw_text();
    const bool yes = value == "1" || (version == Version::v12 && value == "true");
    const bool no = value == "0" || (version == Version::v12 && value == "false");
    if (!yes && !no) return structure(block, "mustUnderstand");
    if (yes && aimed_at_us(block, version)) return Error(Errc::connector_soap_must_understand).at(block.position());
  }
  return {};
}

/// arrayType="ns:T[n]": the size said must be the size that is there; one dimension, neither partial nor sparse.
Result<void> check_array(const Node& node) {
  if (attribute_in(node, kEncoding11, "offset")) return encoding_error(node, "offset");
  if (attribute_in(node, kEncoding11, "position")) return encoding_error(node, "position");
  const Node type = attribute_in(node, kEncoding11, "arrayType");
  if (!type) return {};
  const std::string_view text = type.raw_text();
  const auto open = text.rfind('['), close = text.rfind(']');
  const bool well = open != std::string_view::npos && close == text.size() - 1 && open < close;
  if (!well) return encoding_error(node, "arrayType");
  const std::string_view digits = text.substr(open + 1, close - open - 1);
  if (digits.empty()) return {};
  std::size_t said = 0;
  const auto [at, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), said);
  const bool whole = ec == std::errc() && at == digits.data() + digits.size();
  if (!whole || said != node.child_count()) return encoding_error(node, "arrayType");
  return {};
}

Result<void> check_nil(const Node& node) {
  const Node nil = attribute_in(node, kSchemaInstance, "nil");
  if (!nil) return {};
  const std::string_view value = nil.raw_text();
  const bool yes = value == "true" || value == "1";
  const bool contradicts = yes && (node.has_children() || node.entry().has_text);
  if (contradicts || (!yes && value != "false" && value != "0")) {
    return Error(Errc::connector_soap_type).at(node.position()).with("xsi:nil");
  }
  return {};
}

/// Does an element say that its content is written in SOAP encoding?
bool says_encoded(const Node& node) {
  if (attribute_in(node, kEncoding11, "arrayType")) return true;
  for (const std::string_view envelope : {kEnvelope11, kEnvelope12}) {
    const Node style = attribute_in(node, envelope, "encodingStyle");
    if (!style) continue;
    const std::string_view value = style.raw_text();
    if (value.find(kEncoding11) != std::string_view::npos || value.find(kEncoding12) != std::string_view::npos) return true;
  }
  return false;
}

/// One pass over the whole envelope: references are not resolved by this connector, so what refers elsewhere is refused, never
/// followed. What names a part that may have come beside the envelope is the pack's to resolve.
Result<void> check_content(const wire::Document& document, Beside beside) {
  constexpr std::string_view kInclude = "Include";
  const auto& tape = document.tape();
  bool encoded = false;
  Node reference;
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    if (tape[i].kind != wire::NodeKind::element) continue;
    const Node node(&document, i);
    if (tape[i].name_size == kInclude.size() && is(node, kXopInclude, kInclude)) {
      const Node href = attribute_in(node, "", "href");
      if (beside == Beside::parts && href && href.raw_text().substr(0, 4) == "cid:") continue;
      return encoding_error(node, "xop:Include");
    }
    if (tape[i].attributes == 0) continue;
    encoded = encoded || says_encoded(node);
    TONGQU_CHECK(check_array(node));
    TONGQU_CHECK(check_nil(node));
    if (!reference && (attribute_in(node, "", "href") || attribute_in(node, kEncoding12, "ref"))) reference = node;
  }
  // In a document that is not encoded, href is an attribute like any other.
  if (encoded && reference) return encoding_error(reference, "href");
  return {};
}

std::string_view envelope_ns(Version version) { return version == Version::v11 ? kEnvelope11 : kEnvelope12; }

std::string content_type(Version version, std::string_view charset) {
  return std::string(version == Version::v11 ? "text/xml" : "application/soap+xml") + "; charset=" + std::string(charset);
}

/// How much of GB18030 a client reads that believes the label.
wire::Repertoire repertoire_of(std::string_view label) {
  std::string lower(label);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (lower == "gb18030") return wire::Repertoire::gb18030;
  return lower.substr(0, 6) == "gb2312" || lower.substr(0, 7) == "gb_2312" ? wire::Repertoire::gb2312 : wire::Repertoire::gbk;
}

/// Well-formed content, so that it cannot close an element of ours.
bool is_element_content(const std::string& payload) {
  wire::XmlOptions options;
  options.declared_encoding_ignored = true;
  return wire::parse_xml("<x>" + payload + "</x>", options).has_value();
}

/// Encodes XML text; characters that the target lacks become references.
std::string encode_xml(std::string_view utf8, wire::Encoding to, wire::Repertoire repertoire) {
  if (to == wire::Encoding::utf8) return std::string(utf8);
  if (auto whole = wire::encode(utf8, to, repertoire)) return *std::move(whole);
  std::string out;
  for (std::size_t i = 0; i < utf8.size();) {
    std::size_t size = 1;
    while (i + size < utf8.size() && (static_cast<unsigned char>(utf8[i + size]) & 0xC0) == 0x80) ++size;
    const std::string_view one = utf8.substr(i, size);
    if (auto bytes = wire::encode(one, to, repertoire)) {
      out += *bytes;
    } else {
      std::uint32_t point = size == 4 ? one[0] & 7u : size == 3 ? one[0] & 15u : one[0] & 31u;
      for (std::size_t k = 1; k < size; ++k) point = point << 6 | (static_cast<unsigned char>(one[k]) & 63u);
      out += "&#" + std::to_string(point) + ";";
    }
    i += size;
  }
  return out;
}

void open_envelope(std::string& out, Version version, std::string_view declared) {
  out += "<?xml version=\"1.0\" encoding=\"";
  out += declared;
  out += "\"?>\n<soap:Envelope xmlns:soap=\"";
  out += envelope_ns(version);
  out += "\"><soap:Body>";
}

constexpr std::string_view kCloseEnvelope = "</soap:Body></soap:Envelope>";

void message_pair(wire::XmlWriter& w, std::string_view name, std::string_view en, std::string_view zh) {
  w.open(name);
  w.attribute("xml:lang", "en");
  w.text(en);
  w.close();
  w.open(name);
  w.attribute("xml:lang", "zh");
  w.text(zh);
  w.close();
}

void write_finding(wire::XmlWriter& w, const Finding& finding) {
  w.open("tq:finding");
  w.element("tq:id", errc_row(finding.id).id);
  w.element("tq:severity", severity_name(finding.severity));
  message_pair(w, "tq:message", describe(finding, Lang::en), describe(finding, Lang::zh));
  if (!finding.path.empty()) w.element("tq:path", finding.path);
  if (!finding.source.part.empty() || !finding.source.path.empty()) {
    w.open("tq:source");
    if (!finding.source.part.empty()) w.attribute("part", finding.source.part);
    if (finding.source.line != 0) w.attribute("line", std::to_string(finding.source.line));
    if (finding.source.column != 0) w.attribute("column", std::to_string(finding.source.column));
    w.text(finding.source.path);
    w.close();
  }
  w.close();
}

void write_refusal(wire::XmlWriter& w, const Error& error, const Findings& findings, const std::string& trace_id) {
  w.open("tq:refusal");
  w.attribute("xmlns:tq", kRefusalNamespace);
  w.element("tq:id", error.id());
  w.element("tq:action", action_name(error.action()));
  message_pair(w, "tq:message", error.message(Lang::en), error.message(Lang::zh));
  w.element("tq:where", error.where());
  w.element("tq:trace", trace_id);
  if (!findings.empty()) {
    w.open("tq:findings");
    for (const Finding& finding : findings) write_finding(w, finding);
    w.close();
  }
  w.close();
}

} // namespace

Result<Envelope> read_envelope(const wire::Document& document, Version& version, Beside beside) {
  const Node root = document.root();
  if (root.name() != "Envelope") return structure(root, "Envelope expected");
  if (root.ns() == kEnvelope12) version = Version::v12;
  else if (root.ns() == kEnvelope11) version = Version::v11;
  else return Error(Errc::connector_soap_version).at(root.position());
  const std::string_view ns = envelope_ns(version);
  if (root.entry().has_text) return structure(root, "no text in Envelope");

  Node body;
  bool header_seen = false;
  for (Node child = root.first_child(); child; child = child.next()) {
    if (is(child, ns, "Header") && !header_seen && !body) {
      header_seen = true;
      TONGQU_CHECK(check_header(child, version));
    } else if (is(child, ns, "Body") && !body) {
      body = child;
    } else {
      return structure(child, "one Header, then one Body");
    }
  }
  if (!body) return structure(root, "Body expected");
  if (body.entry().has_text) return structure(body, "no text in Body");
  const Node operation = body.first_child();
  if (!operation) return structure(body, "one operation in Body");
  // RPC/encoded callers put multiRef elements beside the operation; this connector does not resolve them.
  if (const Node second = operation.next()) {
    if (second.name() == "multiRef") return encoding_error(second, "multiRef");
    return structure(second, "one operation in Body");
  }
  TONGQU_CHECK(check_content(document, beside));
  return Envelope{version, operation};
}

Wrapped wrap_answer(const connector::Answer& answer, Version version, std::string_view operation, std::string_view ns) {
  const std::string element = answer.soap_element.empty() ? std::string(operation) + "Response" : answer.soap_element;
  const std::string part = answer.soap_part.empty() ? "return" : answer.soap_part;
  const std::string_view name_space = answer.soap_namespace.empty() ? ns : std::string_view(answer.soap_namespace);
  const std::string said = answer.declared.empty() ? answer.charset : answer.declared;
  const wire::Repertoire repertoire = repertoire_of(said);
  // Values can carry references, names cannot: a caller who uses such names reads UTF-8.
  const bool gb = wire::encoding_from_label(answer.charset) == wire::Encoding::gb18030 &&
                  wire::encode(element + part, wire::Encoding::gb18030, repertoire).has_value();
  const wire::Encoding encoding = gb ? wire::Encoding::gb18030 : wire::Encoding::utf8;
  const bool declared_as_asked = gb || wire::encoding_from_label(answer.charset) == wire::Encoding::utf8;
  const std::string label = declared_as_asked ? said : "utf-8";

  using Form = connector::Answer::SoapForm;
  std::string out;
  open_envelope(out, version, label);
  wire::XmlWriter w(out);
  w.open(element);
  if (!name_space.empty()) w.attribute("xmlns", name_space);
  if (answer.soap_form == Form::elements && is_element_content(answer.payload)) {
    w.text("");
    out += answer.payload;  // The pack's own elements; its placeholders were escaped when they were filled in.
  } else {
    w.open(part);
    // A reference cannot stand in CDATA, so text that the encoding lacks goes out escaped.
    const bool whole = !gb || wire::encode(answer.payload, encoding, repertoire).has_value();
    if (answer.soap_form == Form::cdata && whole) w.cdata(answer.payload);
    else w.text(answer.payload);
    w.close();
  }
  w.close();
  out += kCloseEnvelope;
  return {200, content_type(version, label), encode_xml(out, encoding, repertoire)};
}

Wrapped wrap_fault(const Error& error, const Findings& findings, const std::string& trace_id, Version version) {
  const bool senders = error.action() == Action::fix_input;
  const bool must_understand = error.code() == Errc::connector_soap_must_understand;
  const bool mismatch = error.code() == Errc::connector_soap_version;
  const bool v11 = version == Version::v11;
  const std::string_view whose = senders ? (v11 ? "soap:Client" : "soap:Sender") : (v11 ? "soap:Server" : "soap:Receiver");
  const std::string_view code = mismatch ? "soap:VersionMismatch" : must_understand ? "soap:MustUnderstand" : whose;
  std::string out;
  open_envelope(out, version, "utf-8");
  wire::XmlWriter w(out);
  w.open("soap:Fault");
  if (v11) {
    w.element("faultcode", code);
    w.element("faultstring", error.message(Lang::en) + " / " + error.message(Lang::zh));
    w.open("detail");
  } else {
    w.open("soap:Code");
    w.element("soap:Value", code);
    w.close();
    w.open("soap:Reason");
    message_pair(w, "soap:Text", error.message(Lang::en), error.message(Lang::zh));
    w.close();
    w.open("soap:Detail");
  }
  write_refusal(w, error, findings, trace_id);
  w.close();
  w.close();
  out += kCloseEnvelope;
  const int status = !v11 && senders && !must_understand && !mismatch ? 400 : 500;
  return {status, content_type(version, "utf-8"), std::move(out)};
}

Wrapped wrap_status(const std::vector<connector::MessageStatus>& messages, Version version) {
  std::string out;
  open_envelope(out, version, "utf-8");
  wire::XmlWriter w(out);
  w.open("tongquStatusResponse");
  w.attribute("xmlns", "urn:tongqu:status:1");
  for (const auto& message : messages) {
    w.open("message");
    w.element("messageId", message.message_id);
    w.element("caseNo", message.case_no);
    w.element("event", message.event);
    w.element("acceptedAt", message.accepted_at);
    for (const auto& target : message.targets) {
      w.open("target");
      w.attribute("name", target.target);
      w.element("state", target.state);
      if (!target.receipt_no.empty()) w.element("receiptNo", target.receipt_no);
      if (!target.error_id.empty()) w.element("errorId", target.error_id);
      if (!target.reason.en.empty() || !target.reason.zh.empty()) {
        message_pair(w, "reason", target.reason.en, target.reason.zh);
      }
      w.element("changedAt", target.changed_at);
      w.close();
    }
    w.close();
  }
  w.close();
  out += kCloseEnvelope;
  return {200, content_type(version, "utf-8"), std::move(out)};
}

} // namespace tongqu::connectors::soap
