#include "tongqu/wire/json_tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

namespace tongqu::wire {
namespace {

struct Refusal {
  std::string id;
  std::string where;
};

/// Some of the keys that the tests below write, so that objects hold keys with a number, keys without one, and both.
const NameSet& some_names() {
  static const NameSet names = [] {
    NameSet made;
    for (const char* name : {"a", "d", "v", "key0", "key7", "key8", "key31", "key499", "k50000"}) made.add(name);
    for (int i = 0; i < 30; i += 2) made.add("k" + std::to_string(i));
    made.freeze();
    return made;
  }();
  return names;
}

/// Read without a set of names and with one: what stands in it must make no difference.
Refusal refusal(std::string_view text, JsonOptions options = {}) {
  const auto judged = [&]() -> Refusal {
    const auto document = parse_json(text, options);
    if (document) return {"accepted", ""};
    return {std::string(document.error().id()), document.error().where()};
  };
  Refusal without = judged();
  options.names = &some_names();
  const Refusal with = judged();
  EXPECT_EQ(with.id, without.id) << text.substr(0, 1000);
  EXPECT_EQ(with.where, without.where) << text.substr(0, 1000);
  return without;
}

#define EXPECT_REFUSED(text, expected_id, expected_where)  \
  do {                                                     \
    const Refusal got = refusal(text);                     \
    EXPECT_EQ(got.id, expected_id) << text;                \
    EXPECT_EQ(got.where, expected_where) << text;          \
  } while (false)

Document parsed(std::string_view text, const JsonOptions& options = {}) {
  auto document = parse_json(text, options);
  EXPECT_TRUE(document) << text << ": " << (document ? "" : describe(document.error()));
  return document ? *std::move(document) : Document();
}

std::string nested(std::size_t depth, char open, char close) { return std::string(depth, open) + std::string(depth, close); }

TEST(JsonReader, tape_links_members_items_and_parents_in_document_order) {
  const std::string_view text = R"({"a":[1,{"b":null}],"c":"x"})";
  const Document document = parsed(text);
  const Node root = document.root();
  ASSERT_EQ(root.kind(), NodeKind::object);
  EXPECT_EQ(root.child_count(), 2u);
  const Node a = root.first_child();
  EXPECT_EQ(a.name(), "a");
  EXPECT_EQ(a.kind(), NodeKind::array);
  const Node one = a.first_child();
  EXPECT_EQ(one.kind(), NodeKind::number);
  EXPECT_EQ(one.raw_text(), "1");
  const Node inner = one.next();
  EXPECT_EQ(inner.kind(), NodeKind::object);
  EXPECT_FALSE(inner.next());
  EXPECT_EQ(inner.parent(), a);
  EXPECT_TRUE(inner.child("b").is_nil());
  EXPECT_EQ(inner.child("b").path(), "/a/1/b");
  const Node c = a.next();
  EXPECT_EQ(c.raw_text(), "x");
  EXPECT_EQ(c.parent(), root);
  EXPECT_EQ(a.entry().end, c.index());
  EXPECT_EQ(root.entry().end, document.tape().size());
  EXPECT_EQ(c.position(), "1:21");
}

TEST(JsonReader, empty_containers_have_no_child) {
  const Document document = parsed(" { \"a\" : [ ] , \"b\" : { } } ");
  EXPECT_FALSE(document.root().child("a").has_children());
  EXPECT_FALSE(document.root().child("a").first_child());
  EXPECT_FALSE(document.root().child("b").first_child());
}

TEST(JsonReader, numbers_keep_every_digit_as_written) {
  const Document document = parsed("[91440300708461136123, -0, 1.10, 1E+2, 9007199254740993]");
  std::vector<std::string> got;
  for (Node n = document.root().first_child(); n; n = n.next()) got.emplace_back(n.raw_text());
  EXPECT_EQ(got, (std::vector<std::string>{"91440300708461136123", "-0", "1.10", "1E+2", "9007199254740993"}));
}

TEST(JsonReader, strings_without_escapes_point_into_the_source_and_others_are_decoded) {
  const std::string text = R"(["通衢","a\u0062\n\"\\\/\b\f\r\t","\ud842\udfb7","\u901a\u0079"])";
  const Document document = parsed(text);
  const Node first = document.root().first_child();
  EXPECT_EQ(first.raw_text(), "通衢");
  EXPECT_EQ(first.raw_text().data(), text.data() + 2);
  EXPECT_EQ(first.next().raw_text(), "ab\n\"\\/\b\f\r\t");
  EXPECT_EQ(first.next().next().raw_text(), "\xF0\xA0\xAE\xB7");
  EXPECT_EQ(first.next().next().next().raw_text(), "通y");
}

