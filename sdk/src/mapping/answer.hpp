#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/yaml_reader.hpp"
#include "tongqu/mapping/pack.hpp"

namespace tongqu::mapping::detail {

/// The compiled `answer:` of a mapping: one template per kind, every value escaped for the format.
class Answer {
public:
  static std::optional<Answer> compile(const YamlNode& node, const Mistakes& mistakes);
  AnswerText make(AnswerKind kind, const AnswerFacts& facts) const;
  const BatchAnswer* batch() const noexcept;   ///< Null when there is no `batch`.

private:
  class Batch;
  enum class Format : std::uint8_t { xml, json, text };
  enum class Slot : std::uint8_t { literal, message_id, accepted_at, case_no, trace, error_id, where, reason, reason_zh, reason_en, state, record,
                                   records, count, accepted, held, refused, conflicts };
  struct Piece { Slot slot = Slot::literal; std::string text; };
  struct Template { bool fault = false; std::vector<Piece> pieces; };
  /// Which placeholders a template may name: `first` to `last` of the slots.
  struct Slots { Slot first, last; };
  bool read_template(const YamlNode& node, std::string_view key, Slots known, const Mistakes& mistakes, Template& out) const;
  void read_batch(const YamlNode& node, const Mistakes& mistakes);
  bool well_formed(const Template& made) const;
  void append_value(Slot slot, const AnswerFacts& facts, std::string& out) const;
  void append_escaped(std::string_view value, std::string& out) const;
  void read_soap(const YamlNode& node, const Mistakes& mistakes);

  Format format_ = Format::xml;
  AnswerText shape_;
  bool zh_ = true;
  std::array<Template, 4> templates_;
  std::shared_ptr<const Batch> batch_;
};

} // namespace tongqu::mapping::detail
