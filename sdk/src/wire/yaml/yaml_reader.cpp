#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "tongqu/wire/yaml.hpp"
#include "wire/yaml/yaml_prescan.hpp"

namespace tongqu::wire {
namespace {

using detail::kYamlDepthMax;
using detail::kYamlNodesMax;

/// Leaves yaml-cpp's recursion at once; never seen outside this file.
struct Refused {
  Error error;
};

[[noreturn]] void refuse(Errc code, std::string where, const char* reason) { throw Refused{Error(code).at(std::move(where)).with(reason)}; }

std::string position_of(const YAML::Mark& mark) { return std::to_string(mark.line + 1) + ':' + std::to_string(mark.column + 1); }

/// Builds the tree from yaml-cpp's events. The events alone do not tell quotes, the words for null or an explicit key apart, so the
/// builder looks at the text where an event stands.
class Builder : public YAML::EventHandler {
public:
  explicit Builder(std::string_view text) : text_(text) {}

  std::optional<YamlNode>& root() { return root_; }
  const std::string& last_position() const { return last_position_; }
  /// Position of the innermost container that is still open; empty when none is.
  std::string open_position() const { return stack_.empty() ? std::string() : stack_.back().node.position(); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(Errc::wire_yaml_feature, position_of(mark), "a second document, or text after the end of the first");
  }
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(Errc::wire_yaml_feature, position_of(mark), "an alias"); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, {YamlNode::Kind::sequence, style});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, {YamlNode::Kind::mapping, style});
  }
  void OnMapEnd() override { close(); }

private:
  struct Frame {
    YamlNode node;
    bool flow = false;
    std::optional<YamlNode> key;
    std::set<std::string, std::less<>> keys;
  };
  struct Shape {
    YamlNode::Kind kind;
    YAML::EmitterStyle::value style;
  };

  bool expects_key() const { return !stack_.empty() && stack_.back().node.is_mapping() && !stack_.back().key; }
  char char_at(const YAML::Mark& mark) const {
    const auto at = static_cast<std::size_t>(mark.pos);
    return at < text_.size() ? text_[at] : '\0';
  }
  YamlNode begin_node(const YAML::Mark& mark, YAML::anchor_t anchor);
  void refuse_tab_indent(const YAML::Mark& mark) const;
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Shape shape);
  void close();
  void place(YamlNode node, const YAML::Mark& mark);
  void take_key(YamlNode node, const YAML::Mark& mark);
  bool is_explicit_key(const YAML::Mark& mark) const;
  std::string_view null_word(const YAML::Mark& mark) const;

  std::string_view text_;
  std::vector<Frame> stack_;
  std::optional<YamlNode> root_;
  std::string last_position_ = "1:1";
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
};

/// What stands between the start of the line and the node may hold no tab, unless something other than indentation comes before it.
void Builder::refuse_tab_indent(const YAML::Mark& mark) const {
  const auto end = static_cast<std::size_t>(mark.pos);
  const std::string_view before = text_.substr(end - static_cast<std::size_t>(mark.column), static_cast<std::size_t>(mark.column));
  if (before.find('\t') == std::string_view::npos || before.find_first_not_of("\t -?") != std::string_view::npos) return;
  refuse(Errc::wire_yaml_feature, position_of(mark), "a tab as indentation");
}

YamlNode Builder::begin_node(const YAML::Mark& mark, YAML::anchor_t anchor) {
  last_position_ = position_of(mark);
  if (anchor != 0 || char_at(mark) == '&') refuse(Errc::wire_yaml_feature, last_position_, "an anchor");
  if (++nodes_ > kYamlNodesMax) refuse(Errc::wire_yaml_limit, last_position_, "262144 nodes");
  YamlNode node;
  node.line = static_cast<std::uint32_t>(mark.line) + 1;
  node.column = static_cast<std::uint32_t>(mark.column) + 1;
  return node;
}

