#include "connectors/staging/staging_settings.hpp"

#include <charconv>
#include <functional>

#include "tongqu/wire/encoding.hpp"

namespace tongqu::connectors::staging {
namespace {

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string() : std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

/// Nothing between two separators is a mistake of the list.
bool split(std::string_view text, char separator, std::vector<std::string>& parts) {
  parts.clear();
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(trimmed(text.substr(0, at)));
    if (parts.back().empty()) return false;
    if (at == std::string_view::npos) return true;
    text.remove_prefix(at + 1);
  }
}

/// "T_GC: BJBH=BJBH #GCS": table, column of the child and of the parent, and perhaps the parent's count.
bool read_child(const std::string& text, ChildTable& child) {
  const auto colon = text.find(':'), hash = text.find('#'), equals = text.find('=');
  if (colon == std::string::npos || equals == std::string::npos || equals < colon || (hash != std::string::npos && hash < equals)) return false;
  child.table = trimmed(std::string_view(text).substr(0, colon));
  child.column = trimmed(std::string_view(text).substr(colon + 1, equals - colon - 1));
  child.parent_column = trimmed(std::string_view(text).substr(equals + 1, (hash == std::string::npos ? text.size() : hash) - equals - 1));
  if (hash != std::string::npos) child.count_column = trimmed(std::string_view(text).substr(hash + 1));
  return !child.table.empty() && !child.column.empty() && !child.parent_column.empty() && (hash == std::string::npos || !child.count_column.empty());
}

template <class Number> bool read_number(const std::string& text, std::int64_t least, std::int64_t most, Number& into) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < least || number > most) return false;
  into = static_cast<Number>(number);
  return true;
}

bool set_one(StagingSettings& out, const std::string& name, const std::string& value) {
  std::vector<std::string> parts;
  std::int64_t milliseconds = 0;
  const std::pair<std::string_view, std::string*> texts[] = {{"database", &out.database}, {"table", &out.table}, {"key", &out.key}, {"flag", &out.flag}, {"stored", &out.stored},
                                                             {"held", &out.held}, {"refused", &out.refused}, {"message", &out.message}, {"time", &out.time}};
  for (const auto& [known, into] : texts) {
    if (name == known) return !(*into = trimmed(value)).empty();
  }
  if (name == "take") return split(value, ',', out.take);
  if (name == "order") return split(value, ',', out.order);
  if (name == "complete") {
    if (!split(value, '=', parts) || parts.size() != 2) return false;
    out.complete_column = parts[0];
    out.complete_value = parts[1];
    return true;
  }
  if (name == "children") {
    if (!split(value, ';', parts)) return false;
    for (const std::string& one : parts) {
      if (!read_child(one, out.children.emplace_back())) return false;
    }
    return true;
  }
  if (name == "lang") {
    out.lang = value == "en" ? Lang::en : Lang::zh;
    return value == "en" || value == "zh";
  }
  if (name == "charset") return wire::encoding_from_label(out.charset = value).has_value();
  if (name == "poll_ms" && read_number(value, 10, 3600000, milliseconds)) {
    out.poll = std::chrono::milliseconds(milliseconds);
    return true;
  }
  if (name == "batch") return read_number(value, 1, 10000, out.batch);
  return name == "message_chars" && read_number(value, 10, 100000, out.message_chars);
}

} // namespace

Result<StagingSettings> read_staging_settings(const connector::ListenerConfig& config) {
  const auto wrong = [&config](std::string name) { return Error(Errc::connector_setting).at("listen " + config.name).with(std::move(name)); };
  StagingSettings out;
  for (const auto& [name, value] : config.settings) {
    if (!set_one(out, name, value)) return wrong(name);
  }
  const std::pair<std::string_view, bool> needed[] = {{"database", out.database.empty()}, {"table", out.table.empty()}, {"key", out.key.empty()}, {"flag", out.flag.empty()},
                                                      {"take", out.take.empty()}, {"stored", out.stored.empty()}, {"refused", out.refused.empty()}};
  for (const auto& [name, is_missing] : needed) {
    if (is_missing) return wrong(std::string(name));
  }
  if (out.held.empty()) out.held = out.stored;
  if (out.order.empty()) out.order = {out.key};
  // A row that is written back as one that is for us would be read for ever.
  for (const std::string& one : out.take) {
    if (one == out.stored || one == out.held || one == out.refused) return wrong("take");
  }
  if (!config.token.empty()) return wrong("token");
  return out;
}

} // namespace tongqu::connectors::staging
