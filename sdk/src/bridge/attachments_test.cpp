#include <gtest/gtest.h>

#include <future>

#include "bridge/attachment_desk.hpp"
#include "bridge/attachment_names.hpp"
#include "bridge/intake.hpp"
#include "bridge/stored_delivery.hpp"
#include "bridge/test_support.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"
#include "tongqu/wire/json.hpp"

namespace tongqu::bridge::detail {
namespace {

using connector::Outcome;
using journal::DeliveryState;
using test::TempFolder;

std::string named(const std::string& canonical) {
  const auto all = named_attachments(canonical);
  if (!all) return std::string(all.error().id());
  std::string text;
  for (const auto& one : *all) text += (text.empty() ? "" : " ") + one.path + "=" + to_hex(one.digest).substr(0, 2);
  return text;
}

TEST(NamedAttachments, are_the_digests_of_files_that_are_nowhere_else) {
  const std::string a = "\"sm3:" + std::string(64, 'a') + "\"", b = "\"sm3:" + std::string(64, 'b') + "\"";
  EXPECT_EQ(named("{\"received_materials\":[{\"digest\":" + a + "},{\"files\":[{\"name\":\"x\"},{\"digest\":" + b + "}]}]}"),
            "received_materials[0].digest=aa received_materials[1].files[1].digest=bb");
  EXPECT_EQ(named("{\"file\":{\"digest\":" + a + ",\"uri\":\"http://files.example.test/1\"}}"), "") << "its bytes are said to be elsewhere";
  EXPECT_EQ(named("{\"files\":[{\"digest\":" + a + "},{\"digest\":" + a + "}]}"), "files[0].digest=aa") << "each once";
  EXPECT_EQ(named("{\"digest\":\"sm3:" + std::string(63, 'a') + "\"}"), "");
  EXPECT_EQ(named("{\"digest\":\"sha256:" + std::string(64, 'a') + "\",\"remark\":" + a + "}"), "");
  EXPECT_EQ(named("{\"meta\":{\"x\":{\"digest\":" + a + "}},\"unknown\":{\"digest\":" + a + "},\"ext\":{\"digest\":" + a + "}}"), "");
}

constexpr const char* kMapping = R"(mapping: t.case
to: case@1
zone: "+08:00"
source:
  - json: {}
identity:
  organisation: {const: ORG1}
  item: {const: ITEM1}
  case: {from: no}
  event: {const: accept}
event: {const: accept}
rules:
  case_no: {from: no, on_fail: reject}
  task_name: {maybe: name}
  received_materials:
    each: materials
    rules:
      name: {from: name, on_fail: hold}
      digest: {maybe: sm3, via: [{prefix: "sm3:"}]}
)";
constexpr const char* kPack = "pack: t\nsystem: t-system\nversion: \"1\"\nmappings:\n  - {file: mappings/case.yaml, match: {}}\n";
constexpr const char* kTarget = "target: t.up\nfrom: case@1\nzone: \"+08:00\"\nmessages:\n  - name: one\n    when: 'envelope.event == \"accept\"'\n    after: []\n    rules:\n      project_no: {from: case_no, on_fail: hold}\n";

/// A road into a real journal.
class Attached : public testing::Test {
protected:
  Attached() {
    Findings mistakes;
    folder_.write("pack/pack.yaml", kPack);
    folder_.write("pack/mappings/case.yaml", kMapping);
    auto pack = load_pack({folder_.file("pack"), {}, {}, {}, {}}, mistakes);
    if (!pack) throw std::runtime_error(mistakes.empty() ? describe(pack.error()) : describe(*mistakes.begin(), Lang::en));
    pack_ = *pack;
    target_ = test::good(mapping::Target::load(folder_.write("up.yaml", kTarget), mistakes));
    config_.reference_date.year = 2150;
    ListenSettings listen;
    listen.name = "county";
    listen.family = "rest";
    listen.pack = "t";
    listen.attachments = MissingAttachment::hold;
    config_.listen.push_back(listen);
    config_.routes.push_back({"*", "", {{"up", ""}}});
    journal::JournalOptions options;
    options.path = folder_.file("store.db");
    options.seal_key = Secret(std::string(32, 's'));
    options.audit_key = Secret(std::string(32, 'a'));
    journal_ = test::good(journal::Journal::open(options, std::make_shared<SystemClock>()));
    desk_ = std::make_unique<AttachmentDesk>(AttachmentDeskParts{journal_.get(), {}, &metrics_});
    road_ = std::make_unique<IntakeRoad>(IntakeParts{&setups_, journal_.get(), &plans_, &pool_, nullptr, std::make_shared<SystemClock>(), {}, &metrics_, [] {}, nullptr, desk_.get()});
  }
  ~Attached() override {
    desk_->stop();
    pool_.stop();
    journal_->close();
  }