TEST(JsonReader, names_in_the_set_carry_their_number_also_when_escaped) {
  NameSet names;
  const auto number = names.add("case_no");
  names.freeze();
  JsonOptions options;
  options.names = &names;
  const Document document = parsed(R"({"other":1,"case\u005fno":2})", options);
  EXPECT_EQ(document.root().first_child().symbol(), 0u);
  EXPECT_EQ(document.root().first_child().next().symbol(), number);
}

TEST(JsonReader, duplicate_keys_are_refused_at_the_second_key_also_through_escapes) {
  EXPECT_REFUSED(R"({"a":1,"a":2})", "wire.json_duplicate_key", "1:8");
  EXPECT_REFUSED("{\"a\":1,\n \"\\u0061\":2}", "wire.json_duplicate_key", "2:2");
  EXPECT_REFUSED(R"({"x":{"a":{"b":1},"c":2,"a":1}})", "wire.json_duplicate_key", "1:25");
  EXPECT_REFUSED(R"({"":1,"":2})", "wire.json_duplicate_key", "1:7");
  EXPECT_EQ(refusal(R"([{"a":1},{"a":1},{"a":{"a":1},"A":2}])").id, "accepted");
}

std::string object_of(std::size_t members, const std::string& last_key) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i) text += "\"key" + std::to_string(i) + "\":{\"key0\":[]},";
  return text + "\"" + last_key + "\":0}";
}

TEST(JsonReader, duplicate_of_any_earlier_key_is_found_in_objects_of_every_size) {
  for (const std::size_t members : {1u, 7u, 8u, 9u, 31u, 32u, 33u, 64u, 500u}) {
    EXPECT_EQ(refusal(object_of(members, "last")).id, "accepted") << members;
    for (std::size_t i = 0; i < members; ++i) {
      ASSERT_EQ(refusal(object_of(members, "key" + std::to_string(i))).id, "wire.json_duplicate_key") << members << " " << i;
    }
  }
}

TEST(JsonReader, keys_of_one_large_object_do_not_count_against_its_sibling) {
  EXPECT_EQ(refusal("[" + object_of(40, "z") + "," + object_of(40, "z") + "," + object_of(9, "z") + "]").id, "accepted");
}

TEST(JsonReader, a_hundred_thousand_keys_are_checked_without_quadratic_work) {
  std::string text = "{";
  for (int i = 0; i < 99999; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  const std::clock_t start = std::clock();
  EXPECT_EQ(refusal(text + "\"k50000\":0}").id, "wire.json_duplicate_key");
  EXPECT_EQ(refusal(text + "\"k\":0}").id, "accepted");
  // Time of this process, since a loaded machine takes any time. Five thousand million comparisons would take far longer.
  EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 5);
}

TEST(JsonReader, containers_nest_to_the_limit_and_not_one_deeper) {
  EXPECT_EQ(refusal(nested(64, '[', ']')).id, "accepted");
  EXPECT_REFUSED(nested(65, '[', ']'), "wire.json_depth", "1:65");
  EXPECT_REFUSED(std::string(1000000, '['), "wire.json_depth", "1:65");
  JsonOptions options;
  options.limits.depth_max = 2;
  EXPECT_EQ(refusal(R"({"a":{"b":1}})", options).id, "accepted");
  EXPECT_EQ(refusal(R"({"a":{"b":[]}})", options).where, "1:11");
  options.limits.depth_max = 2000000;
  EXPECT_EQ(refusal(nested(1000, '[', ']'), options).id, "accepted");
}

