#include <algorithm>
#include <charconv>
#include <array>
#include <cstring>
#include <utility>

#include "reflect.hpp"
#include "text_sink.hpp"
#include "tongqu/model/record.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::model {
namespace {

using detail::TextSink;

/// Where a field stands, as meta entries name it.
struct Place {
  PathId path = 0;
  ElementIndex index{};
  bool operator==(const Place& o) const { return path == o.path && index == o.index; }
};

/// Writes the members of the structs straight into the text; every member ends with a comma that the closing bracket takes over.
class FieldWriter {
public:
  FieldWriter(TextSink& out, const Record& record, JsonForm form, const std::vector<std::string>& outside)
      : out_(out), minutes_wanted_(form == JsonForm::full) {
    if (record.kind == RecordKind::part) {
      for (const MetaEntry& entry : record.meta) {
        if (entry.cleared) cleared_.push_back({entry.path, entry.index});
      }
    }
    if (form == JsonForm::digest_input) {
      for (const std::string& path : outside) {
        const auto slot = find_slot(record.entity, path);
        if (slot) excluded_.push_back(slot->id);
      }
    }
  }

#define TONGQU_RECORD(type, record_name, zh, en) void fields(const type& v) {
#define TONGQU_FIELD(id, kind, member_name, type, flags, rule, source, zh, en) member(id, "\"" #member_name "\":", v.member_name);
#define TONGQU_END(type) }
#include "tongqu/model/defs/all.def"
#undef TONGQU_RECORD
#undef TONGQU_FIELD
#undef TONGQU_END

  /// Times of minute precision that were written; their seconds say nothing.
  const std::vector<Place>& minutes() const { return minutes_; }

private:
  PathId path_of(unsigned id) const { return prefix_ | static_cast<PathId>(id) << (8 * depth_); }

  bool is_excluded(unsigned id) const {
    return !excluded_.empty() && std::find(excluded_.begin(), excluded_.end(), path_of(id)) != excluded_.end();
  }

  void write_null_if_cleared(unsigned id, std::string_view key) {
    if (!cleared_.empty()) write_null(id, key);
  }
  void write_null(unsigned id, std::string_view key) {
    if (std::find(cleared_.begin(), cleared_.end(), Place{path_of(id), index_}) == cleared_.end()) return;
    out_ += key;
    out_ += "null,";
  }

  template <class T, std::size_t size>
  void member(unsigned id, const char (&key)[size], const std::optional<T>& field) {
    if (!field) {
      write_null_if_cleared(id, {key, size - 1});
      return;
    }
    if (is_excluded(id)) return;
    out_.literal(key);
    value(id, *field);
    out_ += ',';
  }

  /// Key, text and comma through one pointer: most members are texts.
  template <std::size_t size>
  void member(unsigned id, const char (&key)[size], const std::optional<std::string>& field) {
    if (!field) {
      write_null_if_cleared(id, {key, size - 1});
      return;
    }
    if (is_excluded(id)) return;
    char* const at = out_.reserve(size + 1 + wire::json_string_bytes_max(field->size()));
    out_.advance(write_text(at, key, *field));
  }
  template <std::size_t size>
  static char* write_text(char* at, const char (&key)[size], const std::string& text) {
    std::memcpy(at, key, size - 1);
    at = wire::write_json_string(at + size - 1, text);
    *at = ',';
    return at + 1;
  }

  template <class T, std::size_t size>
  void member(unsigned id, const char (&key)[size], const std::optional<std::vector<T>>& list) {
    if (!list) {
      write_null_if_cleared(id, {key, size - 1});
      return;
    }
    if (is_excluded(id)) return;
    out_.literal(key);
    out_ += '[';
    const Position outer = enter(id);
    const std::size_t level = level_++;
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (level < index_.size()) index_[level] = static_cast<std::uint16_t>(i);
      element(id, (*list)[i]);
    }
    if (level < index_.size()) index_[level] = 0;
    --level_;
    leave(outer);
    close(']');
    out_ += ',';
  }