  void say(MissingAttachment what) { config_.listen[0].attachments = what; }

  connector::Answer send(const std::string& case_no, const std::vector<std::string>& digests, const std::vector<std::string>& contents = {}) {
    std::string materials;
    for (const auto& one : digests) materials += (materials.empty() ? "" : ",") + std::string("{\"name\":\"m\",\"sm3\":\"") + to_hex(one) + "\"}";
    std::vector<wire::Part> parts;
    for (const auto& one : contents) parts.push_back({"part" + std::to_string(parts.size() + 1), "application/pdf", one, nullptr});
    return send_body("{\"no\":\"" + case_no + "\",\"materials\":[" + materials + "]}", std::move(parts));
  }

  void put_in_force() {
    auto setup = std::make_shared<detail::Setup>();
    setup->config = config_;
    setup->packs = {{"t", pack_}};
    setup->targets = {{"up", target_}};
    setups_.put(std::move(setup));
  }

  connector::Answer send_body(const std::string& body, std::vector<wire::Part> parts = {}) {
    put_in_force();
    connector::Inbound inbound;
    inbound.route = "county";
    inbound.trace_id = "trace";
    inbound.delivery.facts = {{"family", "rest"}, {"peer", "p"}};
    inbound.delivery.parts.push_back({"body", "application/json", body, nullptr});
    for (auto& one : parts) inbound.delivery.parts.push_back(std::move(one));
    // As the connector hands it over: the document is read already.
    wire::Part& first = inbound.delivery.parts.front();
    first.document = std::make_shared<const wire::Document>(test::good(wire::parse_json(first.bytes)));
    std::promise<connector::Answer> told;
    road_->on_delivery(std::move(inbound), [&told](connector::Answer answer) { told.set_value(std::move(answer)); });
    return told.get_future().get();
  }

  Result<connector::Upload::Kept> upload(const std::string& content, const std::string& digest) {
    put_in_force();
    auto upload = road_->upload({"county", "p", "trace", digest, content.size()});
    if (!upload) return std::move(upload).error();
    for (std::size_t at = 0; at < content.size(); at += 50000) {
      std::promise<Result<void>> taken;
      (*upload)->take(content.substr(at, 50000), [&taken](Result<void> result) { taken.set_value(std::move(result)); });
      const auto result = taken.get_future().get();
      if (!result) return result.error();
    }
    std::promise<Result<connector::Upload::Kept>> kept;
    (*upload)->finish([&kept](Result<connector::Upload::Kept> result) { kept.set_value(std::move(result)); });
    return kept.get_future().get();
  }
  bool there(const std::string& content) { return journal_->attachments()->find(crypto::sm3(content))->has_value(); }
  DeliveryState state_of(const std::string& message_id) { return (*journal_->message(message_id))->deliveries.at(0).state; }

