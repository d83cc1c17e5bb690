#include <algorithm>
#include <vector>

#include "mapping/yaml_reader.hpp"
#include "tongqu/mapping/pack_tools.hpp"

namespace tongqu::mapping {
namespace detail {
namespace {

constexpr std::size_t kStep = 2;
constexpr std::size_t kAlignMax = 24;     ///< Keys that differ more in length are not aligned.

bool blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (blank(text.back()) || text.back() == '\r')) text.remove_suffix(1);
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  return text;
}

std::size_t indent_of(std::string_view line) {
  std::size_t count = 0;
  while (count < line.size() && line[count] == ' ') ++count;
  return count;
}

/// Columns that a text takes: Chinese characters count as one, so that alignment is the same in every editor font as in the packs.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// What stands behind the key of an entry, read over as many lines as it takes.
struct Value {
  std::vector<std::string> lines;        ///< The first continues the line of the key; the rest are whole but for their indentation.
  std::vector<std::size_t> indents;      ///< For the rest: columns behind the column where the value starts.
  bool flow = false;                     ///< Starts with { or [.
  bool hanging = false;                  ///< The rest is indented from the entry, not from the value.
};

/// One block entry: "- - key: value  # comment".
struct Entry {
  std::vector<std::string> before;       ///< Comment lines and blank lines in front; a blank line is an empty text.
  std::vector<std::size_t> before_indents;
  std::size_t column = 0;                ///< New column of the first dash or key.
  std::size_t depth_column = 0;          ///< New column of the key or the scalar, behind its dashes.
  std::size_t dashes = 0;
  std::string key;                       ///< With its colon; empty for a scalar item.
  Value value;
};

/// Reads a flow collection or quoted text and prints it canonically, keeping its line breaks and comments.
class FlowPrinter {
public:
  FlowPrinter(const std::vector<std::string>& lines, std::size_t line, std::size_t at) : lines_(lines), line_(line), at_(at) {}
  /// Answers the number of the line behind the value.
  std::size_t print(Value& out) {
    out.lines.emplace_back();
    out.indents.push_back(0);
    bool open = true;
    while (open && line_ < lines_.size()) {
      open = print_line(out);
      ++line_;
      at_ = 0;
      if (!open) break;
      out.lines.emplace_back();
      out.indents.push_back(brackets_.empty() ? kStep : brackets_.back() + 1);
    }
    return line_;
  }

private:
  /// Answers whether the value goes on.
  bool print_line(Value& out) {
    const std::string& line = lines_[line_];
    while (at_ < line.size() && out.lines.size() > 1 && out.lines.back().empty() && blank(line[at_])) ++at_;
    while (at_ < line.size()) {
      if (quote_ == 0 && (blank(line[at_]) || line[at_] == '\r')) ++at_;
      else if (quote_ == 0 && line[at_] == '#' && (at_ == 0 || blank(line[at_ - 1]))) return comment(out);
      else piece(out, line);
    }
    std::string& text = out.lines.back();
    while (quote_ == 0 && !text.empty() && text.back() == ' ') text.pop_back();
    return quote_ != 0 || !brackets_.empty();
  }
  bool comment(Value& out) {
    std::string& text = out.lines.back();
    while (!text.empty() && text.back() == ' ') text.pop_back();
    text += (text.empty() ? "" : "  ") + std::string(trimmed(std::string_view(lines_[line_]).substr(at_)));
    at_ = lines_[line_].size();
    return !brackets_.empty();
  }
  void put(Value& out, std::string_view text) { out.lines.back() += text; }
  void piece(Value& out, const std::string& line) {
    const char c = line[at_];
    if (quote_ != 0) return quoted(out, line);
    if (c == '"' || c == '\'') {
      quote_ = c;
      put(out, line.substr(at_++, 1));
    } else if (c == '{' || c == '[') {
      brackets_.push_back(out.indents.back() + width(out.lines.back()));
      put(out, line.substr(at_++, 1));
    } else if (c == '}' || c == ']') {
      strip_blank(out);
      if (!brackets_.empty()) brackets_.pop_back();
      put(out, line.substr(at_++, 1));
    } else if (c == ',') {
      strip_blank(out);
      put(out, ", ");
      ++at_;
    } else if (c == ':' && (at_ + 1 == line.size() || blank(line[at_ + 1]) || std::string_view(",[]{}").find(line[at_ + 1]) != std::string_view::npos || after_quote_)) {
      put(out, ": ");
      ++at_;
    } else {
      plain(out, line);
    }
    after_quote_ = false;
  }
  void quoted(Value& out, const std::string& line) {
    const char c = line[at_];
    if (c == '\\' && quote_ == '"' && at_ + 1 < line.size()) put(out, line.substr(at_++, 1));
    else if (c == quote_ && quote_ == '\'' && at_ + 1 < line.size() && line[at_ + 1] == '\'') put(out, line.substr(at_++, 1));
    else if (c == quote_) quote_ = 0;
    put(out, line.substr(at_++, 1));
    after_quote_ = quote_ == 0;
  }
  void plain(Value& out, const std::string& line) {
    const std::size_t start = at_;
    while (at_ < line.size()) {
      const char c = line[at_];
      if (!brackets_.empty() && std::string_view(",[]{}").find(c) != std::string_view::npos) break;
      if (c == ':' && (at_ + 1 == line.size() || blank(line[at_ + 1]))) break;
      if (c == '#' && at_ > start && blank(line[at_ - 1])) break;
      ++at_;
    }
    put(out, trimmed(std::string_view(line).substr(start, at_ - start)));
  }
  static void strip_blank(Value& out) {
    std::string& text = out.lines.back();
    while (!text.empty() && text.back() == ' ') text.pop_back();
  }