TEST(JsonReader, nul_and_lone_surrogates_are_refused_where_the_escape_begins) {
  EXPECT_REFUSED(R"(["ab\u0000"])", "wire.json_character", "1:5");
  EXPECT_REFUSED(R"({"\u0000":1})", "wire.json_character", "1:3");
  EXPECT_REFUSED(R"(["\ud800"])", "wire.json_character", "1:3");
  EXPECT_REFUSED(R"(["\udfb7\ud842"])", "wire.json_character", "1:3");
  EXPECT_REFUSED(R"(["x\ud842\u0041"])", "wire.json_character", "1:4");
  EXPECT_REFUSED(R"(["\ud842\n"])", "wire.json_character", "1:3");
  EXPECT_REFUSED(std::string("[\"a\0\"]", 6), "wire.json_syntax", "1:4");
}

TEST(JsonReader, invalid_utf8_is_refused_at_its_first_byte) {
  EXPECT_REFUSED("[\"ab\xFF\"]", "wire.encoding_invalid", "1:5");
  EXPECT_REFUSED("[\"\xE9\x80\x9A\xC0\xAF\"]", "wire.encoding_invalid", "1:6");      // Overlong.
  EXPECT_REFUSED("[\"\xE0\x9F\xBF\"]", "wire.encoding_invalid", "1:3");
  EXPECT_REFUSED("[\"\xED\xA0\x80\"]", "wire.encoding_invalid", "1:3");              // Surrogate.
  EXPECT_REFUSED("[\"\xF0\x8F\xBF\xBF\"]", "wire.encoding_invalid", "1:3");
  EXPECT_REFUSED("[\"\xF4\x90\x80\x80\"]", "wire.encoding_invalid", "1:3");          // Above U+10FFFF.
  EXPECT_REFUSED("[\"\xF8\x88\x80\x80\x80\"]", "wire.encoding_invalid", "1:3");
  EXPECT_REFUSED("[\"\xE9\x80", "wire.encoding_invalid", "1:3");
  EXPECT_REFUSED("[\"\xC3\"]", "wire.encoding_invalid", "1:3");
  EXPECT_REFUSED("[\"\xCD\xA8\xB5\xC0\"]", "wire.encoding_invalid", "1:5");          // GBK.
  EXPECT_REFUSED("{\"k\xFF\":1}", "wire.encoding_invalid", "1:4");
  EXPECT_EQ(refusal("[\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"]").id, "accepted");
}

TEST(JsonReader, bad_bytes_are_seen_at_every_distance_from_the_start_of_a_string) {
  for (std::size_t before = 0; before < 40; ++before) {
    const std::string plain(before, 'p');
    EXPECT_REFUSED("\"" + plain + "\x80" + plain + "\"", "wire.encoding_invalid", "1:" + std::to_string(before + 2));
    EXPECT_REFUSED("\"" + plain + "\x1F" + plain + "\"", "wire.json_syntax", "1:" + std::to_string(before + 2));
    EXPECT_REFUSED("\"" + plain + "\n" + plain + "\"", "wire.json_syntax", "1:" + std::to_string(before + 2));
    EXPECT_REFUSED("\"" + plain, "wire.json_syntax", "1:" + std::to_string(before + 2));
    EXPECT_REFUSED("\"" + plain + "\\x" + plain + "\"", "wire.json_syntax", "1:" + std::to_string(before + 3));
    EXPECT_EQ(parsed("\"" + plain + "\x7F\\n!" + plain + "\"").root().raw_text(), plain + "\x7F\n!" + plain);
  }
}

TEST(JsonReader, byte_order_mark_nul_and_anything_after_the_value_are_refused) {
  EXPECT_REFUSED("\xEF\xBB\xBF{}", "wire.json_syntax", "1:1");
  EXPECT_REFUSED(std::string("123\0", 4), "wire.json_syntax", "1:4");
  EXPECT_REFUSED("{} {}", "wire.json_syntax", "1:4");
  EXPECT_REFUSED("[1]\n]", "wire.json_syntax", "2:1");
  EXPECT_REFUSED("[1,]", "wire.json_syntax", "1:4");
  EXPECT_REFUSED("{\"a\":1,}", "wire.json_syntax", "1:8");
  EXPECT_REFUSED("{'a':1}", "wire.json_syntax", "1:2");
  EXPECT_REFUSED("[1 // x\n]", "wire.json_syntax", "1:4");
  EXPECT_REFUSED("[NaN]", "wire.json_syntax", "1:2");
  EXPECT_REFUSED("[truE]", "wire.json_syntax", "1:5");
  EXPECT_REFUSED("", "wire.json_syntax", "1:1");
  EXPECT_REFUSED(Bytes(), "wire.json_syntax", "1:1");
  EXPECT_REFUSED("\xC2\xA0[]", "wire.json_syntax", "1:1");
}

TEST(JsonReader, numbers_outside_the_grammar_or_the_range_of_a_finite_double_are_refused) {
  for (const char* bad : {"01", "+1", "1.", ".5", "-", "1e", "1e+", "0x10", "1.e1", "-a", "--1"}) EXPECT_EQ(refusal(bad).id, "wire.json_syntax") << bad;
  for (const char* bad : {"1e400", "-1e309", "1.8e308", "1e401", "1e-401", "0e401", "1e99999999999999999999", "0.00001e314", "100000e304"}) {
    EXPECT_EQ(refusal(bad).id, "wire.json_number") << bad;
  }
  for (const char* good : {"1.7976931348623157e308", "0.00001e313", "1e-400", "0e400", "0.0", "-0", "123e-390", "0.000e-400"}) {
    EXPECT_EQ(refusal(good).id, "accepted") << good;
  }
  EXPECT_EQ(refusal("[" + std::string(308, '9') + "]").id, "accepted");
  EXPECT_REFUSED("[1,\n" + std::string(310, '9') + "]", "wire.json_number", "2:1");
  EXPECT_EQ(refusal("0." + std::string(998, '1')).id, "accepted");
  EXPECT_EQ(refusal("0." + std::string(999, '1')).id, "wire.json_number");
}

TEST(JsonReader, every_limit_holds_at_and_not_above) {
  JsonOptions options;
  options.limits.message_bytes_max = 4;
  EXPECT_EQ(refusal("[12]", options).id, "accepted");
  EXPECT_EQ(refusal("[123]", options).id, "wire.json_limit");
  options = {};
  options.limits.name_bytes_max = 3;
  EXPECT_EQ(refusal(R"({"abc":1})", options).id, "accepted");
  EXPECT_EQ(refusal(R"({"abcd":1})", options).id, "wire.json_limit");
  options = {};
  options.limits.children_max = 2;
  EXPECT_EQ(refusal("[1,[1,2]]", options).id, "accepted");
  EXPECT_EQ(refusal("[1,2,3]", options).where, "1:6");
  options = {};
  options.limits.nodes_max = 3;
  EXPECT_EQ(refusal("[1,2]", options).id, "accepted");
  EXPECT_EQ(refusal("[1,[2]]", options).id, "wire.json_limit");
  options = {};
  options.limits.text_bytes_max = 3;
  EXPECT_EQ(refusal(R"(["a\u0062c"])", options).id, "accepted");
  EXPECT_EQ(refusal(R"(["abcd"])", options).id, "wire.json_limit");
}

TEST(JsonReader, a_document_is_reused_and_left_empty_after_a_refusal) {
  Document document;
  ASSERT_TRUE(parse_json_into(document, R"({"a":"\n"})", {}));
  ASSERT_TRUE(parse_json_into(document, R"([1])", {}));
  EXPECT_EQ(document.tape().size(), 2u);
  EXPECT_EQ(document.root().first_child().raw_text(), "1");
  EXPECT_FALSE(parse_json_into(document, "[1", {}));
  EXPECT_TRUE(document.empty());
}

TEST(JsonReader, every_cut_of_a_message_is_refused) {
  const std::string text = R"({"a":[1.5e3,true,null,"\u901a\ud842\udfb7通"],"b":{"c":-1}})";
  ASSERT_EQ(refusal(text).id, "accepted");
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const std::string copy(text, 0, cut);
    EXPECT_NE(refusal(copy).id, "accepted") << copy;
  }
}