  TempFolder folder_;
  Config config_;
  obs::Metrics metrics_;
  PackInForcePtr pack_;
  TargetPtr target_;
  SetupShelf setups_;
  PlanCache plans_;
  WorkerPool pool_{1, 16, [] {}};
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<AttachmentDesk> desk_;
  std::unique_ptr<IntakeRoad> road_;
};

const std::string kFile = std::string(150000, 'f');

TEST_F(Attached, uploaded_first_it_is_there_for_the_message_that_names_it) {
  EXPECT_EQ(send("C0", {}).outcome, Outcome::stored);
  const auto kept = upload(kFile, crypto::sm3(kFile));
  ASSERT_TRUE(kept) << describe(kept.error());
  EXPECT_FALSE(kept->known);
  EXPECT_EQ(kept->bytes, kFile.size());
  EXPECT_TRUE(upload(kFile, crypto::sm3(kFile))->known);
  EXPECT_EQ(road_->attachment("county", crypto::sm3(kFile))->value(), kFile.size());
  const auto answer = send("C1", {crypto::sm3(kFile)});
  EXPECT_EQ(answer.outcome, Outcome::stored);
  EXPECT_EQ(state_of(answer.message_id), DeliveryState::ready);
  EXPECT_EQ(send("C1", {crypto::sm3(kFile)}).outcome, Outcome::duplicate);
  EXPECT_EQ(send("C1", {crypto::sm3("another file")}).outcome, Outcome::conflict) << "the digest of a file counts into that of the message";
}

TEST_F(Attached, other_bytes_than_announced_are_not_kept) {
  const auto kept = upload(kFile, crypto::sm3("other"));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().id(), "journal.attachment_digest");
  EXPECT_FALSE(there(kFile));
}

TEST_F(Attached, a_record_whose_attachment_is_missing_is_held_until_it_is_there) {
  const auto answer = send("C1", {crypto::sm3(kFile)});
  EXPECT_EQ(answer.outcome, Outcome::held);
  EXPECT_EQ(state_of(answer.message_id), DeliveryState::held);
  const auto view = journal_->message(answer.message_id);
  EXPECT_NE((*view)->findings.find("journal.attachment_missing"), std::string::npos);
  EXPECT_NE((*view)->findings.find("received_materials[0].digest"), std::string::npos);
  EXPECT_NE((*view)->deliveries[0].reason.find("\"zh\":"), std::string::npos);

  const auto early = road_->release(answer.message_id, {"who", "why"}, false);
  ASSERT_TRUE(early) << describe(early.error());
  EXPECT_FALSE(early->released);
  EXPECT_EQ(early->findings.items().at(0).id, Errc::journal_attachment_missing);
  ASSERT_TRUE(upload(kFile, crypto::sm3(kFile)));
  const auto released = road_->release(answer.message_id, {"who", "why"}, false);
  ASSERT_TRUE(released) << describe(released.error());
  EXPECT_TRUE(released->released);
  EXPECT_EQ(state_of(answer.message_id), DeliveryState::ready);
}

TEST_F(Attached, or_refused_or_reported_as_the_listener_says) {
  say(MissingAttachment::refuse);
  const auto refused = send("C1", {crypto::sm3(kFile)});
  EXPECT_EQ(refused.outcome, Outcome::refused);
  EXPECT_EQ(refused.error->id(), "journal.attachment_missing");
  EXPECT_EQ(journal_->counts()->messages, 0);
  say(MissingAttachment::report);
  const auto reported = send("C1", {crypto::sm3(kFile)});
  EXPECT_EQ(reported.outcome, Outcome::stored);
  EXPECT_EQ(state_of(reported.message_id), DeliveryState::ready);
  EXPECT_NE((*journal_->message(reported.message_id))->findings.find("journal.attachment_missing"), std::string::npos);
  say(MissingAttachment::refuse);
  EXPECT_EQ(send("C1", {crypto::sm3(kFile)}).outcome, Outcome::duplicate) << "what was taken once is not refused later";
}

TEST_F(Attached, a_listener_without_attachments_takes_a_digest_for_a_digest) {
  say(MissingAttachment::none_taken);
  EXPECT_EQ(send("C1", {crypto::sm3(kFile)}).outcome, Outcome::stored);
  EXPECT_EQ(upload(kFile, crypto::sm3(kFile)).error().id(), "connector.path_unknown");
  EXPECT_EQ(road_->attachment("county", crypto::sm3(kFile)).error().id(), "connector.path_unknown");
}

