// A vendor's program: C++17, built against the installed package alone. It touches every module that it links.
#include <cstdio>
#include <string>

#include <tongqu/model/record.hpp>
#include <tongqu/wire/xml.hpp>
#ifdef WITH_mapping
#include <tongqu/mapping/pack.hpp>
#endif
#ifdef WITH_bridge
#include <tongqu/bridge/bridge.hpp>
#endif

namespace {

int fail(const char* what) {
  std::printf("consumer: %s\n", what);
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  const auto refused = tongqu::wire::parse_xml("<!DOCTYPE a><a/>");
  if (refused || refused.error().id() != "wire.xml_doctype") return fail("a DOCTYPE was not refused");
  const auto read = tongqu::wire::parse_xml("<a><b>1</b></a>");
  if (!read || read->root().child("b").raw_text() != "1") return fail("a good document was not read");

  tongqu::model::Record record;
  record.identity.case_no = "C1";
  std::string json;
  tongqu::model::append_canonical_json(json, record);
  tongqu::Findings findings;
  const auto again = tongqu::model::read_canonical_json(json, findings);
  if (!again || again->identity.case_no != "C1") return fail("a record did not come back");

#ifdef WITH_mapping
  tongqu::Findings mistakes;
  const auto pack = tongqu::mapping::Pack::load(argc > 1 ? argv[1] : "", {}, mistakes);
  if (!pack) return fail("the pack did not load");
#else
  static_cast<void>(argc);
  static_cast<void>(argv);
#endif
#ifdef WITH_bridge
  const auto unreachable = tongqu::bridge::control_request("/nonexistent/control.sock", "{}");
  if (unreachable || unreachable.error().id() != "bridge.control_unreachable") return fail("the control socket answered");
#endif
  std::puts("consumer: all is there");
}
