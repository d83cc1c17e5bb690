#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/mapping/pack.hpp"

/// The way back: a canonical record becomes the message of a legacy system, byte for byte as that system wants it. Language:
/// docs/reference/mapping-reverse.md.
namespace tongqu::mapping {

/// What a mapping wrote.
struct Reversed {
  RecordVerdict verdict = RecordVerdict::accepted;   ///< held: there are no bytes, and the findings say why.
  std::string mapping;                               ///< Id of the mapping that wrote.
  std::string bytes;
  std::string content_type;                          ///< With the charset as the system wants it declared.
  std::string operation, action;                     ///< SOAP: local name of the operation, SOAPAction.
  std::map<std::string, std::string, std::less<>> facts;   ///< Transport facts that carry fields ("header.x-case").
  Findings findings;                                 ///< Everything that was left out, cut, replaced or turned; values never.
  Bilingual reason;                                  ///< First error finding in words, when held.
};

/// How the laws are tried.
struct LawOptions {
  std::uint64_t seed = 1;
  std::size_t records = 10000;                       ///< For each mapping that writes back.
  std::string mapping;                               ///< Empty: all of the pack that write back.
  /// Messages for the second law by id of their mapping, relative to the pack; nothing: those of the mapping's own tests. A pack that extends another has its
  /// own.
  std::optional<std::map<std::string, std::vector<std::string>>> samples;
};

/// What the trial of one mapping showed.
struct LawReport {
  std::string mapping;
  std::uint64_t seed = 0;
  std::size_t records = 0;                           ///< Records that went there and back.
  std::size_t samples = 0;                           ///< Messages of the pack's tests that went back and there.
  std::size_t excused = 0;                           ///< Fields that were changed with a finding, as the mapping allows.
  std::vector<std::string> failures;                 ///< Each with law, seed and number, the field and the smallest record found; English.
  std::vector<std::string> fields;                   ///< Fields that went there and back in at least one record.
  std::vector<std::string> never;                    ///< Fields that no record had: the laws say nothing about them.
  std::map<std::string, std::string> one_way;        ///< Fields that are not written, with their reason.
};

} // namespace tongqu::mapping
