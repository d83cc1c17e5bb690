#include "bridge/back_target.hpp"

#include <algorithm>
#include <charconv>

#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/mapping/reverse.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {
namespace {

using mapping::RecordVerdict;

constexpr std::string_view kHeaderFact = "header.";

bool fits_a_header(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

/// The same event has the same id at every try; the message's own id goes with it as the trace.
mapping::OutMessage out_message(std::string_view canonical, const CallBackMessage& message) {
  return {"event", to_hex(crypto::sm3(canonical)).substr(0, 32), pack_call_back(message), {}};
}

class AsStored final : public mapping::Target {
public:
  const std::string& id() const override { return id_; }
  const std::string& digest() const override { return id_; }
  Result<mapping::Planned> plan(std::string_view canonical, const mapping::Environment&, mapping::Workspace&) const override {
    mapping::Planned planned;
    planned.messages.push_back(out_message(canonical, {false, "application/json; charset=utf-8", {}, std::string(canonical)}));
    return planned;
  }
  Result<mapping::ReplyReading> read_reply(const mapping::ReplyInput&) const override { return Error(Errc::mapping_reply_unknown); }

private:
  const std::string id_ = "back";
};

class InOwnForm final : public mapping::Target {
public:
  InOwnForm(PackPtr pack, std::map<std::string, PackPtr> event_packs, AboutCase about) : pack_(std::move(pack)), event_packs_(std::move(event_packs)), about_(std::move(about)) {
    digest_ = "back:own " + pack_->info().digest;
    for (const auto& [platform, one] : event_packs_) digest_ += " " + platform + ":" + one->info().digest;
  }
  const std::string& id() const override { return id_; }
  const std::string& digest() const override { return digest_; }
  Result<mapping::ReplyReading> read_reply(const mapping::ReplyInput&) const override { return Error(Errc::mapping_reply_unknown); }

  Result<mapping::Planned> plan(std::string_view canonical, const mapping::Environment& environment, mapping::Workspace& workspace) const override {
    mapping::Planned planned;
    TONGQU_TRY(const mapping::MappedRecord record, read_event(canonical, environment, workspace));
    if (record.verdict != RecordVerdict::accepted) {
      planned.verdict = record.verdict;
      planned.findings = record.findings;
      return planned;
    }
    TONGQU_TRY(mapping::Reversed made, pack_->reverse(record.canonical, "", environment, workspace));
    planned.verdict = made.verdict;
    planned.findings = std::move(made.findings);
    if (made.verdict != RecordVerdict::accepted) return planned;
    TONGQU_TRY(const CallBackMessage message, request_of(std::move(made)));
    planned.messages.push_back(out_message(canonical, message));
    return planned;
  }

private:
  /// The event as a canonical record of its case, or an evaluation of it, by the mapping of the platform that told it. The kind of the event
  /// is the operation that a mapping of the event pack may ask for.
  Result<mapping::MappedRecord> read_event(std::string_view canonical, const mapping::Environment& environment, mapping::Workspace& workspace) const {
    std::string platform, system, case_no, kind;
    {
      TONGQU_TRY(const auto document, wire::parse_json(canonical));
      for (const auto& [name, into] : {std::pair{"platform", &platform}, std::pair{"system", &system}, std::pair{"case_no", &case_no}, std::pair{"kind", &kind}}) {
        if (const auto member = document.root().child(name)) *into = member.raw_text();
      }
    }
    const auto pack = event_packs_.find(platform);
    if (pack == event_packs_.end()) return Error(Errc::bridge_config_reference).at("platforms.events.pack").with(platform);
    wire::Delivery delivery;
    delivery.facts["family"] = "events";
    delivery.facts["platform"] = platform;
    delivery.facts["operation"] = kind;
    delivery.parts.push_back({"body", "application/json", with_case(canonical, about_(system, case_no)), nullptr});
    TONGQU_TRY(auto records, pack->second->run(delivery, environment, workspace));
    if (records.size() != 1) return Error(Errc::mapping_records_none).at("event");
    return std::move(records.front());
  }

  /// The event with what the store knows of its case: the platform names a case by its number only.
  static std::string with_case(std::string_view canonical, const std::string& about) {
    const auto end = canonical.rfind('}');
    if (about.empty() || end == std::string_view::npos) return std::string(canonical);
    return std::string(canonical.substr(0, end)) + ",\"case\":" + about + "}";
  }

  static Result<CallBackMessage> request_of(mapping::Reversed made) {
    CallBackMessage message;
    message.own = true;
    message.content_type = std::move(made.content_type);
    message.bytes = std::move(made.bytes);
    if (message.content_type.rfind("text/xml", 0) == 0) message.headers.emplace_back("SOAPAction", "\"" + made.action + "\"");
    for (auto& [name, value] : made.facts) {
      if (name.compare(0, kHeaderFact.size(), kHeaderFact) == 0) message.headers.emplace_back(name.substr(kHeaderFact.size()), std::move(value));
    }
    for (const auto& [name, value] : message.headers) {
      if (!fits_a_header(name) || !fits_a_header(value)) return Error(Errc::mapping_reverse_character).at(std::string(kHeaderFact) + name);
    }
    return message;
  }

  const std::string id_ = "back";
  const PackPtr pack_;
  const std::map<std::string, PackPtr> event_packs_;
  const AboutCase about_;
  std::string digest_;
};

} // namespace

// Lines, since no header has one: form, media type, number of headers, headers; then the bytes as they are.
std::string pack_call_back(const CallBackMessage& message) {
  std::string out = message.own ? "own\n" : "stored\n";
  out += message.content_type + "\n" + std::to_string(message.headers.size()) + "\n";
  for (const auto& [name, value] : message.headers) out.append(name).append(": ").append(value).append(1, '\n');
  return out + message.bytes;
}

std::optional<CallBackMessage> unpack_call_back(std::string_view text) {
  const auto line = [&text]() -> std::optional<std::string_view> {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end + 1);
    return one;
  };
  CallBackMessage message;
  const auto form = line(), type = line(), count = line();
  if (!form || !type || !count || (*form != "own" && *form != "stored")) return std::nullopt;
  message.own = *form == "own";
  message.content_type = *type;
  std::size_t headers = 0;
  if (std::from_chars(count->data(), count->data() + count->size(), headers).ec != std::errc()) return std::nullopt;
  for (; headers > 0; --headers) {
    const auto one = line();
    const auto colon = one ? one->find(": ") : std::string_view::npos;
    if (colon == std::string_view::npos) return std::nullopt;
    message.headers.emplace_back(one->substr(0, colon), one->substr(colon + 2));
  }
  message.bytes = text;
  return message;
}