TEST_F(Attached, a_part_of_the_delivery_that_the_record_names_goes_into_the_store) {
  const auto answer = send("C1", {crypto::sm3(kFile), crypto::sm3("small")}, {"unnamed", kFile, "small"});
  EXPECT_EQ(answer.outcome, Outcome::stored);
  EXPECT_TRUE(there(kFile));
  EXPECT_TRUE(there("small"));
  EXPECT_FALSE(there("unnamed"));
}

TEST(InlineFiles, are_found_in_texts_of_documents_and_of_documents_inside) {
  const std::string inner = "{\\\"f\\\":\\\"ZGVm\\\"}";
  const std::string body = "{\"a\":[\"YWJj\",\"no base 64!\",12],\"b\":\"data:image/png;base64,eHl6\",\"c\":\"" + inner + "\",\"d\":\"<x><y>Z2hp</y></x>\"}";
  const auto document = wire::parse_json(body);
  ASSERT_TRUE(document) << describe(document.error());
  std::string found;
  ASSERT_TRUE(each_inline_file(document->root(), [&found](Bytes bytes) { found += std::string(bytes) + " "; return Result<bool>(true); }));
  EXPECT_EQ(found, "abc xyz def ghi ");
}

TEST_F(Attached, a_file_that_stands_in_the_body_goes_into_the_store_too) {
  folder_.write("inline/pack.yaml", kPack);
  std::string mapping = kMapping;
  const std::string rule = "{maybe: sm3, via: [{prefix: \"sm3:\"}]}";
  mapping.replace(mapping.find(rule), rule.size(), "{from: data, via: [base64, {digest: sm3}, {prefix: \"sm3:\"}], on_fail: hold}");
  folder_.write("inline/mappings/case.yaml", mapping);
  Findings mistakes;
  pack_ = test::good(load_pack({folder_.file("inline"), {}, {}, {}, {}}, mistakes));
  const std::string body = "{\"no\":\"C1\",\"materials\":[{\"name\":\"m\",\"data\":\"" + to_base64(kFile) + "\"}]}";
  const auto answer = send_body(body);
  EXPECT_EQ(answer.outcome, Outcome::stored);
  EXPECT_TRUE(there(kFile));
  EXPECT_EQ(send_body(body).outcome, Outcome::duplicate);
}

TEST_F(Attached, a_part_that_went_into_the_store_is_kept_with_the_message_and_found_again) {
  ASSERT_TRUE(upload(kFile, crypto::sm3(kFile)));
  wire::Part part{"part1", "application/pdf", {}, nullptr};
  part.sm3 = crypto::sm3(kFile);
  part.stored_bytes = kFile.size();
  const auto answer = send_body("{\"no\":\"C1\",\"materials\":[]}", {part});
  EXPECT_EQ(answer.outcome, Outcome::stored);
  const auto bodies = journal_->bodies(answer.message_id);
  ASSERT_TRUE(bodies);
  EXPECT_LT(bodies->raw.size(), 1000U);
  const auto again = load_delivery(bodies->raw);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->parts.size(), 2U);
  EXPECT_EQ(again->parts[1].sm3, part.sm3);
  EXPECT_EQ(again->parts[1].stored_bytes, kFile.size());
  EXPECT_EQ(again->facts, (std::map<std::string, std::string, std::less<>>{{"family", "rest"}, {"peer", "p"}}));
  EXPECT_NE((*journal_->message(answer.message_id))->findings.find("wire.part_unreferenced"), std::string::npos) << "the pack looks at no part, and says so";
}

TEST_F(Attached, an_upload_that_is_let_go_leaves_nothing) {
  put_in_force();
  {
    auto upload = road_->upload({"county", "p", "trace", crypto::sm3(kFile), std::nullopt});
    ASSERT_TRUE(upload);
    std::promise<void> taken;
    (*upload)->take(kFile, [&taken](Result<void> result) { EXPECT_TRUE(result); taken.set_value(); });
    taken.get_future().get();
  }
  desk_->stop();
  int files = 0;
  for (const auto& one : std::filesystem::directory_iterator(folder_.file("store.db.attachments"))) files += one.path().filename() != "names.key" ? 1 : 0;
  EXPECT_EQ(files, 0);
}

} // namespace
} // namespace tongqu::bridge::detail
