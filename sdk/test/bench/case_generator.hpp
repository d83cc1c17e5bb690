#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Synthetic cases for the benchmarks: 46 fields and 6 materials of 8 fields, made from a number alone, so that two runs measure the
/// same bytes. Codes have valid check characters, times stand in order, case numbers are unique, and nobody in them exists: people are
/// born after 2099 in division 100000, organisations sit in division 990000.
namespace tongqu::bench {

/// One case as a legacy system would hold it: wire names and values, in wire order.
struct LegacyCase {
  using Row = std::vector<std::pair<std::string_view, std::string>>;
  Row fields;
  std::vector<Row> materials;
  std::string case_no;
};

/// The case of that number; case numbers differ for all numbers below 6 million.
LegacyCase make_case(std::uint64_t number);

/// Fields as elements in the SOAP body (operation sendCase).
std::string soap_form(const LegacyCase& one);
/// The same as a document in a string (operation sendXml, part xml), escaped.
std::string soap_string_form(const LegacyCase& one);
/// The same as JSON: {"user": ..., "data": {..., "cllist": [...]}}.
std::string rest_form(const LegacyCase& one);
/// One document with the first `count` cases: <cases><case>…</case>…</cases>.
std::string batch_form(std::size_t count);

} // namespace tongqu::bench