TEST(JsonReader, errors_never_repeat_the_message) {
  for (const char* text : {R"({"secret":1,"secret":2})", R"(["secret)", R"(["secret\ud800"])", "secret", R"({"secret" 1})"}) {
    const auto document = parse_json(text);
    ASSERT_FALSE(document);
    EXPECT_EQ(describe(document.error()).find("secret"), std::string::npos) << text;
  }
}

TEST(JsonWriter, writes_compact_json_in_the_order_of_the_calls) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  writer.member("a", 1);
  writer.key("b");
  writer.begin_array();
  writer.begin_object();
  writer.end_object();
  writer.number_text("1.50");
  writer.boolean(false);
  writer.boolean(true);
  writer.null();
  writer.begin_array();
  writer.end_array();
  writer.number(INT64_MIN);
  writer.end_array();
  writer.member("c", "x\"y");
  writer.end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[{},1.50,false,true,null,[],-9223372036854775808],"c":"x\"y"})");
}

TEST(JsonWriter, escapes_what_rfc_8259_demands_and_nothing_else) {
  std::string out;
  append_json_string(out, std::string_view("a\"\\/\b\f\n\r\t\x01\x1F\x7F\0通\xE2\x80\xA8", 19));
  EXPECT_EQ(out, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000通\xE2\x80\xA8\"");
}