  template <class T, std::size_t size>
  void member(unsigned id, const char (&key)[size], const T& record) {
    if (is_excluded(id)) return;
    const std::size_t mark = out_.size();
    out_.literal(key);
    out_ += '{';
    const Position outer = enter(id);
    fields(record);
    leave(outer);
    if (out_.back() == '{') {
      out_.cut(mark);
      write_null_if_cleared(id, {key, size - 1});
      return;
    }
    close('}');
    out_ += ',';
  }

  void element(unsigned, const std::string& text) {
    out_.string(text);
    out_ += ',';
  }
  void element(unsigned id, const Code& code) {
    value(id, code);
    out_ += ',';
  }
  template <class T>
  void element(unsigned, const T& record) {
    out_ += '{';
    fields(record);
    close('}');
    out_ += ',';
  }

  /// Brackets, keys, quotes and commas of a code.
  static constexpr std::size_t kCodeFrameBytes = 64;

  void close(char bracket) {
    if (out_.back() == ',') out_.set_back(bracket);
    else out_ += bracket;
  }

  void value(unsigned, const std::string& text) { out_.string(text); }
  void value(unsigned, const Code& code) {
    const std::size_t texts = code.name.size() + code.system.size() + code.code.size() + code.text.size();
    char* const start = out_.reserve(kCodeFrameBytes + 6 * texts);
    *start = '{';
    char* at = start + 1;
    const auto part = [&at](const auto& key, const std::string& text) {
      if (!text.empty()) at = write_text(at, key, text);
    };
    part("\"name\":", code.name);
    part("\"system\":", code.system);
    part("\"code\":", code.code);
    part("\"text\":", code.text);
    if (at == start + 1) ++at;
    at[-1] = '}';
    out_.advance(at);
  }
  void value(unsigned id, const Time& time) {
    if (minutes_wanted_ && time.precision == Time::Precision::minute) minutes_.push_back({path_of(id), index_});
    text_of(time);
  }
  void text_of(const Time& time) {
    char* at = out_.reserve(Time::kTextBytesMax + 2);
    *at++ = '"';
    at = time.write_text(at);
    *at++ = '"';
    out_.advance(at);
  }
  void value(unsigned, const Quantity& quantity) {
    out_.literal("{\"value\":\"");
    out_ += quantity.value;
    out_ += '"';
    if (quantity.unit != Quantity::Unit::none) {
      out_ += ",\"unit\":\"";
      out_ += unit_name(quantity.unit);
      out_ += '"';
    }
    out_ += '}';
  }
  void value(unsigned, const Money& money) {
    out_ += '"';
    out_ += money.yuan;
    out_ += '"';
  }
  void value(unsigned, const Validity& validity) {
    if (validity.kind == Validity::Kind::until) text_of(validity.until);
    else out_ += validity.kind == Validity::Kind::unlimited ? std::string_view("\"unlimited\"") : std::string_view("\"unknown\"");
  }
  void value(unsigned, std::int64_t number) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    out_ += std::string_view(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
  }
  void value(unsigned, bool flag) { out_ += flag ? std::string_view("true") : std::string_view("false"); }

  struct Position {
    PathId prefix;
    unsigned depth;
  };
  Position enter(unsigned id) {
    const Position outer{prefix_, depth_};
    prefix_ = path_of(id);
    ++depth_;
    return outer;
  }
  void leave(Position outer) {
    prefix_ = outer.prefix;
    depth_ = outer.depth;
  }

  TextSink& out_;
  bool minutes_wanted_;
  PathId prefix_ = 0;
  unsigned depth_ = 0;
  std::size_t level_ = 0;
  ElementIndex index_{};
  std::vector<Place> cleared_;
  std::vector<PathId> excluded_;
  std::vector<Place> minutes_;
};

/// The members around the entity's fields.
class RecordWriter {
public:
  RecordWriter(TextSink& out, const Record& record, JsonForm form, const std::vector<std::string>& outside)
      : out_(out), record_(record), form_(form), outside_(outside) {}

