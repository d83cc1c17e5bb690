#pragma once
#include <map>
#include <string>

#include "sdk/test/whole/house.hpp"

/// Three county systems, each with messages in its own form. Synthetic people only.
namespace tongqu::whole {

/// What a sender heard.
struct Told {
  Reply reply;
  std::string state;                               ///< stored, held, refused (in band), fault; empty when nothing came.
  std::string message_id;
  std::string error_id;                            ///< Of a fault, or of an in-band refusal that names one.
};

/// A SOAP 1.1 or 1.2 envelope around an operation.
std::string envelope(const std::string& operation, bool v12 = false);

/// Values that a test changes: "zjlx" -> "09".
using Change = std::map<std::string, std::string>;

/// Qinglan: an XML document in a string; stage accept, process or result.
std::string qinglan_document(const std::string& case_no, const std::string& stage, const Change& change = {});
std::string qinglan_body(const std::string& case_no, const std::string& stage, const Change& change = {}, bool v12 = false);
Told send_qinglan(const House& house, const std::string& body, bool v12 = false);

/// Yunxi: SOAP 1.2, fields in the body, GB18030 bytes under the label gb2312.
std::string yunxi_body(const std::string& case_no, const std::string& stage, const Change& change = {});
Told send_yunxi(const House& house, const std::string& body);

/// Linhu: JSON in JSON.
std::string linhu_document(const std::string& case_no, const std::string& stage, const Change& change = {});
std::string linhu_body(const std::string& case_no, const std::string& stage, const Change& change = {});
Told send_linhu(const House& house, const std::string& body);

/// The answer to a request that some listener refused or took.
Told heard(Reply reply);

} // namespace tongqu::whole