/// Rows of a platform are sent as JSON in a string of JSON: every other word of them has a quote, and six bytes for each of theirs is memory
/// asked for and cleared for nothing.
TEST(JsonWriter, a_text_with_quotes_asks_for_the_room_that_it_takes) {
  for (const std::size_t size : {9, 500, 4001}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; i += 5) text[i] = i % 2 == 0 ? '"' : '\\';
    text[size / 2] = '\x1F';
    std::string out;
    out.reserve(16);
    append_json_string(out, text);
    EXPECT_LE(out.capacity(), std::max<std::size_t>(out.size(), 32)) << size;
  }
}

/// The writer takes many characters a step; each place in a step, and each length of what is left, is another path through it.
TEST(JsonWriter, escapes_at_every_place_of_texts_of_every_length) {
  const auto expected = [](std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"') out += "\\\"";
      else if (c == '\\') out += "\\\\";
      else if (c == '\n') out += "\\n";
      else if (c == '\x1F') out += "\\u001f";
      else out += c;
    }
    return out + '"';
  };
  for (std::size_t size = 0; size <= 70; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (const char odd : {'"', '\\', '\n', '\x1F', ' ', '\x7F', '\x80', '\xFF'}) {
        // One byte long before the odd one and one behind it must come through as they are; the text stands alone in its memory.
        std::string text(size, 'x');
        if (at < size) text[at] = odd;
        if (at + 17 < size) text[at + 17] = '"';
        const std::unique_ptr<char[]> alone(new char[size == 0 ? 1 : size]);
        std::copy(text.begin(), text.end(), alone.get());
        std::string out(json_string_bytes_max(size), '#');
        char* const end = write_json_string(out.data(), {alone.get(), size});
        out.resize(static_cast<std::size_t>(end - out.data()));
        ASSERT_EQ(out, expected(text)) << size << " " << at << " " << static_cast<int>(odd);
        std::string appended = "before";
        append_json_string(appended, text);
        ASSERT_EQ(appended, "before" + expected(text));
      }
    }
  }
}

TEST(JsonWriter, copies_a_parsed_value_unchanged) {
  const std::string_view text = R"({"a":[1e2,{"b":null,"c":{}},[],"\u0061\n"],"d":true,"e":[[[2]],3]})";
  const Document document = parsed(text);
  std::string out;
  JsonWriter writer(out);
  writer.node(document.root());
  EXPECT_EQ(out, R"({"a":[1e2,{"b":null,"c":{}},[],"a\n"],"d":true,"e":[[[2]],3]})");

  std::string part;
  JsonWriter wrapper(part);
  wrapper.begin_object();
  wrapper.member("first", 0);
  wrapper.key("copy");
  wrapper.node(document.root().child("a").first_child().next());
  wrapper.member("last", 9);
  wrapper.end_object();
  EXPECT_EQ(part, R"({"first":0,"copy":{"b":null,"c":{}},"last":9})");
}

TEST(JsonPretty, indents_by_two_spaces) {
  const Document document = parsed(R"({"a":[1,{"b":null}],"c":{},"d":[],"e":"x\ny"})");
  EXPECT_EQ(pretty_json(document), "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": \"x\\ny\"\n}");
  EXPECT_EQ(pretty_json(parsed("3")), "3");
}