  std::size_t write() {
    out_ += "{\"record\":\"";
    out_ += entity_version(record_.entity);
    out_ += "\",\"kind\":\"";
    out_ += record_kind_name(record_.kind);
    out_ += "\",";
    write_identity();
    write_envelope();
    text("reason", record_.reason, "");
    text("replaces", record_.replaces, "");
    text("deleted_version", record_.version, "");
    FieldWriter fields(out_, record_, form_, outside_);
    std::visit([&fields](const auto& body) { fields.fields(body); }, record_.body);
    write_ext();
    write_unknown();
    const std::size_t before_meta = out_.size() - 1;
    if (form_ == JsonForm::full) write_meta(fields.minutes());
    close();
    return before_meta;
  }

private:
  bool outside(std::string_view prefix, std::string_view name) const {
    if (form_ != JsonForm::digest_input) return false;
    return std::any_of(outside_.begin(), outside_.end(), [&](const std::string& path) {
      return path.size() == prefix.size() + name.size() && path.compare(0, prefix.size(), prefix) == 0 &&
             path.compare(prefix.size(), name.size(), name) == 0;
    });
  }
  /// A name of ours, which holds nothing to escape.
  void plain_key(std::string_view name) {
    out_ += '"';
    out_ += name;
    out_.literal("\":");
  }
  void key(std::string_view name) {
    out_.string(name);
    out_ += ':';
  }
  void open(std::string_view name) {
    key(name);
    out_ += '{';
  }
  void close() {
    if (out_.back() == ',') out_.set_back('}');
    else out_ += '}';
  }
  void text(std::string_view name, std::string_view value, std::string_view prefix) {
    if (value.empty() || outside(prefix, name)) return;
    plain_key(name);
    out_.string(value);
    out_ += ',';
  }
  void number(std::string_view name, std::int64_t value) {
    plain_key(name);
    digits(value);
    out_ += ',';
  }
  void digits(std::int64_t value) {
    std::array<char, 24> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    out_ += std::string_view(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  }
  /// As path_text() says it.
  void path_key(const MetaEntry& entry) {
    const Slot slot = detail::slot_of(record_.entity, entry.path);
    out_ += '"';
    std::size_t level = 0;
    for (std::size_t i = 0; i < slot.depth; ++i) {
      if (i != 0) out_ += '.';
      out_ += slot.steps[i]->name;
      if (slot.steps[i]->kind != FieldKind::record_list || i + 1 == slot.depth) continue;
      out_ += '[';
      digits(level < entry.index.size() ? entry.index[level] : 0);
      out_ += ']';
      ++level;
    }
    out_.literal("\":");
  }

  void write_identity() {
    open("identity");
#define TONGQU_IDENTITY(member, json, initial, zh, en) text(#json, record_.identity.member, "");
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_IDENTITY
    close();
    out_ += ',';
  }

  void write_envelope() {
    const std::size_t mark = out_.size();
    open("envelope");
#define TONGQU_ENVELOPE(kind, member, zh, en) envelope_member(#member, record_.envelope.member);
#include "tongqu/model/defs/envelope.def"
#undef TONGQU_ENVELOPE
    if (out_.back() == '{') {
      out_.cut(mark);
      return;
    }
    close();
    out_ += ',';
  }

  void envelope_member(std::string_view name, const std::string& value) { text(name, value, "envelope."); }
  void envelope_member(std::string_view name, const std::optional<std::int64_t>& value) {
    if (value && !outside("envelope.", name)) number(name, *value);
  }
  void envelope_member(std::string_view name, const std::optional<Time>& value) {
    if (!value || outside("envelope.", name)) return;
    plain_key(name);
    char* at = out_.reserve(Time::kTextBytesMax + 3);
    *at++ = '"';
    at = value->write_text(at);
    *at++ = '"';
    *at++ = ',';
    out_.advance(at);
  }

  void write_ext() {
    if (record_.ext.empty()) return;
    std::vector<const ExtField*> fields;
    for (const ExtField& field : record_.ext) {
      if (!outside("ext.", field.ns + "." + field.name)) fields.push_back(&field);
    }
    std::stable_sort(fields.begin(), fields.end(), [](const ExtField* a, const ExtField* b) {
      return a->ns != b->ns ? a->ns < b->ns : a->name < b->name;
    });
    const std::size_t mark = out_.size();
    open("ext");
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const ExtField& field = *fields[i];
      if (i == 0 || fields[i - 1]->ns != field.ns) open(field.ns);
      const ExtField* next = i + 1 < fields.size() ? fields[i + 1] : nullptr;
      const bool overwritten = next != nullptr && next->ns == field.ns && next->name == field.name;
      if (!overwritten) {
        key(field.name);
        out_.string(field.value);
        out_ += ',';
      }
      if (next == nullptr || next->ns != field.ns) {
        close();
        out_ += ',';
      }
    }
    if (fields.empty()) {
      out_.cut(mark);
      return;
    }
    close();
    out_ += ',';
  }

