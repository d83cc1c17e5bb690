#include "sdk/test/whole/senders.hpp"

#include <stdexcept>

#include "tongqu/wire/encoding.hpp"
#include "tongqu/wire/json.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::whole {
namespace {

std::string between(const std::string& text, const std::string& open, const std::string& close) {
  const auto start = text.find(open);
  if (start == std::string::npos) return {};
  const auto end = text.find(close, start + open.size());
  return end == std::string::npos ? std::string() : text.substr(start + open.size(), end - start - open.size());
}

std::string value(const Change& change, const std::string& name, const std::string& otherwise) {
  const auto at = change.find(name);
  return at == change.end() ? otherwise : at->second;
}

std::string json_text(const std::string& text) {
  std::string out;
  wire::JsonWriter w(out);
  w.begin_object();
  w.member("appId", "linhu-01");
  w.member("data", text);
  w.end_object();
  return out;
}

Told read_json(Reply reply) {
  Told told;
  const auto document = wire::parse_json(reply.body);
  if (!document || document->root().kind() != wire::NodeKind::object) {
    told.error_id = "not JSON";
  } else {
    const auto text = [root = document->root()](const char* name) { return root.child(name) ? std::string(root.child(name).raw_text()) : std::string(); };
    const std::string code = text("code");
    told.state = code == "200" ? "stored" : code == "202" ? "held" : "fault";
    told.error_id = text("id");
    if (const auto data = document->root().child("data"); data && data.child("receiptId")) told.message_id = data.child("receiptId").raw_text();
  }
  told.reply = std::move(reply);
  return told;
}

Told read_soap(Reply reply) {
  Told told;
  const auto document = wire::parse_xml(reply.body);
  if (!document) {
    told.error_id = "not well formed: " + std::string(document.error().id());
    told.reply = std::move(reply);
    return told;
  }
  const auto body = document->root().child("Body");
  if (const auto fault = body.child("Fault")) {
    auto detail = fault.child("detail") ? fault.child("detail") : fault.child("Detail");
    const auto id = detail ? detail.child("urn:tongqu:refusal:1", "refusal").child("id") : wire::Node();
    told.state = "fault";
    told.error_id = id ? std::string(id.raw_text()) : "no id";
  } else {
    // Qinglan's answer is a document in a string, Yunxi's stands in elements.
    std::string text = reply.body;
    if (reply.header("Content-Type").find("gb2312") != std::string::npos) {
      if (auto utf8 = wire::decode(text, wire::Encoding::gb18030)) text = *std::move(utf8);
    }
    if (const auto part = body.first_child().child("return")) text = part.raw_text();
    const std::string code = between(text, "<code>", "</code>") + between(text, "<Code>", "</Code>");
    told.message_id = between(text, "<lsh>", "</lsh>") + between(text, "<Id>", "</Id>");
    told.error_id = between(text, "<err>", "</err>") + between(text, "<Error>", "</Error>");
    told.state = code != "0" ? "refused" : text.find("核对") != std::string::npos ? "held" : "stored";
  }
  told.reply = std::move(reply);
  return told;
}

} // namespace

std::string envelope(const std::string& operation, bool v12) {
  return std::string("<e:Envelope xmlns:e=\"") + (v12 ? "http://www.w3.org/2003/05/soap-envelope" : "http://schemas.xmlsoap.org/soap/envelope/") +
         "\"><e:Body>" + operation + "</e:Body></e:Envelope>";
}

std::string qinglan_document(const std::string& case_no, const std::string& stage, const Change& change) {
  const bool accept = stage == "accept", process = stage == "process";
  std::string out = "<?xml version='1.0' encoding=\"gb2312\"?>\n<root><bj><lx>" + value(change, "lx", accept ? "SL" : process ? "HJ" : "BJ") + "</lx><hjbh>" +
                    value(change, "hjbh", accept ? "SL" : process ? "HJ1" : "BJ") + "</hjbh><bjbh>" + case_no +
                    "</bjbh><sxbm>" + value(change, "sxbm", "11990000000000019A4000199001000") + "</sxbm><sxmc>食品经营许可</sxmc>";
  if (accept) {
    out += "<sqrlx>1</sqrlx><sqrmc>" + value(change, "sqrmc", "　欧阳静怡 ") + "</sqrmc><zjlx>" + value(change, "zjlx", "01") + "</zjlx><zjhm>" +
           value(change, "zjhm", "100000209901010013") + "</zjhm><lxdh>" + value(change, "lxdh", "无") + "</lxdh><ly>0</ly><sqsj>" + value(change, "sqsj", "2149/3/4 6:5") +
           "</sqsj><bjlx>2</bjlx><slr>王受理</slr><slsj>" + value(change, "slsj", "2149/3/5 7:8") + "</slsj><bz>" + value(change, "bz", "/") +
           "</bz><cllist><cl><xh>1</xh><mc>身份证明</mc><fs>1</fs><fen>" + value(change, "fen", "１") + "</fen></cl></cllist>";
  } else if (process) {
    out += "<hj><xh>1</xh><mc>审查</mc><dz>" + value(change, "dz", "同意") + "</dz><clr>李审查</clr><kssj>2149-03-05 09:00:00</kssj></hj>";
  } else {
    out += "<bjsj>2149年3月5日 17时20分</bjsj><jg>0</jg><zzmc>许可证</zzmc><zzbh>QLSP-00017</zzbh><bjr>赵办结</bjr>";
  }
  return out + value(change, "more", "") + "</bj></root>";
}

