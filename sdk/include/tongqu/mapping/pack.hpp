#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/finding.hpp"
#include "tongqu/base/limits.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/base/secret.hpp"
#include "tongqu/mapping/functions.hpp"
#include "tongqu/model/calendar.hpp"
#include "tongqu/model/record.hpp"
#include "tongqu/wire/delivery.hpp"

/// Mapping documents compiled once and run per message: pure, no clock, no random, no I/O. Language: docs/reference/mapping.md.
namespace tongqu::mapping {

/// Something sealed that a pack wants opened: cipher and key by name.
struct SealedContent {
  std::string_view cipher;                         ///< "sm4-cbc", …: one of cipher_names().
  std::string_view key;                            ///< What the pack calls the key; the key itself never stands in a pack.
  Bytes bytes;
};

/// Opens sealed content with keys that only the site knows. Safe from several threads.
class Opener {
public:
  virtual ~Opener() = default;
  /// @errors mapping.opener_missing for a name that it does not know; crypto.decrypt_failed, iv_size, key_size.
  virtual Result<std::string> open(const SealedContent& sealed) const = 0;
};

/// Ciphers of the stage `open`. With cbc and ctr the first 16 bytes are the IV; ecb and cbc have PKCS#7 padding.
const std::vector<std::string_view>& cipher_names();

/// An opener over keys of 16 bytes by name.
std::shared_ptr<const Opener> make_key_opener(std::map<std::string, Secret, std::less<>> keys);

/// What a run needs from outside.
struct Environment {
  Limits limits;
  model::Time reference_date;                      ///< For "not in the future".
  const Opener* opener = nullptr;                  ///< For packs with sealed content; must outlive the run.
  const model::WorkingDays* working_days = nullptr;  ///< For rules about periods, which are not judged without it; must outlive the run.
  const Lookup* lookup = nullptr;                  ///< For expressions that look things up; must outlive the run.
  /// Work that one delivery may take: rules, parts of expressions, nodes of lists gone through again, texts made (one step for 16 bytes).
  std::uint64_t steps_max = 50'000'000;
  std::uint64_t output_bytes_max = std::uint64_t{256} * 1024 * 1024;   ///< Canonical records of one delivery together.
};

enum class RecordVerdict : std::uint8_t { accepted, held, refused };
std::string_view verdict_name(RecordVerdict verdict) noexcept;   ///< "accepted", "held", "refused".

/// One record made from a delivery.
struct MappedRecord {
  RecordVerdict verdict = RecordVerdict::accepted;
  model::Record record;
  std::string canonical;                           ///< Canonical JSON with meta, no line ends.
  std::size_t canonical_core = 0;                  ///< Bytes of `canonical` in front of its meta.
  std::string digest_input;                        ///< Canonical JSON without meta and the members outside the digest; empty when the core says it.
  Findings findings;
  Bilingual reason;                                ///< First error finding in words, when held or refused; for `{reason}`.
};

/// SM3 of what a record says, 32 raw bytes: meta and the members that the pack names outside the digest do not count. A pass over the
/// whole record, so whoever needs it asks once. Empty for a refused record.
std::string content_digest(const MappedRecord& mapped);

/// Bytes at the end of a delivery that are the beginning of something whose rest has not come yet.
struct Waiting {
  std::string part;
  std::uint64_t offset = 0;                        ///< First byte that waits, in the part.
  std::uint64_t bytes = 0;                         ///< Bytes that wait.
};

/// Everything that one delivery gave.
struct MappedDelivery {
  std::vector<MappedRecord> records;               ///< In the order of the delivery; each with its own findings, verdict and identity.
  Findings findings;                               ///< About the delivery, not about one record of it.
  std::optional<Waiting> waiting;                  ///< Records before it are whole; the caller keeps these bytes.
};

/// What the caller is to hear for one outcome, before the connector wraps it.
struct AnswerText {
  bool fault = false;                              ///< The pack asks for a protocol fault.
  std::string payload;                             ///< UTF-8.
  std::string format;                              ///< xml, json, text.
  std::string charset = "utf-8";                   ///< Encoding of the bytes.
  std::string declared;                            ///< Label for declaration and header; empty: as charset.
  std::string soap_element, soap_part;             ///< Empty: the connector's default (<operation>Response, return).
  enum class SoapForm : std::uint8_t { escaped, cdata, elements } soap_form = SoapForm::escaped;
};

enum class AnswerKind : std::uint8_t { accepted, held, refused, conflict };
/// Values of the placeholders.
struct AnswerFacts {
  std::string message_id, accepted_at, case_no, trace, error_id, where, state;
  Bilingual reason;
  std::size_t record = 1;                          ///< Place in the delivery, from 1.
};

/// How a mapping answers a delivery of many records: one text for each record inside one text for all. Safe from several threads.
class BatchAnswer {
public:
  virtual ~BatchAnswer() = default;
  /// What is said about one record. `facts.record` is its place in the delivery, from 1.
  virtual std::string item(AnswerKind kind, const AnswerFacts& facts) const = 0;
  struct Counts { std::size_t records = 0, accepted = 0, held = 0, refused = 0, conflicts = 0; };
  virtual AnswerText whole(const Counts& counts, const std::vector<std::string>& items) const = 0;
};

struct ConnectorFacts { std::string family, wsdl, ns; };
/// One mapping document of a pack.
struct MappingInfo { std::string id, file; };
struct PackInfo {
  std::string id, system, version;
  std::string digest;                              ///< SM3 over all files of the pack that matter and the site's parameters, 64 hex.
  std::string folder;
  Bilingual title;
  ConnectorFacts connector;
  std::vector<std::string> never_sent;
  std::vector<MappingInfo> mappings;
  std::string name() const { return id + "@" + version; }
};

/// Reusable memory of one thread: documents, arenas, tables of matched nodes. Not safe from two threads at once.
class Workspace {
public:
  Workspace();
  ~Workspace();
  Workspace(Workspace&&) noexcept;
  struct State;
  State& state() { return *state_; }

private:
  std::unique_ptr<State> state_;
};

struct Reversed;     // reverse.hpp
struct LawOptions;
struct LawReport;

/// One pack, compiled. Immutable; safe from several threads, each with its own Workspace.
class Pack {
public:
  virtual ~Pack() = default;

