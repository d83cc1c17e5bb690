#pragma once
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "tongqu/model/exports.hpp"

/// What the exports share: findings, identifiers and labels.
namespace tongqu::model::detail {

/// One export in the making. It remembers which fields reached the text; those that are present and did not get a finding in the end,
/// so that a field that is added to the model is reported without a change here.
class ExportDraft {
public:
  ExportDraft(EntityId entity, const void* object, const ExportOptions& options) : entity_(entity), object_(object), options_(options) {}

  /// @errors model.export_setup.
  Result<void> check_options() const;

  /// The value of a field that goes into the text. `path` is canonical, lists without index, and outlives the draft (a literal).
  template <class Value>
  const Value& use(std::string_view path, const Value& value) {
    carried_.emplace(path);
    return value;
  }
  /// A finding on a field. Its value is not lost without a word, so it is not reported again in the end.
  void find(Errc id, Severity severity, std::string_view path, Bilingual expected = {});
  /// `demanded` is the member of the form that stays empty.
  void lacks(std::string_view path, std::string_view demanded);

  /// The base address and the parts, percent-encoded, with the delimiter of the base address between them.
  std::string iri(std::initializer_list<std::string_view> parts) const;
  const ExportOptions& options() const noexcept { return options_; }

  /// Adds what was not carried. @param texts_withheld  Text that is not carried was kept back on purpose.
  enum class Texts : std::uint8_t { not_carried, withheld };
  Exported finish(std::string text, Texts texts = Texts::not_carried);

private:
  void report(const RecordType& type, const void* object, const std::string& prefix, Texts texts);

  EntityId entity_;
  const void* object_;
  const ExportOptions& options_;
  std::set<std::string, std::less<>> carried_;
  std::set<std::pair<Errc, std::string>> found_;   ///< A finding is given once for all elements of a list.
  Findings findings_;
};

/// Checks the options and what is common to items: an item that is secret or has no code at all is not exported.
Result<void> admit(const ServiceItem& item, ExportDraft& draft);

/// The code that names an item: handling item, else implementation code, else the local ones, else catalogue code.
struct ItemKey { std::string_view path, value; };
ItemKey key_of(const ServiceItem& item);

/// Whether the code system labels a code in both languages; the source's own words are in the language of the record.
bool has_labels(std::string_view system, const Code& code);
/// Label of a code in one language: the code system's, else the source's own text, else the code or name itself.
std::string label_of(std::string_view system, const Code& code, Lang lang);
/// The language in which forms with one text get their labels: the first of options.labels, Chinese when there is none.
Lang first_label(const ExportOptions& options);

} // namespace tongqu::model::detail
