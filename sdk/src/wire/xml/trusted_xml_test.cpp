#include "tongqu/wire/trusted_xml.hpp"

#include <gtest/gtest.h>

#include "tongqu/wire/xml.hpp"

namespace tongqu::wire {
namespace {

constexpr std::string_view kWsdl = R"(<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap12/">
  <!-- kept -->
  <wsdl:service name="CaseService">
    <wsdl:port name="a"><soap:address location="http://localhost:8080/old"/></wsdl:port>
    <wsdl:port name="b"><s:address location="http://localhost:8080/old"/></wsdl:port>
    <wsdl:port name="c"><http:address location="http://localhost:8080/plain"/></wsdl:port>
    <wsdl:port name="d"><address xmlns="http://schemas.xmlsoap.org/wsdl/soap/"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>
)";

TEST(WsdlAddress, every_soap_address_of_both_bindings_is_set_and_no_other) {
  const auto wsdl = wsdl_with_address(kWsdl, "https://bridge.example/ws?a=1&b=2");
  ASSERT_TRUE(wsdl);
  const auto document = parse_xml(*wsdl);
  ASSERT_TRUE(document) << describe(document.error());
  std::vector<std::string> locations;
  for (Node port = document->root().child("service").first_child(); port; port = port.next()) {
    locations.emplace_back(port.first_child().attribute("location").raw_text());
  }
  const std::string ours = "https://bridge.example/ws?a=1&b=2";
  EXPECT_EQ(locations, (std::vector<std::string>{ours, ours, "http://localhost:8080/plain", ours}));
  EXPECT_NE(wsdl->find("<!-- kept -->"), std::string::npos);
}

TEST(WsdlAddress, a_file_that_is_broken_has_a_doctype_or_no_address_is_refused) {
  EXPECT_EQ(wsdl_with_address("<a><b></a>", "x").error().id(), "wire.wsdl_invalid");
  EXPECT_EQ(wsdl_with_address("", "x").error().id(), "wire.wsdl_invalid");
  EXPECT_EQ(wsdl_with_address("<a/>", "x").error().detail(), "no soap:address");
  const char* with_doctype = "<!DOCTYPE a><a xmlns='http://schemas.xmlsoap.org/wsdl/soap/'><address/></a>";
  EXPECT_EQ(wsdl_with_address(with_doctype, "x").error().id(), "wire.wsdl_invalid");
}

} // namespace
} // namespace tongqu::wire