/// The word that yaml-cpp has read as null ("~", "null"), or nothing when the value is absent. When it is absent in a block, the
/// mark is that of the next token, which can itself be such a word as the key of a container further out, not indented more.
std::string_view Builder::null_word(const YAML::Mark& mark) const {
  const std::string_view rest = text_.substr(std::min(text_.size(), static_cast<std::size_t>(mark.pos)));
  if (!stack_.empty() && !stack_.back().flow && !expects_key() && static_cast<std::uint32_t>(mark.column) + 1 <= stack_.back().node.column) return {};
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    if (rest.substr(0, word.size()) == word) return rest.substr(0, word.size());
  }
  return {};
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  YamlNode node = begin_node(mark, anchor);
  node.text = null_word(mark);
  if (!node.text.empty()) {
    refuse_tab_indent(mark);
  } else if (expects_key()) {
    refuse(Errc::wire_yaml_feature, position_of(mark), "an empty key");
  } else if (!stack_.empty() && stack_.back().key) {
    node.line = stack_.back().key->line;
    node.column = stack_.back().key->column;
  }
  place(std::move(node), mark);
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) {
  YamlNode node = begin_node(mark, anchor);
  const char first = char_at(mark);
  if (first == '!' || (tag != "?" && tag != "!")) refuse(Errc::wire_yaml_feature, position_of(mark), "a tag");
  refuse_tab_indent(mark);
  if (value.find('\0') != std::string::npos) refuse(Errc::wire_yaml_syntax, position_of(mark), "a NUL character");
  if ((first == '"' || first == '\'') && detail::quoted_end(text_, static_cast<std::size_t>(mark.pos)) == std::string_view::npos) {
    refuse(Errc::wire_yaml_syntax, position_of(mark), "a quoted text that is not closed");
  }
  node.text = value;
  node.quoted = tag == "!";
  place(std::move(node), mark);
}

void Builder::open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Shape shape) {
  Frame frame;
  frame.node = begin_node(mark, anchor);
  if (char_at(mark) == '!' || (tag != "?" && tag != "!" && !tag.empty())) refuse(Errc::wire_yaml_feature, position_of(mark), "a tag");
  if (expects_key()) refuse(Errc::wire_yaml_feature, position_of(mark), "a key that is not a plain text");
  refuse_tab_indent(mark);
  if (stack_.size() >= kYamlDepthMax) refuse(Errc::wire_yaml_limit, position_of(mark), "depth 64");
  // Inside brackets yaml-cpp reads `a: b` as a mapping of its own, and so it reads a last item whose bracket is missing.
  const bool inside_brackets = !stack_.empty() && stack_.back().flow && stack_.back().node.is_sequence();
  if (shape.kind == YamlNode::Kind::mapping && inside_brackets && char_at(mark) != '{') {
    refuse(Errc::wire_yaml_syntax, position_of(mark), "expected a comma or the end of the sequence");
  }
  frame.node.kind = shape.kind;
  frame.flow = shape.style == YAML::EmitterStyle::Flow;
  stack_.push_back(std::move(frame));
}

void Builder::close() {
  YamlNode node = std::move(stack_.back().node);
  stack_.pop_back();
  if (stack_.empty()) {
    root_ = std::move(node);
  } else if (stack_.back().node.is_sequence()) {
    stack_.back().node.items.push_back(std::move(node));
  } else {
    stack_.back().node.members.emplace_back(*std::exchange(stack_.back().key, std::nullopt), std::move(node));
  }
}

void Builder::place(YamlNode node, const YAML::Mark& mark) {
  if (stack_.empty()) {
    root_ = std::move(node);
  } else if (stack_.back().node.is_sequence()) {
    stack_.back().node.items.push_back(std::move(node));
  } else if (!stack_.back().key) {
    take_key(std::move(node), mark);
  } else {
    stack_.back().node.members.emplace_back(*std::exchange(stack_.back().key, std::nullopt), std::move(node));
  }
}

/// A key after `? `. In a block it stands further right than its mapping; in braces the mark stands before it on the line.
bool Builder::is_explicit_key(const YAML::Mark& mark) const {
  if (!stack_.back().flow) return static_cast<std::uint32_t>(mark.column) + 1 != stack_.back().node.column;
  const std::string_view before = text_.substr(0, static_cast<std::size_t>(mark.pos));
  const auto last = before.find_last_not_of(" \t\r\n");
  return last != std::string_view::npos && before[last] == '?' && last + 1 < before.size();
}

void Builder::take_key(YamlNode node, const YAML::Mark& mark) {
  if (is_explicit_key(mark)) refuse(Errc::wire_yaml_feature, position_of(mark), "a key after a question mark");
  const char first = char_at(mark);
  if (first == '|' || first == '>') refuse(Errc::wire_yaml_feature, position_of(mark), "a key that is not a plain text");
  if (!node.quoted && node.text == "<<") refuse(Errc::wire_yaml_feature, position_of(mark), "a merge key");
  if (!stack_.back().keys.insert(node.text).second) throw Refused{Error(Errc::wire_yaml_duplicate_key).at(position_of(mark))};
  stack_.back().key = std::move(node);
}