TargetPtr make_back_target(const Setup& setup, const PackInForce& pack, AboutCase about) {
  static const auto as_stored = std::make_shared<const AsStored>();
  if (pack.settings.call_back.form == CallBackSettings::Form::stored) return as_stored;
  return std::make_shared<const InOwnForm>(pack.pack, setup.event_packs, std::move(about));
}

std::string about_case(journal::Journal& journal, const std::string& system, const std::string& case_no) {
  const auto views = journal.messages_of_case(system, case_no);
  if (!views) return {};
  for (const journal::MessageView& view : *views) {
    const auto bodies = journal.bodies(view.message_id);
    const auto document = bodies ? wire::parse_json(bodies->canonical) : Result<wire::Document>(Error(Errc::journal_not_found));
    // Events from above are messages of the case too, but no records of it; what was purged or is damaged tells nothing.
    const wire::Node identity = document ? document->root().child("identity") : wire::Node();
    if (!identity) continue;
    std::string out;
    wire::JsonWriter w(out);
    w.begin_object();
    for (const char* name : {"organisation", "item", "case"}) {
      if (const auto member = identity.child(name)) w.member(name, member.raw_text());
    }
    for (const char* name : {"task_code", "task_name"}) {
      if (const auto member = document->root().child(name)) w.member(name, member.raw_text());
    }
    w.end_object();
    return out;
  }
  return {};
}

} // namespace tongqu::bridge::detail
