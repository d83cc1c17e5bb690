#include "mapping/reverse/fill.hpp"

#include <algorithm>

#include "mapping/reverse/reverse_run.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/wire/xml.hpp"

namespace tongqu::mapping::detail {
namespace {

/// Places from an instance (left out) down to a leaf.
std::vector<const Shape*> way_down(const Shape& from, const Shape& to) {
  std::vector<const Shape*> way;
  for (const Shape* at = &to; at != &from && at != nullptr; at = at->parent) way.push_back(at);
  std::reverse(way.begin(), way.end());
  return way;
}

/// Signs that belong to the character before them: combining marks, variation selectors, joiners.
bool clings(char32_t point) {
  return (point >= 0x300 && point <= 0x36F) || (point >= 0x20D0 && point <= 0x20FF) || (point >= 0xFE00 && point <= 0xFE0F) || (point >= 0xE0100 && point <= 0xE01EF) || point == 0x200D;
}

std::size_t length_of(std::string_view text, const LengthLimit& limit, const Charset& charset) {
  switch (limit.unit) {
    case LengthLimit::Unit::characters: return utf8_length(text);
    case LengthLimit::Unit::utf8: return text.size();
    case LengthLimit::Unit::gbk: {
      Charset gb = charset;
      gb.encoding = wire::Encoding::gb18030;
      gb.repertoire = wire::Repertoire::gb18030;
      auto bytes = gb.bytes(text);
      return bytes ? bytes->size() : 4 * utf8_length(text);
    }
  }
  return text.size();
}

/// A JSON number, so that it may stand without quotes.
bool is_number(std::string_view text) {
  std::size_t at = text.empty() || text[0] != '-' ? 0 : 1;
  const auto digits = [&text, &at] {
    const std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  const std::size_t first = at;
  const std::size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

} // namespace

OutNode& Fill::place(OutNode& instance, const Shape& instance_shape, const Shape& leaf) {
  OutNode* now = &instance;
  for (const Shape* step : way_down(instance_shape, leaf)) now = &now->child(*step);
  return *now;
}

OutNode& Fill::append(OutNode& parent, const Shape& parent_shape, const Shape& element) {
  OutNode* now = &parent;
  const auto way = way_down(parent_shape, element);
  for (std::size_t i = 0; i + 1 < way.size(); ++i) now = &now->child(*way[i]);
  return now->append(element);
}

std::optional<std::string_view> Fill::text_of(const OutNode& instance, const Shape& instance_shape, const Shape& leaf) {
  const OutNode* now = &instance;
  for (const Shape* step : way_down(instance_shape, leaf)) {
    now = now->find(*step);
    if (now == nullptr) return leaf.constant ? std::optional<std::string_view>(*leaf.constant) : std::nullopt;
  }
  if (now->has_text) return std::string_view(now->text);
  if (!now->forms.empty()) return std::string_view(now->forms.front());
  // An element that is there without a text is present; one that holds others says nothing of its own.
  return now->nil ? std::nullopt : std::optional<std::string_view>(std::string_view());
}

void Fill::say(Errc id, bool error, const OutNode& node, Bilingual expected) {
  Finding finding;
  finding.id = id;
  finding.severity = error ? Severity::error : Severity::warn;
  finding.path = node.fields.empty() ? std::string() : node.fields.front();
  finding.source.part = "body";
  finding.source.path = node.shape->path();
  finding.value_class = value_class_of(node.text);
  finding.expected = std::move(expected);
  out_.findings.add(std::move(finding));
}

void Fill::excuse(const OutNode& node) { out_.excused.insert(node.fields.begin(), node.fields.end()); }

void Fill::put(OutNode& node, std::vector<Back> forms, const std::string& field, bool ambiguous) {
  node.fields.push_back(field);
  if (forms.front().part) {
    node.parts.push_back({*forms.front().part, forms.front().text});
    return;
  }
  std::vector<std::string> given;
  for (Back& form : forms) given.push_back(std::move(form.text));
  if (!node.written) {
    node.forms = std::move(given);
    node.open = ambiguous;
  } else {
    const auto missing = [&given](const std::string& text) { return std::find(given.begin(), given.end(), text) == given.end(); };
    node.forms.erase(std::remove_if(node.forms.begin(), node.forms.end(), missing), node.forms.end());
    node.open = node.open && ambiguous;
  }
  node.written = true;
}

/// A code of which rules give the parts: every part must be known, or the whole.
void Fill::join_parts(OutNode& node) {
  if (node.parts.empty()) return;
  if (node.written && !node.forms.empty()) {
    // Another rule gives the whole text; the parts must be those of it.
    const std::string& whole = node.forms.front();
    for (const OutNode::PartForm& part : node.parts) {
      std::size_t at = 0;
      for (unsigned i = 0; i + 1 < part.part.number; ++i) {
        for (unsigned n = 0; n < part.part.lengths[i] && at < whole.size(); ++n) at += utf8_bytes(whole, at);
      }
      if (whole.compare(at, part.text.size(), part.text) != 0) node.forms.clear();
      if (node.forms.empty()) return;
    }
    return;
  }
  const std::vector<unsigned>& lengths = node.parts.front().part.lengths;
  std::vector<const std::string*> texts(lengths.size(), nullptr);
  bool agree = true;
  for (const OutNode::PartForm& part : node.parts) {
    agree = agree && part.part.lengths == lengths;
    if (!agree) break;
    const std::string*& place = texts[part.part.number - 1];
    agree = place == nullptr || *place == part.text;
    place = &part.text;
  }
  const bool whole = agree && std::all_of(texts.begin(), texts.end(), [](const std::string* text) { return text != nullptr; });
  node.written = true;
  if (!whole) return;
  node.forms.emplace_back();
  for (const std::string* text : texts) node.forms.front() += *text;
}

void Fill::choose(OutNode& node) {
  join_parts(node);
  if (!node.written) return;
  if (node.forms.empty()) {
    say(Errc::mapping_reverse_conflict, true, node);
    return;
  }
  if (node.open && node.forms.size() > 1) say(Errc::mapping_reverse_table_ambiguous, true, node);
  node.text = node.forms.front();
  node.has_text = true;
}

/// What stands where the record has nothing: constants, empty elements, nil, and the first of a name in front of the second.
void Fill::add_missing(OutNode& node, std::size_t scope) {
  const auto wanted = [](const auto& self, const Shape& shape) -> bool {
    if (shape.list) return false;
    if (shape.constant || shape.absent != Shape::Absent::omit) return true;
    return std::any_of(shape.children.begin(), shape.children.end(), [&self](const auto& child) { return self(self, *child); });
  };
  for (const auto& child : node.shape->children) {
    const bool there = node.find(*child) != nullptr;
    bool behind = false;
    for (const auto& other : node.children) behind = behind || (other->shape->step.name == child->step.name && other->shape->step.ordinal > child->step.ordinal && child->step.ordinal != 0);
    if (there) continue;
    if (child->list && child->absent == Shape::Absent::empty && !plan_.xml[scope]) {
      node.append(*child).none = true;
      continue;
    }
    if (!behind && !wanted(wanted, *child)) continue;
    OutNode& made = node.append(*child);
    if (child->constant) made.text = *child->constant;
    made.has_text = child->constant.has_value() || child->leaf;
    made.nil = !child->constant && child->absent == Shape::Absent::nil;
  }
}

void Fill::shorten(OutNode& node, const Charset& charset) {
  const LengthLimit& limit = *node.shape->length;
  if (length_of(node.text, limit, charset) <= limit.most) return;
  const std::string unit = limit.unit == LengthLimit::Unit::characters ? "characters" : limit.unit == LengthLimit::Unit::utf8 ? "bytes of UTF-8" : "bytes of GBK";
  const std::string unit_zh = limit.unit == LengthLimit::Unit::characters ? "个字符" : limit.unit == LengthLimit::Unit::utf8 ? "字节（UTF-8）" : "字节（GBK）";
  const Bilingual expected{"at most " + std::to_string(limit.most) + " " + unit, "至多 " + std::to_string(limit.most) + " " + unit_zh};
  if (!limit.cut) {
    say(Errc::mapping_reverse_too_long, true, node, expected);
    return;
  }
  // Cut where a character begins that does not cling to the one before.
  std::size_t good = 0, used = 0;
  for (std::size_t at = 0; at < node.text.size();) {
    const std::size_t size = utf8_bytes(node.text, at);
    const std::size_t cost = length_of(std::string_view(node.text).substr(at, size), limit, charset);
    if (at != 0 && !clings(utf8_point(node.text, at)) && used <= limit.most) good = at;
    used += cost;
    at += size;
    if (used > limit.most) break;
  }
  say(Errc::mapping_reverse_cut, false, node, expected);
  excuse(node);
  node.text.resize(good);
}

void Fill::fit(OutNode& node, std::size_t scope) {
  if (!node.has_text) return;
  const Charset& charset = plan_.charsets[scope];
  if (plan_.crlf && node.text.find('\n') != std::string::npos) {
    std::string text;
    for (const char c : node.text) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
    node.text = std::move(text);
  }
  if (node.shape->length) shorten(node, charset);
  if (plan_.xml[scope] && wire::xml_forbidden(node.text) != std::string_view::npos) say(Errc::mapping_reverse_character, true, node, {"characters that XML 1.0 can hold", "XML 1.0 允许的字符"});
  if (node.shape->token == Shape::Token::number && !node.text.empty() && !is_number(node.text)) say(Errc::mapping_reverse_value, true, node, {"a number", "数字"});
  if (node.shape->token == Shape::Token::boolean && !node.text.empty() && node.text != "true" && node.text != "false") say(Errc::mapping_reverse_value, true, node, same("true | false"));
  if (charset.takes(node.text)) return;
  switch (charset.unencodable) {
    case Charset::Unencodable::reject: say(Errc::mapping_reverse_unencodable, true, node, same(charset.label)); break;
    case Charset::Unencodable::charref: break;
    case Charset::Unencodable::replace: {
      std::size_t count = 0;
      node.text = charset.replaced(node.text, count);
      say(Errc::mapping_reverse_replaced, false, node, {std::to_string(count) + " characters outside " + charset.label, charset.label + " 之外的字符 " + std::to_string(count) + " 个"});
      excuse(node);
      break;
    }
  }
}

void Fill::settle_node(OutNode& node, std::size_t scope) {
  choose(node);
  add_missing(node, scope);
  fit(node, scope);
  for (const auto& child : node.children) settle_node(*child, scope);
}

void Fill::settle(OutNode& document, std::size_t scope) {
  settle_node(document, scope);
  document.arrange();
}

} // namespace tongqu::mapping::detail