std::string tolerated_with(std::string_view text, const JsonTolerance& tolerance, const JsonOptions& options) {
  JsonUses uses;
  Document document;
  if (const auto read = parse_json_into(document, text, options, tolerance, uses); !read) return std::string(read.error().id()) + " " + read.error().where();
  std::string out;
  JsonWriter(out).node(document.root());
  static constexpr std::string_view kNames[] = {"key", "mark", "comment", "quote", "comma", "nan", "callback"};
  for (std::size_t i = 0; i < JsonUses::kKinds; ++i) {
    if (uses.uses[i].count != 0) out += " | " + std::string(kNames[i]) + " " + std::to_string(uses.uses[i].count) + " at " + document.position(uses.uses[i].offset);
  }
  // What was read tolerantly has a tape like any other.
  const auto strict = parse_json(std::string_view(out).substr(0, out.find(" | ")));
  EXPECT_TRUE(strict) << out;
  if (!strict) return out;
  EXPECT_EQ(strict->tape().size(), document.tape().size()) << text;
  for (std::size_t i = 0; i < strict->tape().size() && i < document.tape().size(); ++i) {
    const TapeEntry &a = strict->tape()[i], &b = document.tape()[i];
    EXPECT_EQ(a.parent, b.parent) << text << " entry " << i;
    EXPECT_EQ(a.next, b.next) << text << " entry " << i;
    EXPECT_EQ(a.end, b.end) << text << " entry " << i;
    EXPECT_EQ(a.has_child, b.has_child) << text << " entry " << i;
  }
  return out;
}

/// What a tolerant reader makes of a text, written again strictly, with the number of uses of each kind: "… | key 1 comment 2"; the same
/// without a set of names and with one.
std::string tolerated(std::string_view text, const JsonTolerance& tolerance) {
  JsonOptions options;
  const std::string without = tolerated_with(text, tolerance, options);
  options.names = &some_names();
  EXPECT_EQ(tolerated_with(text, tolerance, options), without) << text;
  return without;
}

JsonTolerance with(void (*set)(JsonTolerance&)) {
  JsonTolerance made;
  set(made);
  return made;
}

TEST(JsonTolerance, each_switch_allows_its_own_habit_and_no_other) {
  using T = JsonTolerance;
  const T comments = with([](T& t) { t.comments = true; }), quotes = with([](T& t) { t.single_quotes = true; }), commas = with([](T& t) { t.trailing_commas = true; });
  const T nan = with([](T& t) { t.not_a_number = true; }), callback = with([](T& t) { t.callback = true; }), mark = with([](T& t) { t.mark = true; });
  const std::string comment = "/* a */{// b\n\"x\" /*c*/: [1,/*d*/2]}//e";
  EXPECT_EQ(tolerated(comment, comments), "{\"x\":[1,2]} | comment 5 at 1:1");
  EXPECT_EQ(tolerated("{\"x\":\"//a/*b*/\"}", comments), "{\"x\":\"//a/*b*/\"}");
  EXPECT_EQ(tolerated("{/* a", comments), "wire.json_syntax 1:2");
  EXPECT_EQ(tolerated("[1]/", comments), "wire.json_syntax 1:4");
  EXPECT_EQ(tolerated("[1 /* \xC3\x28 */]", comments), "wire.json_syntax 1:4");
  const std::string quoted = "{'a':'b \"c\" \\'d\\' \\\"','e':\"it's\",'中':'𠮷'}";
  EXPECT_EQ(tolerated(quoted, quotes), "{\"a\":\"b \\\"c\\\" 'd' \\\"\",\"e\":\"it's\",\"中\":\"𠮷\"} | quote 5 at 1:2");
  EXPECT_EQ(tolerated("['a\n']", quotes), "wire.json_syntax 1:4");
  EXPECT_EQ(tolerated("['a\"]", quotes), "wire.json_syntax 1:6");
  EXPECT_EQ(tolerated("[\"\\'\"]", quotes), "wire.json_syntax 1:4");
  EXPECT_EQ(tolerated("['\xC3\x28']", quotes), "wire.encoding_invalid 1:3");
  EXPECT_EQ(tolerated("{\"a\":[1,2,],}", commas), "{\"a\":[1,2]} | comma 2 at 1:10");
  for (const char* text : {"[,]", "[1,,]", "{,}", "[1,2,", "{\"a\":1,,}"}) EXPECT_EQ(tolerated(text, commas).substr(0, 16), "wire.json_syntax") << text;
  EXPECT_EQ(tolerated("[NaN,Infinity,-Infinity,-1]", nan), "[null,null,null,-1] | nan 3 at 1:2");
  for (const char* text : {"[NaNa]", "[nan]", "[-NaN]", "[Inf]", "[+Infinity]"}) EXPECT_EQ(tolerated(text, nan).substr(0, 16), "wire.json_syntax") << text;
  EXPECT_EQ(tolerated(" jQuery.cb_1 ( {\"a\":1} ) ; ", callback), "{\"a\":1} | callback 1 at 1:2");
  for (const char* text : {"cb({}", "cb({});;", "(1)", "cb({})x", "1cb({})", "cb[1]"}) EXPECT_EQ(tolerated(text, callback).substr(0, 16), "wire.json_syntax") << text;
  EXPECT_EQ(tolerated("\xEF\xBB\xBF{}", mark), "{} | mark 1 at 1:1");
  for (const std::string& text : {comment, quoted, std::string("{\"a\":[1,2,],}"), std::string("[NaN]"), std::string("cb({})"), std::string("\xEF\xBB\xBF{}")}) {
    int read = 0;
    for (const T& one : {T(), comments, quotes, commas, nan, callback, mark}) {
      JsonUses uses;
      Document document;
      read += parse_json_into(document, text, {}, one, uses) ? 1 : 0;
    }
    EXPECT_EQ(read, 1) << text;
  }
}

