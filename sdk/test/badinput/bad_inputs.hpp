#pragma once
#include <cstdint>
#include <fstream>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// The index of bad documents in this folder: one row of expected.tsv per file or generated giant.
namespace tongqu::test {

struct BadInput {
  std::string name;          ///< File, or gen:<shape>:<number>.
  std::string error_id;
  int status = 0;            ///< Of the HTTP answer.
  std::string content_type;  ///< Empty: the usual one of the folder.
  std::string judge;         ///< gate: the connector alone; bridge: needs a pack; hold: taken and held, error_id is the finding; question: no refusal is recorded.
  std::string row, shows;    ///< Row of the matrix of bad inputs, and what the file shows.
  std::string bytes;
};
inline void PrintTo(const BadInput& input, std::ostream* out) { *out << input.name; }

inline std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

inline std::string soap_around(const std::string& inner_document) {
  return "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><sendBj><xmlStr><![CDATA[" + inner_document +
         "]]></xmlStr></sendBj></e:Body></e:Envelope>";
}

/// The giants: too large to be kept as files.
inline std::string generated(const std::string& shape, std::size_t n) {
  const auto numbered = [n](std::string_view before, std::string_view after) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out.append(before).append(std::to_string(i)).append(after);
    return out;
  };
  if (shape == "xml_depth") return repeated("<a>", n) + repeated("</a>", n);
  if (shape == "xml_attributes") return "<a" + numbered(" b", "=\"\"") + "/>";
  if (shape == "xml_name") return "<" + std::string(n, 'a') + "/>";
  if (shape == "xml_attribute_name") return "<a " + std::string(n, 'b') + "=\"\"/>";
  if (shape == "xml_siblings") return "<a>" + repeated("<b/>", n) + "</a>";
  if (shape == "xml_nodes") return "<a>" + repeated("<b>" + repeated("<c/>", 999) + "</b>", n / 1000 + 1) + "</a>";
  if (shape == "xml_comment") return "<a><!--" + std::string(n, 'x') + "--></a>";
  if (shape == "xml_text") return "<a>" + std::string(n, 'x') + "</a>";
  if (shape == "soap_inner_depth") return soap_around(repeated("<a>", n) + repeated("</a>", n));
  if (shape == "soap_inner_siblings") return soap_around("<a>" + repeated("<b/>", n) + "</a>");
  if (shape == "json_digits") return "{\"a\":" + std::string(n, '8') + "}";
  if (shape == "json_nodes") return "[" + repeated("[" + repeated("0,", 99'999) + "0],", n / 100'000) + "0]";
  if (shape == "json_inner_keys") return R"({"appId":"a","data":"{)" + numbered("\\\"k", "\\\":1,") + R"(\"end\":1}"})";
  if (shape == "json_depth") return repeated("[", n) + repeated("]", n);
  if (shape == "json_object_depth") return repeated("{\"a\":", n) + "1" + repeated("}", n);
  if (shape == "json_keys") return "{" + numbered("\"k", "\":1,") + "\"end\":1}";
  if (shape == "json_items") return "[" + repeated("0,", n - 1) + "0]";
  if (shape == "json_key") return "{\"" + std::string(n, 'k') + "\":1}";
  if (shape == "json_text") return "{\"a\":\"" + std::string(n, 'x') + "\"}";
  if (shape == "json_inner_depth") return R"({"appId":"a","data":")" + repeated("[", n) + repeated("]", n) + "\"}";
  throw std::runtime_error("no generator " + shape);
}

/// Rows of one folder (xml, soap, json).
inline std::vector<BadInput> bad_inputs(const std::string& folder) {
  const std::string at = std::string(TONGQU_SOURCE_DIR) + "/sdk/test/badinput/" + folder + "/";
  std::ifstream index(at + "expected.tsv");
  std::vector<BadInput> all;
  for (std::string line; std::getline(index, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream cells(line);
    BadInput one;
    std::string status;
    for (std::string* cell : {&one.name, &one.error_id, &status, &one.content_type, &one.judge, &one.row, &one.shows}) std::getline(cells, *cell, '\t');
    one.status = std::stoi(status);
    if (one.content_type == "-") one.content_type.clear();
    if (one.name.rfind("gen:", 0) == 0) {
      const auto colon = one.name.rfind(':');
      one.bytes = generated(one.name.substr(4, colon - 4), std::stoul(one.name.substr(colon + 1)));
    } else {
      std::ifstream file(at + one.name, std::ios::binary);
      if (!file) throw std::runtime_error("no file " + one.name);
      std::ostringstream bytes;
      bytes << file.rdbuf();
      one.bytes = bytes.str();
    }
    all.push_back(std::move(one));
  }
  return all;
}

/// Rows of the folder `request`: whole requests, for what stands in the head.
struct BadRequest { std::string name, error_id, listener, judge, row, shows, bytes; int status = 0; };

/// @param token  Stands in the scripts as @TOKEN@.
inline std::vector<BadRequest> bad_requests(const std::string& token) {
  const std::string at = std::string(TONGQU_SOURCE_DIR) + "/sdk/test/badinput/request/";
  std::ifstream index(at + "expected.tsv");
  std::vector<BadRequest> all;
  for (std::string line; std::getline(index, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream cells(line);
    BadRequest one;
    std::string status;
    for (std::string* cell : {&one.name, &one.error_id, &status, &one.listener, &one.judge, &one.row, &one.shows}) std::getline(cells, *cell, '\t');
    one.status = std::stoi(status);
    std::ifstream file(at + one.name, std::ios::binary);
    if (!file) throw std::runtime_error("no file " + one.name);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    one.bytes = bytes.str();
    for (auto mark = one.bytes.find("@TOKEN@"); mark != std::string::npos; mark = one.bytes.find("@TOKEN@", mark)) one.bytes.replace(mark, 7, token);
    all.push_back(std::move(one));
  }
  return all;
}

} // namespace tongqu::test
