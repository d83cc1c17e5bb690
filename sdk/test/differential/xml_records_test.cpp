#include "tongqu/wire/xml_records.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "xml_mutator.hpp"

/// Reading the records of a document apart gives what reading it whole gives: the same verdict, and of each record the same part of the
/// tape, whatever the input.
namespace tongqu::test {
namespace {

using wire::Document;
using wire::Node;
using wire::TapeEntry;

/// Everything about a node that rules and findings can see.
std::string seen(const Node& node, wire::PlaceMemory& memory) {
  const TapeEntry& entry = node.entry();
  std::string all = node.path(memory) + " " + node.position(memory) + " {" + std::string(node.ns()) + "}" + std::string(node.name()) + "=" + std::string(node.raw_text());
  all += " " + std::to_string(static_cast<int>(entry.kind)) + std::to_string(entry.has_child) + std::to_string(entry.has_text) + std::to_string(entry.mixed) + " " +
         std::to_string(entry.symbol) + " " + std::to_string(entry.attributes) + " " + std::to_string(entry.end - node.index()) + "\n";
  return all;
}

/// A node and all below it.
std::string tree(const Document& document, std::uint32_t from, wire::PlaceMemory& memory) {
  std::string all;
  for (std::uint32_t at = from; at < document.tape()[from].end; ++at) all += seen(Node(&document, at), memory);
  return all;
}

bool named(const Node& node, const std::string& name) { return name.empty() || node.name() == name; }

/// Elements at a path from the root, in their order.
void find(const Node& node, const wire::RecordPath& path, std::size_t depth, std::vector<std::uint32_t>& found) {
  if (!named(node, path[depth])) return;
  if (depth + 1 == path.size()) return found.push_back(node.index());
  for (Node child = node.first_child(); child; child = child.next()) find(child, path, depth + 1, found);
}

std::vector<std::uint32_t> records_of(const Document& document, const wire::RecordPath& path) {
  std::vector<std::uint32_t> found;
  find(document.root(), path, 0, found);
  return found;
}

class Collected final : public wire::RecordElements {
public:
  explicit Collected(const Document& document) : document_(document) { memory_.watch(&document); }
  void take(std::uint32_t element) override { trees.push_back(tree(document_, element, memory_)); }
  std::vector<std::string> trees;

private:
  const Document& document_;
  wire::PlaceMemory memory_;
};

/// What stands around the records, and where they stand.
std::string around(const Document& document, const std::vector<std::uint32_t>& records) {
  std::string all;
  wire::PlaceMemory memory;
  memory.watch(&document);
  std::size_t next = 0;
  const std::uint32_t end = std::min<std::uint32_t>(document.grafted(), static_cast<std::uint32_t>(document.tape().size()));
  for (std::uint32_t at = 0; at < end; ++at) {
    const Node node(&document, at);
    all += node.path(memory) + " " + node.position(memory) + " {" + std::string(node.ns()) + "}" + std::string(node.name()) + "\n";
    if (next < records.size() && records[next] == at) {
      at = document.tape()[at].end - 1;
      ++next;
    } else {
      all += std::string(node.raw_text()) + std::to_string(node.entry().has_child) + std::to_string(node.entry().mixed) + std::to_string(node.entry().attributes) + "\n";
    }
  }
  return all;
}

struct Seen { bool good = false; std::size_t records = 0; };

Seen compare(Bytes bytes, const wire::XmlOptions& options, const wire::RecordPath& path) {
  Document whole, thin;
  wire::XmlOptions own = options;
  own.engine = wire::XmlEngine::scanner;
  const auto expected = wire::parse_xml_into(whole, bytes, own);
  const auto found = wire::parse_xml_thin_into(thin, bytes, own, path);
  EXPECT_EQ(found.has_value(), expected.has_value());
  if (!expected || !found) {
    if (!expected && !found) {
      EXPECT_EQ(found.error().id(), expected.error().id());
      EXPECT_EQ(found.error().where(), expected.error().where());
      EXPECT_EQ(found.error().detail(), expected.error().detail());
    }
    return {};
  }
  const auto all = records_of(whole, path);
  const auto stubs = records_of(thin, path);
  EXPECT_EQ(stubs.size(), all.size());
  if (stubs.size() != all.size()) return {};
  std::size_t inside = 0;
  wire::PlaceMemory memory;
  memory.watch(&whole);
  for (const std::uint32_t record : all) inside += whole.tape()[record].end - record - 1;
  EXPECT_EQ(thin.tape().size(), whole.tape().size() - inside) << "nothing of a record stays but its stub";
  Collected collected(thin);
  wire::read_records(thin, own, path, stubs, collected);
  EXPECT_EQ(collected.trees.size(), all.size());
  for (std::size_t i = 0; i < std::min(all.size(), collected.trees.size()); ++i) EXPECT_EQ(collected.trees[i], tree(whole, all[i], memory));
  EXPECT_EQ(around(thin, stubs), around(whole, all));
  return {true, all.size()};
}

const char* const kRows = "<d xmlns='urn:a' xmlns:q='urn:q'>\n <n>&lt;3&gt;</n>\n <row q:k='1' j='&amp;&#65;'><no>C1 &amp; co</no><q:x><y>deep</y></q:x></row>\n"
                          "<other><row>not one</row></other><row/><row>text</row><row xmlns='urn:b'><z xmlns:w='urn:w' w:a='1'/><![CDATA[<mixed>]]></row>\n"
                          "<row><!-- c --><no>C&#x4E2D;</no><no>again</no></row> <foot>&quot;end&quot;</foot></d>";

TEST(XmlRecords, each_record_is_the_part_of_the_document_that_it_is) {
  wire::NameSet names;
  for (const char* name : {"row", "no", "x", "k"}) (void)names.add(name);
  names.freeze();
  wire::XmlOptions options;
  options.names = &names;
  EXPECT_EQ(compare(kRows, options, {"d", "row"}).records, 5u);
  EXPECT_EQ(compare(kRows, options, {"", "row"}).records, 5u);
  EXPECT_EQ(compare(kRows, options, {"d", "other", "row"}).records, 1u);
  EXPECT_EQ(compare(kRows, options, {"d", "none"}).records, 0u);
  EXPECT_EQ(compare(kRows, options, {"e", "row"}).records, 0u);
  EXPECT_EQ(compare("<row><row><row>a</row><row>b</row></row></row>", options, {"row", "row"}).records, 1u);
}

TEST(XmlRecords, a_path_names_the_place_of_a_record_among_all) {
  Document thin;
  const wire::RecordPath path{"d", "row"};
  ASSERT_TRUE(wire::parse_xml_thin_into(thin, "<d><row><a>1</a></row><row><a>2</a><a>3</a></row></d>", {}, path));
  Collected collected(thin);
  wire::read_records(thin, {}, path, records_of(thin, path), collected);
  ASSERT_EQ(collected.trees.size(), 2u);
  EXPECT_EQ(collected.trees[0].substr(0, 10), "/d/row[1] ");
  EXPECT_NE(collected.trees[0].find("/d/row[1]/a "), std::string::npos);
  EXPECT_NE(collected.trees[1].find("/d/row[2]/a[2] "), std::string::npos);
}

/// Asks for the place of the last node of each record only.
class LastPlaces final : public wire::RecordElements {
public:
  explicit LastPlaces(const Document& document) : document_(document) { memory_.watch(&document); }
  void take(std::uint32_t element) override { places.push_back(Node(&document_, document_.tape()[element].end - 1).path(memory_)); }
  std::vector<std::string> places;

private:
  const Document& document_;
  wire::PlaceMemory memory_;
};

TEST(XmlRecords, what_is_remembered_of_a_record_is_not_said_of_the_next) {
  Document thin;
  const wire::RecordPath path{"d", "row"};
  ASSERT_TRUE(wire::parse_xml_thin_into(thin, "<d><row><b/><a/></row><row><a/><a/><a/></row><row><c/><c/><c/><a/></row></d>", {}, path));
  LastPlaces last(thin);
  wire::read_records(thin, {}, path, records_of(thin, path), last);
  EXPECT_EQ(last.places, (std::vector<std::string>{"/d/row[1]/a", "/d/row[2]/a[3]", "/d/row[3]/a"}));
}

TEST(XmlRecords, entries_that_are_gone_count_for_the_limit) {
  const std::string document = "<d><row><a/><b/></row><row><a/><b/></row><row c='1'/></d>";
  wire::XmlOptions options;
  for (std::uint32_t most = 1; most < 12; ++most) {
    options.limits.nodes_max = most;
    EXPECT_EQ(compare(document, options, {"d", "row"}).good, most >= 8) << most;
  }
}

/// A record's texts that do not stand in the source go with it.
TEST(XmlRecords, memory_does_not_grow_with_the_records) {
  std::string document = "<d>";
  for (int i = 0; i < 2000; ++i) document += "<row><a>x &amp; y</a><b>1</b></row>";
  document += "</d>";
  Document thin;
  const wire::RecordPath path{"d", "row"};
  ASSERT_TRUE(wire::parse_xml_thin_into(thin, document, {}, path));
  EXPECT_EQ(thin.tape().size(), 2001u);
  EXPECT_LT(thin.arena().bytes_used(), 1000u);
  Collected collected(thin);
  wire::read_records(thin, {}, path, records_of(thin, path), collected);
  EXPECT_EQ(collected.trees.size(), 2000u);
  EXPECT_LT(thin.tape().size(), 2010u);
}

TEST(XmlRecords, inputs_from_a_seed_give_the_same_as_the_whole_document) {
  XmlMutator mutator(20261130, {kRows, "<d><row><a>1</a></row><row><a>2</a></row></d>"});
  std::size_t good = 0, records = 0;
  for (int i = 0; i < 20000 && !::testing::Test::HasFailure(); ++i) {
    const XmlInput& input = mutator.next();
    SCOPED_TRACE(i);
    for (const wire::RecordPath& path : {wire::RecordPath{"d", "row"}, wire::RecordPath{"", ""}, wire::RecordPath{"", "", ""}}) {
      const Seen one = compare(input.bytes, input.options, path);
      good += one.good ? 1 : 0;
      records += one.records;
    }
  }
  EXPECT_GT(good, 5000u);
  EXPECT_GT(records, 5000u);
}

} // namespace
} // namespace tongqu::test