  const std::vector<std::string>& lines_;
  std::size_t line_, at_;
  std::vector<std::size_t> brackets_;    ///< Columns of the open ones, from where the value starts.
  char quote_ = 0;
  bool after_quote_ = false;
};

class Formatter {
public:
  explicit Formatter(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string_view line = text.substr(at, end - at);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      lines_.emplace_back(line);
      at = end + 1;
    }
  }
  std::string run() {
    for (std::size_t line = 0; line < lines_.size();) {
      const std::string_view text = trimmed(lines_[line]);
      if (text.empty() || text.front() == '#') {
        pending_.emplace_back(text);
        pending_indents_.push_back(indent_of(lines_[line]));
        ++line;
      } else {
        line = entry(line);
      }
    }
    align();
    return print();
  }

private:
  struct Level { std::size_t old_column, new_column; bool sequence; };

  /// New column of what stands at an old column; opens and closes levels.
  std::size_t level(std::size_t column, bool sequence) {
    while (!levels_.empty() && (levels_.back().old_column > column || (levels_.back().old_column == column && levels_.back().sequence && !sequence))) levels_.pop_back();
    const bool there = !levels_.empty() && levels_.back().old_column == column && levels_.back().sequence == sequence;
    if (!there) levels_.push_back({column, levels_.empty() ? 0 : levels_.back().new_column + kStep, sequence});
    return levels_.back().new_column;
  }

  std::size_t entry(std::size_t line) {
    const std::string& text = lines_[line];
    Entry made;
    std::size_t at = indent_of(text);
    const std::size_t old_column = at;
    std::size_t parent = at;             // Old column that what goes on below must be deeper than.
    bool first = true;
    while (at < text.size() && text[at] == '-' && (at + 1 == text.size() || blank(text[at + 1]))) {
      const std::size_t column = level(at, true);
      if (first) made.column = column;
      first = false;
      ++made.dashes;
      parent = at++;
      while (at < text.size() && blank(text[at])) ++at;
    }
    const std::size_t colon = key_end(text, at);
    if (at < text.size() && (colon != std::string::npos || made.dashes == 0)) made.depth_column = level(at, false);
    else made.depth_column = made.dashes == 0 ? 0 : levels_.back().new_column + kStep;
    if (first) made.column = made.depth_column;
    take_comments(made, old_column);
    if (colon != std::string::npos) {
      parent = at;
      made.key = std::string(trimmed(std::string_view(text).substr(at, colon - at))) + ":";
      at = colon + 1;
    }
    while (at < text.size() && blank(text[at])) ++at;
    const std::size_t next = value(line, at, parent, made.value);
    entries_.push_back(std::move(made));
    return next;
  }