  /// Loads and compiles a folder.
  /// @param site_params  Overrides of `params`; an unknown name is a mistake.
  /// @param mistakes     Receives every mistake (source.part is the file, line and column set) and warnings.
  /// @param functions    What packs may call beside the language; null for nothing. Not kept, but what is called is.
  /// @errors mapping.pack_invalid when at least one mistake was an error; mapping.pack_missing.
  static Result<std::shared_ptr<const Pack>> load(const std::string& folder, const std::map<std::string, std::string>& site_params, Findings& mistakes, const Functions* functions = nullptr);

  virtual const PackInfo& info() const = 0;

  /// Runs the mapping that matches the delivery.
  /// @return  Records with their verdicts and findings, and what is about the delivery as a whole. An element with verdict `refused`
  ///          has no usable record; where a stage refused one piece of several, its finding says why and where.
  /// @errors  mapping.no_match, mapping.ambiguous_match, mapping.records_none (and nothing waits), and what a stage refused (wire.*)
  ///          with its place before the delivery was cut into pieces.
  virtual Result<MappedDelivery> run_delivery(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace) const = 0;

  /// The records alone, for callers that cannot keep a tail: findings about the delivery stand on the first record.
  /// @errors  As run_delivery; wire.frame_incomplete when bytes wait.
  virtual Result<std::vector<MappedRecord>> run(const wire::Delivery& delivery, const Environment& environment, Workspace& workspace) const = 0;

  /// The answer of the mapping that matches the delivery; `fault` when the pack has none or none matches.
  virtual AnswerText answer(const wire::Delivery& delivery, AnswerKind kind, const AnswerFacts& facts) const = 0;

  /// Writes a canonical record back as a message of the legacy system, and reads it again before it is handed out.
  /// @param canonical  Canonical JSON of one record.
  /// @param mapping    Id of the mapping that writes; empty: the one that claims the way back for such a record.
  /// @return  The message, or verdict `held` with findings that say which field cannot be written and why.
  /// @errors  wire.*, model.* of the record; mapping.reverse_none, reverse_ambiguous, reverse_limit.
  virtual Result<Reversed> reverse(std::string_view canonical, std::string_view mapping, const Environment& environment, Workspace& workspace) const = 0;

  /// Tries the laws of the way back: what is written reads back the same, and the samples come back equivalent.
  /// @errors mapping.reverse_none when no mapping (or not the named one) claims the way back.
  virtual Result<std::vector<LawReport>> check_laws(const LawOptions& options, const Environment& environment, Workspace& workspace) const = 0;

  /// The `answer.batch` of the mapping that matches the delivery; null when it has none. Lives as long as the pack.
  virtual const BatchAnswer* batch_answer(const wire::Delivery& delivery) const = 0;

  /// Runs the tests of the pack.
  struct TestReport { std::size_t passed = 0; std::vector<std::string> failures; };
  virtual TestReport run_tests(const Environment& environment) const = 0;
};

/// One message for a platform, in the order of sending.
struct OutMessage {
  std::string name;                                ///< "accept", "process", "result".
  std::string message_id;                          ///< Function of target, identity and name: 32 hex.
  std::string body;                                ///< JSON, UTF-8.
  std::vector<std::string> after;                  ///< Ids of messages of the same plan that must be through before this one.
};

/// What a platform answered.
struct ReplyInput {
  std::string_view body;
  int http_status = 200;
};

/// What a reply means for the message. `duplicate` is as good as accepted: the platform has it already.
enum class ReplyClass : std::uint8_t { accepted, duplicate, fix_input, fix_setup, retry_later, give_up };
std::string_view reply_class_name(ReplyClass is) noexcept;

struct ReplyReading {
  ReplyClass is = ReplyClass::give_up;
  std::string receipt;                             ///< The platform's number for the message; empty when it gave none.
  std::string code;                                ///< Its own code, for people.
  std::string text;                                ///< Its own words; they may name persons and are never logged.
};

/// What a target makes of one canonical record.
struct Planned {
  RecordVerdict verdict = RecordVerdict::accepted; ///< held or refused: nothing may be sent.
  std::vector<OutMessage> messages;
  Findings findings;
};

/// One target mapping, compiled. Immutable; safe from several threads.
class Target {
public:
  virtual ~Target() = default;
  /// @param file  targets/<name>.yaml
  static Result<std::shared_ptr<const Target>> load(const std::string& file, Findings& mistakes);
  virtual const std::string& id() const = 0;       ///< "tif_rio.case"
  virtual const std::string& digest() const = 0;
  /// @param canonical  Canonical JSON of a record.
  /// @errors wire.*, mapping.no_target_message.
  virtual Result<Planned> plan(std::string_view canonical, const Environment& environment, Workspace& workspace) const = 0;
  /// What the platform's reply means, as the target's `reply` says.
  /// @errors mapping.reply_unreadable (the reply is no document, or a condition about it could not be judged), mapping.reply_unknown (the
  ///         target says nothing about replies).
  virtual Result<ReplyReading> read_reply(const ReplyInput& reply) const = 0;
  Result<Planned> plan(std::string_view canonical, Workspace& workspace) const { return plan(canonical, Environment(), workspace); }
};

} // namespace tongqu::mapping
