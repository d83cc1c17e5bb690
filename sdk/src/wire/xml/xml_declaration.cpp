#include "xml/xml_declaration.hpp"

#include "xml/byte_runs.hpp"

namespace tongqu::wire::detail {
namespace {

/// `name="value"` behind white space.
struct Part { std::string_view name; std::string_view value; };

class DeclarationParser {
public:
  explicit DeclarationParser(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  XmlDeclaration parse() {
    XmlDeclaration out;
    const char* const start = at_;
    if (!next()) return bad(at_);
    if (!part_ || part_->name != "version") return bad(part_ ? part_->name.data() : start);
    out.version = part_->value;
    if (!next()) return bad(at_);
    if (part_ && part_->name == "encoding") {
      const char* const first = part_->value.data();
      if (!is_class(first, kNameStartByte) || *first == '_') return bad(first);
      out.encoding = part_->value;
      if (!next()) return bad(at_);
    }
    if (!part_) return out;
    if (part_->name != "standalone") return bad(part_->name.data());
    if (part_->value != "yes" && part_->value != "no") return bad(part_->value.data());
    skip_blanks();
    if (at_ != end_) return bad(at_);
    return out;
  }

private:
  static XmlDeclaration bad(const char* at) { return {{}, {}, at}; }

  bool at_blank() const noexcept { return at_ != end_ && is_class(at_, kBlankByte); }
  void skip_blanks() noexcept {
    while (at_blank()) ++at_;
  }

  /// Reads the next part into part_, nothing when there is none. False when it is not one; at_ is the place then.
  bool next() {
    part_.reset();
    if (at_ == end_) return true;
    if (!at_blank()) return false;
    skip_blanks();
    if (at_ == end_) return true;
    const char* const name = at_;
    while (at_ != end_ && *at_ != '=' && !at_blank() && !is_multibyte(at_)) ++at_;
    const std::string_view text(name, static_cast<std::size_t>(at_ - name));
    skip_blanks();
    if (at_ == end_ || *at_ != '=' || text.empty()) return false;
    ++at_;
    skip_blanks();
    return read_value(text);
  }

  bool read_value(std::string_view name) {
    if (at_ == end_ || (*at_ != '"' && *at_ != '\'')) return false;
    const char quote = *at_++;
    const char* const value = at_;
    while (at_ != end_ && is_class(at_, kNameByte)) ++at_;
    if (at_ == end_ || *at_ != quote) return false;
    part_ = Part{name, {value, static_cast<std::size_t>(at_ - value)}};
    ++at_;
    return true;
  }

  const char* at_;
  const char* end_;
  std::optional<Part> part_;
};

} // namespace

XmlDeclaration parse_declaration(std::string_view text) { return DeclarationParser(text).parse(); }

} // namespace tongqu::wire::detail