  /// Comments go with the entry below them, unless they stood deeper and belong to what ended above it.
  void take_comments(Entry& made, std::size_t old_column) {
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      const bool deeper = pending_indents_[i] > old_column && !entries_.empty();
      made.before.push_back(pending_[i]);
      made.before_indents.push_back(deeper ? entries_.back().column : made.column);
    }
    pending_.clear();
    pending_indents_.clear();
  }

  /// Place of the colon behind a block key, or npos.
  static std::size_t key_end(const std::string& text, std::size_t at) {
    if (at >= text.size() || text[at] == '{' || text[at] == '[') return std::string::npos;
    char quote = text[at] == '"' || text[at] == '\'' ? text[at] : '\0';
    for (std::size_t i = quote == 0 ? at : at + 1; i < text.size(); ++i) {
      if (quote == '"' && text[i] == '\\') ++i;
      else if (quote != 0 && text[i] == quote) quote = 0;
      else if (quote == 0 && text[i] == '#' && i > 0 && blank(text[i - 1])) return std::string::npos;
      else if (quote == 0 && text[i] == ':' && (i + 1 == text.size() || blank(text[i + 1]))) return i;
    }
    return std::string::npos;
  }

  std::size_t value(std::size_t line, std::size_t at, std::size_t parent, Value& out) {
    const std::string& text = lines_[line];
    if (at >= text.size()) return line + 1;
    const char c = text[at];
    if (c == '|' || c == '>') return block_text(line, at, parent, out);
    if (c == '{' || c == '[' || c == '"' || c == '\'') {
      out.flow = c == '{' || c == '[';
      out.hanging = !out.flow;
      return FlowPrinter(lines_, line, at).print(out);
    }
    return plain(line, at, parent, out);
  }

  std::size_t plain(std::size_t line, std::size_t at, std::size_t parent, Value& out) {
    out.hanging = true;
    const bool only_comment = lines_[line][at] == '#';
    out.lines.push_back(with_comment(std::string_view(lines_[line]).substr(at)));
    out.indents.push_back(0);
    ++line;
    while (!only_comment && line < lines_.size() && !trimmed(lines_[line]).empty() && indent_of(lines_[line]) > parent && trimmed(lines_[line]).front() != '#') {
      out.lines.push_back(with_comment(lines_[line]));
      out.indents.push_back(kStep);
      ++line;
    }
    return line;
  }

  /// A plain text with at most one comment behind it, two blanks apart.
  static std::string with_comment(std::string_view text) {
    text = trimmed(text);
    std::size_t hash = text.empty() || text.front() == '#' ? std::string_view::npos : text.find(" #");
    if (hash == std::string_view::npos) return std::string(text);
    return std::string(trimmed(text.substr(0, hash))) + "  " + std::string(trimmed(text.substr(hash)));
  }

  std::size_t block_text(std::size_t line, std::size_t at, std::size_t parent, Value& out) {
    out.hanging = true;
    out.lines.push_back(with_comment(std::string_view(lines_[line]).substr(at)));
    out.indents.push_back(0);
    std::size_t content = 0;
    std::size_t end = line + 1;
    for (std::size_t i = line + 1; i < lines_.size(); ++i) {
      if (trimmed(lines_[i]).empty()) continue;
      if (indent_of(lines_[i]) <= parent) break;
      if (content == 0) content = indent_of(lines_[i]);
      end = i + 1;
    }
    for (std::size_t i = line + 1; i < end; ++i) {
      const std::size_t indent = std::min(indent_of(lines_[i]), lines_[i].size());
      const bool empty = trimmed(lines_[i]).empty() && indent <= content;
      out.lines.push_back(empty ? std::string() : lines_[i].substr(std::min(content, indent)));
      out.indents.push_back(kStep);
    }
    return end;
  }

  /// Pads the keys of neighbours whose values are all flow collections.
  void align() {
    for (std::size_t i = 0; i < entries_.size();) {
      std::size_t end = i;
      std::size_t least = std::string::npos, most = 0;
      while (end < entries_.size() && in_run(i, end)) {
        least = std::min(least, width(entries_[end].key));
        most = std::max(most, width(entries_[end].key));
        ++end;
      }
      for (std::size_t j = i; j < end && most - least <= kAlignMax; ++j) entries_[j].key.append(most - width(entries_[j].key), ' ');
      i = std::max(end, i + 1);
    }
  }
  bool in_run(std::size_t first, std::size_t at) const {
    const Entry& entry = entries_[at];
    const bool fits = !entry.key.empty() && entry.value.flow && entry.value.lines.front().front() == '{' && entry.depth_column == entries_[first].depth_column;
    return fits && (at == first || (entry.before.empty() && entry.dashes == 0));
  }

  std::string print() const {
    std::string out;
    for (const Entry& entry : entries_) {
      print_before(entry, out);
      std::string line(entry.column, ' ');
      for (std::size_t i = 0; i < entry.dashes; ++i) line += "- ";
      line += entry.key;
      const Value& value = entry.value;
      if (!entry.key.empty() && !value.lines.empty()) line += value.lines.front().substr(0, 1) == "#" ? "  " : " ";
      const std::size_t start = width(line);
      for (std::size_t i = 0; i < value.lines.size(); ++i) {
        if (i > 0) {
          out += rtrimmed(line) + "\n";
          const std::size_t from = value.hanging ? entry.depth_column : start;
          line = value.lines[i].empty() ? std::string() : std::string(from + value.indents[i], ' ');
        }
        line += value.lines[i];
      }
      out += rtrimmed(line) + "\n";
    }
    for (const std::string& comment : pending_) {
      if (!comment.empty()) out += comment + "\n";
    }
    return out;
  }
  static std::string rtrimmed(std::string line) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
  }
  static void print_before(const Entry& entry, std::string& out) {
    for (std::size_t i = 0; i < entry.before.size(); ++i) {
      const bool empty = entry.before[i].empty();
      if (empty && (out.empty() || (out.size() > 1 && out.compare(out.size() - 2, 2, "\n\n") == 0))) continue;
      out += (empty ? std::string() : std::string(entry.before_indents[i], ' ') + entry.before[i]) + "\n";
    }
  }

  std::vector<std::string> lines_;
  std::vector<std::string> pending_;
  std::vector<std::size_t> pending_indents_;
  std::vector<Level> levels_;
  std::vector<Entry> entries_;
};

