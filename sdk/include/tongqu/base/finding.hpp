#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/errc.hpp"

namespace tongqu {

enum class Severity : std::uint8_t { info, warn, error };

/// "info", "warn" or "error".
std::string_view severity_name(Severity severity) noexcept;

/// A short text in both languages, written by the program, free of personal data.
struct Bilingual {
  std::string en;
  std::string zh;
  bool operator==(const Bilingual& other) const { return en == other.en && zh == other.zh; }
};

/// Where in the source a finding points. Zero means unknown; lines and columns start at 1, columns count bytes.
struct SourcePlace {
  std::string part;          ///< Part of the delivery: "body", a MIME content id, a file; "body/xmlStr" for an inner document.
  std::string path;          ///< XPath-like or JSON Pointer path inside the part.
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint64_t offset = 0;  ///< First byte in the part.
  std::uint64_t length = 0;  ///< Bytes; 0 when not known.
};

/// One fault in data. Never holds the value of a personal field: `value_class` says what kind of value it was
/// ("18 characters, digits", "empty").
struct Finding {
  Errc id = Errc::none;
  Severity severity = Severity::error;
  std::string record;        ///< Record within the delivery ("case", "case[2]"); may be empty.
  std::string path;          ///< Canonical path ("applicant.id_no", "materials[1].name"); may be empty.
  SourcePlace source;
  std::string value_class;
  Bilingual expected;
  Bilingual suggestion;
  int quirk = 0;             ///< Legacy quirk number 1 to 52 (LQ01 to LQ52), 0 when none.
  std::string rule;          ///< Rule in the pack or the model that raised it ("applicant.id_no", "IQ01"); may be empty.
};

/// The sentence of a finding from the catalogue, with path and expectation, in one language.
std::string describe(const Finding& finding, Lang lang);

/// Shape of a value for `value_class`: its length in characters and the classes that occur; never the value itself.
std::string value_class_of(std::string_view utf8);

/// The findings of one piece of work, in the order they were raised, at most `kFindingsMax`; later ones are counted only.
class Findings {
public:
  static constexpr std::size_t kFindingsMax = 1000;

  void add(Finding finding);
  void append(Findings&& other);
  /// Says of all of them which record they are about.
  void set_record(const std::string& record) { for (Finding& one : items_) one.record = record; }
  bool has_errors() const noexcept { return errors_ != 0; }
  std::size_t error_count() const noexcept { return errors_; }
  std::size_t dropped_count() const noexcept { return dropped_; }
  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }
  const std::vector<Finding>& items() const noexcept { return items_; }
  std::vector<Finding>::const_iterator begin() const noexcept { return items_.begin(); }
  std::vector<Finding>::const_iterator end() const noexcept { return items_.end(); }
  void clear() { items_.clear(); errors_ = 0; dropped_ = 0; }

private:
  std::vector<Finding> items_;
  std::size_t errors_ = 0;
  std::size_t dropped_ = 0;
};

} // namespace tongqu
