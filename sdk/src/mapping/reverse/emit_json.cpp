#include <cstdio>

#include "mapping/reverse/emit.hpp"

namespace tongqu::mapping::detail {
namespace {

class JsonOut {
public:
  JsonOut(std::string& out, const JsonLayout& layout, const Charset& charset) : out_(out), layout_(layout), charset_(charset) {}

  void object(const OutNode& node);
  void string(std::string_view text);
  void name(std::string_view text) {
    string(text);
    out_ += layout_.spaced ? ": " : ":";
  }

private:
  void value(const OutNode& node);
  void comma() { out_ += layout_.spaced ? ", " : ","; }
  void unicode(char32_t point);
  static bool in_array(const OutNode& node) { return node.shape->list || node.shape->array || node.shape->step.ordinal != 0; }

  std::string& out_;
  const JsonLayout& layout_;
  const Charset& charset_;
};

void JsonOut::unicode(char32_t point) {
  const auto put = [this](unsigned unit) {
    char text[16];
    (void)std::snprintf(text, sizeof text, "\\u%04x", unit);
    out_ += text;
  };
  if (point < 0x10000) {
    put(static_cast<unsigned>(point));
    return;
  }
  put(0xD800u + static_cast<unsigned>((point - 0x10000) >> 10));
  put(0xDC00u + static_cast<unsigned>((point - 0x10000) & 0x3FF));
}

void JsonOut::string(std::string_view text) {
  const bool all = charset_.takes(text);
  out_ += '"';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = utf8_bytes(text, at);
    const std::string_view one = text.substr(at, size);
    const char c = size == 1 ? one[0] : '\0';
    static constexpr std::string_view kLetters = "bfnrt";
    static constexpr std::string_view kSigns = "\b\f\n\r\t";
    if (size == 1 && (c == '"' || c == '\\')) out_.append("\\").append(1, c);
    else if (size == 1 && kSigns.find(c) != std::string_view::npos) out_.append("\\").append(1, kLetters[kSigns.find(c)]);
    else if (size == 1 && static_cast<unsigned char>(c) < 0x20) unicode(static_cast<unsigned char>(c));
    else if (size > 1 && (layout_.ascii || (!all && !charset_.takes(one)))) unicode(utf8_point(text, at));
    else out_ += one;
    at += size;
  }
  out_ += '"';
}

void JsonOut::value(const OutNode& node) {
  if (node.nil) {
    out_ += "null";
  } else if (node.shape->nested != Shape::Nested::none && !node.children.empty()) {
    std::string inner;
    if (node.shape->nested == Shape::Nested::json) {
      JsonOut(inner, layout_, charset_).object(node);
    } else {
      for (const auto& child : node.children) {
        XmlLayout layout;
        layout.root = {child->shape->step.name};
        inner += emit_xml(*child, layout, charset_);
      }
    }
    string(inner);
  } else if (!node.children.empty() || (!node.has_text && !node.shape->leaf)) {
    object(node);
  } else if (node.shape->token != Shape::Token::text && !node.text.empty()) {
    out_ += node.text;
  } else {
    string(node.text);
  }
}

void JsonOut::object(const OutNode& node) {
  out_ += '{';
  for (std::size_t i = 0; i < node.children.size();) {
    const OutNode& first = *node.children[i];
    if (i != 0) comma();
    name(first.shape->step.name);
    if (!in_array(first)) {
      value(first);
      ++i;
      continue;
    }
    out_ += '[';
    const std::size_t start = i;
    for (; i < node.children.size() && node.children[i]->shape->step.name == first.shape->step.name; ++i) {
      if (node.children[i]->none) continue;
      if (i != start) comma();
      value(*node.children[i]);
    }
    out_ += ']';
  }
  out_ += '}';
}

} // namespace

std::string emit_json(const OutNode& start, const JsonLayout& layout, const Charset& charset) {
  std::string out;
  JsonOut json(out, layout, charset);
  for (const std::string& name : layout.root) {
    out += '{';
    json.name(name);
  }
  json.object(start);
  out.append(layout.root.size(), '}');
  return out;
}

} // namespace tongqu::mapping::detail