struct Reason {
  std::string_view theirs;
  const char* ours;
};

/// Our words for the texts of yaml-cpp, which are never passed on; those that repeat a part of the input are known by their start.
const char* reason_for(std::string_view message) {
  static const std::array<Reason, 18> kReasons = {{
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "braces are not closed, or a comma or colon is missing"},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "brackets are not closed, or a comma is missing"},
    {YAML::ErrorMsg::END_OF_MAP, "expected a key of this mapping at its indentation"},
    {YAML::ErrorMsg::END_OF_SEQ, "expected an item of this sequence at its indentation"},
    {YAML::ErrorMsg::INVALID_HEX, "a wrong hexadecimal escape"},
    {YAML::ErrorMsg::INVALID_UNICODE, "an escape that is no character"},
    {YAML::ErrorMsg::INVALID_ESCAPE, "an unknown escape"},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "a character that cannot start a value"},
    {YAML::ErrorMsg::DOC_IN_SCALAR, "a document mark inside a quoted text"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "a quoted text that is not closed"},
    {YAML::ErrorMsg::CHAR_IN_SCALAR, "a character that is not allowed in a plain text"},
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab as indentation"},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket or brace without its opening"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a sequence item is not allowed here"},
    {YAML::ErrorMsg::MAP_KEY, "a mapping key is not allowed here"},
    {YAML::ErrorMsg::MAP_VALUE, "a colon is not allowed here; check the indentation or put the text in quotes"},
    {YAML::ErrorMsg::ZERO_INDENT_IN_BLOCK, "a block text cannot be indented by zero"},
    {YAML::ErrorMsg::CHAR_IN_BLOCK, "a wrong character after the mark of a block text"},
  }};
  for (const Reason& reason : kReasons) {
    if (message.substr(0, reason.theirs.size()) == reason.theirs) return reason.ours;
  }
  return "";
}

bool begins_refused_feature(char c) noexcept { return c == '!' || c == '&' || c == '*'; }

Error translate(const YAML::Exception& failure, std::string_view text, const Builder& builder) {
  const std::string_view message = failure.msg;
  const auto offset = static_cast<std::size_t>(failure.mark.pos);
  const bool unclosed = message == YAML::ErrorMsg::END_OF_MAP_FLOW || message == YAML::ErrorMsg::END_OF_SEQ_FLOW;
  std::string where = position_of(failure.mark);
  // At the end of the text yaml-cpp tells that end or nothing; where the bracket was opened is of more use.
  if (failure.mark.is_null() || (unclosed && (offset == 0 || offset >= text.size()))) where = builder.open_position().empty() ? builder.last_position() : builder.open_position();
  const bool known_place = offset < text.size();
  if (message == YAML::ErrorMsg::TAB_IN_INDENTATION) return Error(Errc::wire_yaml_feature).at(std::move(where)).with(reason_for(message));
  if (known_place && begins_refused_feature(text[offset]) && !unclosed) {
    return Error(Errc::wire_yaml_feature).at(std::move(where)).with("a tag, an anchor or an alias");
  }
  return Error(Errc::wire_yaml_syntax).at(std::move(where)).with(reason_for(message));
}

} // namespace

Result<YamlNode> parse_yaml(Bytes bytes) {
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (auto refused = detail::prescan_yaml(bytes)) return *std::move(refused);
  Builder builder(bytes);
  try {
    std::istringstream in{std::string(bytes)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return refused.error;
  } catch (const YAML::Exception& failure) {
    return translate(failure, bytes, builder);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return Error(Errc::wire_yaml_syntax).at(builder.last_position());
  }
  std::optional<YamlNode>& root = builder.root();
  const bool absent = !root || (root->is_scalar() && !root->quoted && root->text.empty());
  if (absent) return Error(Errc::wire_yaml_syntax).at("1:1").with("the document is empty");
  return *std::move(root);
}

YamlNode::YamlNode() = default;

const YamlNode* YamlNode::find(std::string_view key) const noexcept {
  for (const auto& [name, value] : members) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string YamlNode::position() const { return std::to_string(line) + ':' + std::to_string(column); }

} // namespace tongqu::wire