TEST(JsonTolerance, of_a_key_that_stands_twice_the_first_or_the_last_counts) {
  using T = JsonTolerance;
  const T first = with([](T& t) { t.keys = T::Keys::first; }), last = with([](T& t) { t.keys = T::Keys::last; });
  const std::string text = R"({"a":{"x":[1,{"y":2}]},"b":1,"a":3,"c":{"d":1,"d":[2,[3]],"d":4},"\u0061":[5,6],"":0,"":1})";
  EXPECT_EQ(tolerated(text, first), R"({"a":{"x":[1,{"y":2}]},"b":1,"c":{"d":1},"":0} | key 5 at 1:30)");
  EXPECT_EQ(tolerated(text, last), R"({"b":1,"c":{"d":4},"a":[5,6],"":1} | key 5 at 1:30)");
  EXPECT_EQ(tolerated(text, T()), "wire.json_duplicate_key 1:30");
}

/// More keys than are compared one by one, against a model of what should be left.
TEST(JsonTolerance, many_keys_many_times) {
  std::uint32_t state = 20990105;
  const auto random = [&state](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  for (int round = 0; round < 300; ++round) {
    const std::uint32_t size = random(40), names = 1 + random(30);
    std::string text = "{";
    std::vector<std::pair<std::string, std::string>> members, first, last;
    for (std::uint32_t i = 0; i < size; ++i) {
      const std::string key = "\"k" + std::to_string(random(names)) + "\"", value = random(3) == 0 ? "{\"v\":[" + std::to_string(i) + ",[]]}" : std::to_string(i);
      text += (i == 0 ? "" : ",") + key + ":" + value;
      members.emplace_back(key, value);
    }
    const auto stands = [](const auto& list, const std::string& key) {
      for (const auto& [name, value] : list) {
        if (name == key) return true;
      }
      return false;
    };
    for (const auto& one : members) {
      if (!stands(first, one.first)) first.push_back(one);
    }
    for (auto at = members.rbegin(); at != members.rend(); ++at) {
      if (!stands(last, at->first)) last.insert(last.begin(), *at);
    }
    const auto written = [](const auto& list) {
      std::string out = "{";
      for (const auto& [name, value] : list) out += (out.size() == 1 ? "" : ",") + name + ":" + value;
      return out + "}";
    };
    JsonTolerance tolerance;
    tolerance.keys = JsonTolerance::Keys::first;
    std::string got = tolerated(text + "}", tolerance);
    EXPECT_EQ(got.substr(0, got.find(" | ")), written(first)) << text;
    tolerance.keys = JsonTolerance::Keys::last;
    got = tolerated(text + "}", tolerance);
    EXPECT_EQ(got.substr(0, got.find(" | ")), written(last)) << text;
  }
}

} // namespace
} // namespace tongqu::wire