bool same_tree(const YamlNode& a, const YamlNode& b) {
  if (a.kind != b.kind || a.text != b.text || a.quoted != b.quoted || a.items.size() != b.items.size() || a.members.size() != b.members.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same_tree(a.items[i], b.items[i])) return false;
  }
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    if (!same_tree(a.members[i].first, b.members[i].first) || !same_tree(a.members[i].second, b.members[i].second)) return false;
  }
  return true;
}

/// Comments of a file in order: every text behind a # that starts a line or stands behind a blank, outside quotes as far as a line tells.
std::size_t comment_marks(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find('#'); at != std::string_view::npos; at = text.find('#', at + 1)) ++count;
  return count;
}

} // namespace
} // namespace detail

Result<std::string> format_pack_file(std::string_view yaml) {
  TONGQU_TRY(const wire::YamlNode before, wire::parse_yaml(yaml));
  std::string text = detail::Formatter(yaml).run();
  const auto after = wire::parse_yaml(text);
  const bool same = after && detail::same_tree(before, *after) && detail::comment_marks(yaml) == detail::comment_marks(text);
  // What would look otherwise after every run has no canonical form.
  const bool rests = same && detail::Formatter(text).run() == text;
  if (!rests) return Error(Errc::mapping_format_unsafe);
  return text;
}

} // namespace tongqu::mapping