std::string qinglan_body(const std::string& case_no, const std::string& stage, const Change& change, bool v12) {
  return envelope("<q:sendBj xmlns:q=\"http://qinglan.example.test/spxt\"><q:xmlStr><![CDATA[" + qinglan_document(case_no, stage, change) + "]]></q:xmlStr></q:sendBj>", v12);
}

Told send_qinglan(const House& house, const std::string& body, bool v12) {
  return heard(connector::test::call(house.port("qinglan"), "POST", "/services/spxt",
                                     {{"Content-Type", v12 ? "application/soap+xml; charset=utf-8" : "text/xml; charset=utf-8"}, {"SOAPAction", "\"\""}}, body));
}

std::string yunxi_body(const std::string& case_no, const std::string& stage, const Change& change) {
  const std::string base = "<CaseNo>" + case_no + "</CaseNo><ItemCode>12990000000099995W4000199002000</ItemCode><ItemName>临时占道许可</ItemName>";
  std::string inner;
  if (stage == "accept") {
    inner = "<Type>10</Type><Seq>10</Seq>" + base + "<Applicant><Name>" + value(change, "Name", "𠮷田玥") + "</Name><Kind>G</Kind><CardType>" + value(change, "CardType", "SFZ") +
            "</CardType><CardNo>10000020991231002X</CardNo></Applicant><ApplyTime>21490401060000</ApplyTime><Bjlx>C</Bjlx><Officer>周经办</Officer><AcceptTime>21490402080000</AcceptTime>";
  } else if (stage == "process") {
    inner = "<Type>20</Type><Seq>20-1</Seq>" + base + "<Step no=\"1\"><Name>审核</Name><Action>Y</Action><Officer>周经办</Officer><Time>2149-04-02 09:30:00</Time></Step>";
  } else {
    inner = "<Type>30</Type><Seq>30</Seq>" + base + "<CloseTime>21490402163000</CloseTime><Result>1</Result><Officer>周经办</Officer>";
  }
  const auto bytes = wire::encode("<?xml version=\"1.0\" encoding=\"gb2312\"?>\n" + envelope("<ReportCase xmlns=\"http://yunxi.example.test/\">" + inner + "</ReportCase>", true),
                                  wire::Encoding::gb18030);
  if (!bytes) throw std::runtime_error(describe(bytes.error()));
  return *bytes;
}

Told send_yunxi(const House& house, const std::string& body) {
  return heard(connector::test::call(house.port("yunxi"), "POST", "/report", {{"Content-Type", "application/soap+xml; charset=gb2312"}}, body));
}

std::string linhu_document(const std::string& case_no, const std::string& stage, const Change& change) {
  const std::string head = "\"caseNo\":\"" + case_no + "\",\"itemCode\":\"11990000000000000D4000199003000\",\"itemName\":\"餐饮服务许可\"";
  if (stage == "accept") {
    return "{\"bizType\":\"ACCEPT\",\"eventId\":\"A-1\",\"case\":{" + head + ",\"channel\":\"WEB\",\"applyTime\":\"2149-05-05 06:00:00\",\"acceptTime\":\"2149-05-06T07:30:00+08:00\"," +
           "\"accepter\":\"陈窗口\",\"projectType\":\"2\",\"applicant\":{\"name\":\"" + value(change, "name", "慕容思远") + "\",\"type\":\"PERSON\",\"certType\":\"" +
           value(change, "certType", "ID") + "\",\"certNo\":\"100000209901010013\",\"phone\":\"无\"},\"materials\":[{\"code\":\"M01\",\"name\":\"身份证明\",\"copies\":" +
           value(change, "copies", "1") + "}]" + value(change, "more", "") + "}}";
  }
  if (stage == "process") {
    return "{\"bizType\":\"NODE\",\"eventId\":\"N-1\",\"case\":{" + head + "},\"nodes\":[{\"sn\":" + value(change, "sn", "1") +
           ",\"nodeName\":\"现场核查\",\"action\":\"PASS\",\"user\":\"许核查\",\"startTime\":\"2149-05-06 09:00:00\"}]}";
  }
  return "{\"bizType\":\"FINISH\",\"eventId\":\"F-1\",\"case\":{" + head +
         "},\"result\":{\"time\":\"2149-05-06 16:00:00\",\"type\":\"ISSUED\",\"licenceName\":\"餐饮服务许可证\",\"licenceNo\":\"LH-0001\",\"user\":\"许核查\"}}";
}

std::string linhu_body(const std::string& case_no, const std::string& stage, const Change& change) { return json_text(linhu_document(case_no, stage, change)); }

Told send_linhu(const House& house, const std::string& body) {
  return heard(connector::test::call(house.port("linhu"), "POST", "/api/push", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + house.token}}, body));
}

Told heard(Reply reply) {
  if (reply.status == 0) return {};
  return reply.header("Content-Type").find("json") != std::string::npos ? read_json(std::move(reply)) : read_soap(std::move(reply));
}

} // namespace tongqu::whole