  void write_unknown() {
    if (record_.unknown.empty()) return;
    open("unknown");
    for (const UnknownMember& member : record_.unknown) {
      key(member.name);
      out_ += member.json;
      out_ += ',';
    }
    close();
    out_ += ',';
  }

  void write_meta(const std::vector<Place>& minutes) {
    if (record_.meta.empty() && minutes.empty()) return;
    std::vector<MetaEntry> entries = record_.meta;
    for (const Place& place : minutes) {
      const auto same = [&](const MetaEntry& entry) { return Place{entry.path, entry.index} == place; };
      auto found = std::find_if(entries.begin(), entries.end(), same);
      if (found == entries.end()) {
        entries.emplace_back();
        found = entries.end() - 1;
        found->path = place.path;
        found->index = place.index;
      }
      found->minute_precision = true;
    }
    std::sort(entries.begin(), entries.end(), [](const MetaEntry& a, const MetaEntry& b) {
      return a.path != b.path ? a.path < b.path : a.index < b.index;
    });
    const std::size_t mark = out_.size();
    open("meta");
    for (const MetaEntry& entry : entries) write_meta_entry(entry);
    if (out_.back() == '{') {
      out_.cut(mark);
      return;
    }
    close();
    out_ += ',';
  }

  /// A part says null in the place of a cleared value; a list that was emptied and filled again says it here.
  bool written_as_null(const MetaEntry& entry) const {
    if (record_.kind != RecordKind::part) return false;
    const Slot slot = detail::slot_of(record_.entity, entry.path);
    const void* member = detail::existing_member(const_cast<void*>(record_.object()), slot, entry.index);
    return member == nullptr || !detail::member_present(slot.field(), member);
  }

  void write_meta_entry(const MetaEntry& entry) {
    const bool cleared = entry.cleared && !written_as_null(entry);
    if (entry.mark == Mark::sent && entry.verdict == Verdict::unchecked && !entry.minute_precision && entry.source_ms == 0 && !cleared) return;
    path_key(entry);
    out_ += '{';
    if (entry.mark != Mark::sent) text("mark", mark_name(entry.mark), "");
    if (entry.verdict != Verdict::unchecked) text("verdict", verdict_name(entry.verdict), "");
    if (entry.minute_precision) text("precision", "minute", "");
    if (cleared) out_ += "\"cleared\":true,";
    if (entry.source_ms != 0) number("source_ms", entry.source_ms);
    close();
    out_ += ',';
  }

  TextSink& out_;
  const Record& record_;
  JsonForm form_;
  const std::vector<std::string>& outside_;
};

} // namespace

std::size_t append_canonical_json(std::string& out, const Record& record, JsonForm form, const std::vector<std::string>& outside_digest) {
  TextSink sink(out);
  return RecordWriter(sink, record, form, outside_digest).write();
}

} // namespace tongqu::model
