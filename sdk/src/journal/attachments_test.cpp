#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "journal/child_test_support.hpp"
#include "journal/journal_test_support.hpp"
#include "tongqu/base/fault_point.hpp"
#include "tongqu/journal/attachments.hpp"

namespace tongqu::journal {
namespace {

using namespace test;
using Access = Attachments::Access;

constexpr std::size_t kChunk = 65536;
/// The file: docs/reference/attachments.md.
constexpr std::size_t kData = 1536, kFrame = 37, kEnd = 77;

/// Content that no two places of have in common.
std::string content_of_size(std::size_t size, unsigned seed = 1) {
  std::string out(size, '\0');
  std::uint32_t state = seed * 2654435761U + 1;
  for (char& c : out) {
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    c = static_cast<char>(state);
  }
  return out;
}

Result<AttachmentWriter::Stored> put(Attachments& store, const std::string& content, const std::string& digest = {}, std::size_t piece = 10000) {
  auto writer = store.begin({digest, static_cast<std::int64_t>(content.size())});
  if (!writer) return std::move(writer).error();
  for (std::size_t at = 0; at < content.size(); at += piece) {
    auto written = (*writer)->write(std::string_view(content).substr(at, piece));
    if (!written) return std::move(written).error();
  }
  return (*writer)->commit();
}

Result<std::string> get(const Attachments& store, const std::string& digest, std::string* given = nullptr) {
  auto reader = store.read(digest);
  if (!reader) return std::move(reader).error();
  std::string here;
  std::string& all = given != nullptr ? *given : here;
  for (;;) {
    auto chunk = (*reader)->next();
    if (!chunk) return std::move(chunk).error();
    if (chunk->empty()) return all;
    all += *chunk;
  }
}

void overwrite(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

/// What lost its name keeps its bytes for an hour of the server's clock, for those who read it.
void let_an_hour_pass(const std::string& path) {
  if (kOnPostgres) tamper(path, "UPDATE attachment_files SET touched_at = touched_at - interval '61 minutes'");
}

class AttachmentsTest : public ::testing::Test {
protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    auto opened = Attachments::open(options_, clock_, Access::write);
    ASSERT_TRUE(opened) << describe(opened.error());
    store_ = *std::move(opened);
  }
  AttachmentWriter::Stored stored(const std::string& content) {
    auto done = put(*store_, content);
    EXPECT_TRUE(done) << (done ? "" : describe(done.error()));
    return done ? *done : AttachmentWriter::Stored();
  }
  std::string folder() const { return options_.path + ".attachments"; }
  std::string file_of(const std::string& digest) { return folder() + "/" + *store_->name_of(digest) + ".att"; }
  /// Names of what is there; one that is half, or is on its way out, is here too.
  std::vector<std::string> entries() const {
    std::vector<std::string> all;
    if (kOnPostgres) {
      std::istringstream names(first_value(options_.path, "SELECT group_concat(coalesce(name || '.att', 'nameless')) FROM attachment_files"));
      for (std::string one; std::getline(names, one, ',');) all.push_back(one);
      return all;
    }
    if (!std::filesystem::exists(folder())) return all;
    for (const auto& one : std::filesystem::directory_iterator(folder())) {
      if (one.path().filename() != "names.key") all.push_back(one.path().filename());
    }
    return all;
  }
  Folder folder_;
  std::shared_ptr<HandClock> clock_ = std::make_shared<HandClock>();
  JournalOptions options_ = options_for(folder_.file("store.db"));
  std::unique_ptr<Attachments> store_;
};

TEST_F(AttachmentsTest, gives_back_what_was_put_whatever_its_size) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk, 3 * kChunk + 1}) {
    const std::string content = content_of_size(size);
    const auto done = put(*store_, content);
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_FALSE(done->known);
    EXPECT_EQ(done->facts.digest, crypto::sm3(content));
    const auto back = get(*store_, done->facts.digest);
    ASSERT_TRUE(back) << describe(back.error());
    EXPECT_TRUE(*back == content) << size;
    const auto facts = store_->find(done->facts.digest);
    ASSERT_TRUE(facts && facts->has_value());
    EXPECT_EQ((*facts)->bytes, static_cast<std::int64_t>(size));
  }
  EXPECT_EQ(store_->check_all({})->count, 7);
}

// GB/T 32905-2016 A.1.
TEST_F(AttachmentsTest, is_found_by_its_sm3) {
  EXPECT_EQ(to_hex(stored("abc").facts.digest), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  EXPECT_EQ(*get(*store_, *from_hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")), "abc");
  EXPECT_EQ(id_of(store_->read(crypto::sm3("abd"))), "journal.attachment_unknown");
  EXPECT_FALSE(store_->find(crypto::sm3("abd"))->has_value());
}

TEST_F(AttachmentsTest, neither_the_bytes_nor_the_digest_stand_on_the_disk) {
  FILE_STORE_ONLY("the form of the file; of rows see postgres/attachments_pgtest.cpp");
  const std::string secret = "a planted name that no file may hold, long enough to be found";
  const std::string digest = stored(secret).facts.digest;
  for (const auto& one : std::filesystem::directory_iterator(folder())) {
    const std::string text = test::content_of(one.path().string());
    EXPECT_EQ(text.find("planted name"), std::string::npos);
    EXPECT_EQ(text.find(digest), std::string::npos);
    EXPECT_EQ(one.path().filename().string().find(to_hex(digest).substr(0, 8)), std::string::npos);
    struct stat status = {};
    ASSERT_EQ(::stat(one.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
  }
}

TEST_F(AttachmentsTest, keeps_the_same_content_once) {
  const std::string content = content_of_size(100000);
  EXPECT_FALSE(stored(content).known);
  EXPECT_TRUE(stored(content).known);
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(AttachmentsTest, other_bytes_than_announced_leave_nothing) {
  EXPECT_EQ(id_of(put(*store_, "abd", crypto::sm3("abc"))), "journal.attachment_digest");
  EXPECT_EQ(entries().size(), 0U);
  EXPECT_EQ(id_of(put(*store_, "abc", crypto::sm3("abc"))), "ok");
}

TEST_F(AttachmentsTest, one_byte_more_than_allowed_is_refused) {
  options_.attachment_bytes_max = 1000;
  reopen();
  EXPECT_EQ(id_of(put(*store_, content_of_size(1000))), "ok");
  EXPECT_EQ(id_of(put(*store_, content_of_size(1001))), "journal.attachment_too_large");
  auto writer = store_->begin({});
  ASSERT_TRUE(writer);
  EXPECT_EQ(id_of((*writer)->write(content_of_size(1000))), "ok");
  EXPECT_EQ(id_of((*writer)->write("x")), "journal.attachment_too_large") << "and when its length was not announced";
  writer->reset();
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(AttachmentsTest, every_flipped_byte_is_noticed_and_the_attachment_named) {
  FILE_STORE_ONLY("the form of the file; of rows see postgres/attachments_pgtest.cpp");
  const std::string content = content_of_size(300);
  const auto facts = stored(content).facts;
  const std::string path = file_of(facts.digest), whole = test::content_of(path);
  ASSERT_EQ(whole.size(), kData + kFrame + 300 + kEnd);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    // Zeros behind the head and behind the box carry nothing.
    const bool carries = at < 5 || at >= kData || (at >= 512 && at < 512 + 4 + 2 + 81);
    if (!carries && at % 97 != 0) continue;
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    overwrite(path, changed);
    const auto back = get(*store_, facts.digest);
    if (back) {
      EXPECT_FALSE(carries) << at;
      EXPECT_TRUE(*back == content) << at;
      continue;
    }
    EXPECT_EQ(back.error().id(), "journal.attachment_broken") << at;
    EXPECT_EQ(back.error().where(), "attachment " + facts.name) << at;
  }
  overwrite(path, whole);
  EXPECT_EQ(*get(*store_, facts.digest), content);
}

TEST_F(AttachmentsTest, cut_swapped_and_repeated_chunks_are_noticed) {
  FILE_STORE_ONLY("the form of the file; of rows see postgres/attachments_pgtest.cpp");
  const std::string content = content_of_size(3 * kChunk);
  const auto facts = stored(content).facts;
  const std::string path = file_of(facts.digest), whole = test::content_of(path);
  const std::string head = whole.substr(0, kData), end = whole.substr(whole.size() - kEnd);
  const auto chunk = [&](std::size_t i) { return whole.substr(kData + i * (kChunk + kFrame), kChunk + kFrame); };
  const std::string broken[] = {
      head + chunk(0) + chunk(1) + end,                          // one cut off
      head + chunk(0) + chunk(1) + chunk(2),                     // the end cut off
      head + chunk(1) + chunk(0) + chunk(2) + end,               // swapped
      head + chunk(0) + chunk(1) + chunk(1) + end,               // repeated
      head + chunk(0) + chunk(1) + chunk(2) + chunk(2) + end,    // one more
      head + chunk(0) + chunk(1) + chunk(2).substr(0, 100) + end,
      whole.substr(0, whole.size() - 1), whole + "x", head, std::string()};
  for (const std::string& one : broken) {
    overwrite(path, one);
    std::string given;
    EXPECT_EQ(id_of(get(*store_, facts.digest, &given)), "journal.attachment_broken") << one.size();
    EXPECT_TRUE(given == content.substr(0, given.size())) << "bytes were given out that are not those of the content";
    int named = 0;
    const auto checked = store_->check_all([&](const Error& error) { named += error.where() == "attachment " + facts.name ? 1 : 0; });
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked->broken, 1);
    EXPECT_EQ(named, 1);
  }
}

TEST_F(AttachmentsTest, another_file_in_its_place_is_noticed) {
  FILE_STORE_ONLY("the form of the file; of rows see postgres/attachments_pgtest.cpp");
  const auto a = stored("content a").facts, b = stored("content b").facts;
  std::filesystem::copy_file(file_of(a.digest), file_of(b.digest), std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(id_of(get(*store_, b.digest)), "journal.attachment_broken");
  EXPECT_EQ(*get(*store_, a.digest), "content a");
  EXPECT_FALSE(stored("content b").known) << "sent again, the whole one takes the place of the broken one";
  EXPECT_EQ(*get(*store_, b.digest), "content b");
}

TEST_F(AttachmentsTest, another_key_opens_nothing_and_an_earlier_one_does) {
  const std::string digest = stored("content").facts.digest;
  store_.reset();
  JournalOptions other = options_;
  other.seal_key = Secret(std::string(32, 'n'));
  EXPECT_EQ(id_of(Attachments::open(other, clock_, Access::write)), "journal.open");
  other.key_id = "k2";
  other.earlier_keys = {{"k1", options_.seal_key}};
  auto opened = Attachments::open(other, clock_, Access::write);
  ASSERT_TRUE(opened) << describe(opened.error());
  EXPECT_EQ(*get(**opened, digest), "content");
}

TEST_F(AttachmentsTest, a_folder_without_the_key_of_its_names_is_not_taken_for_a_new_one) {
  FILE_STORE_ONLY("the form of the file; of rows see postgres/attachments_pgtest.cpp");
  stored("content");
  store_.reset();
  std::filesystem::remove(folder() + "/names.key");
  const auto opened = Attachments::open(options_, clock_, Access::write);
  EXPECT_EQ(id_of(opened), "journal.attachment_store");
}

TEST_F(AttachmentsTest, changes_its_key_while_it_is_read) {
  const std::string content = content_of_size(3 * kChunk + 5);
  const std::string digest = stored(content).facts.digest;
  store_.reset();
  JournalOptions fresh = options_;
  fresh.key_id = "k2";
  fresh.seal_key = Secret(std::string(32, 'n'));
  fresh.earlier_keys = {{"k1", options_.seal_key}};
  auto store = *Attachments::open(fresh, clock_, Access::write);
  auto reader = store->read(digest);
  ASSERT_TRUE(reader);
  std::string back(*(*reader)->next());
  const auto resealed = store->reseal();
  ASSERT_TRUE(resealed);
  EXPECT_EQ(resealed->count, 1);
  EXPECT_TRUE(resealed->all);
  for (auto chunk = (*reader)->next(); chunk && !chunk->empty(); chunk = (*reader)->next()) back += *chunk;
  EXPECT_TRUE(back == content);
  EXPECT_EQ(store->reseal()->count, 0) << "once is enough";
  store.reset();
  fresh.earlier_keys.clear();
  EXPECT_TRUE(*get(**Attachments::open(fresh, clock_, Access::write), digest) == content) << "the earlier key is needed no more";
  if (kOnPostgres) return; // The keys of the store are changed with its rows: JournalAttachments.
  EXPECT_EQ(id_of(Attachments::open(options_, clock_, Access::write)), "journal.open") << "and opens nothing any more";
}

TEST_F(AttachmentsTest, opens_under_both_keys_between_the_steps_of_a_change_and_never_with_none) {
  FILE_STORE_ONLY("the form of the file; of rows see postgres/attachments_pgtest.cpp");
  const std::string digest = stored("content").facts.digest;
  const std::string path = file_of(digest);
  JournalOptions fresh = options_;
  fresh.key_id = "k2";
  fresh.seal_key = Secret(std::string(32, 'n'));
  fresh.earlier_keys = {{"k1", options_.seal_key}};
  // The first half of the change, as a kill between the two leaves it.
  const std::string before = test::content_of(path);
  ASSERT_TRUE((*Attachments::open(fresh, clock_, Access::write))->reseal()->all);
  const std::string after = test::content_of(path);
  overwrite(path, before.substr(0, 1024) + after.substr(1024));
  auto between = *Attachments::open(fresh, clock_, Access::write);
  EXPECT_EQ(*get(*between, digest), "content");
  EXPECT_EQ(between->reseal()->count, 1) << "the rest of it is done";
  EXPECT_EQ(test::content_of(path).substr(0, 1536), after.substr(0, 1536));
}

TEST_F(AttachmentsTest, one_that_is_named_by_nobody_goes_after_its_time_unless_it_is_renewed) {
  const auto a = stored("content a").facts, b = stored("content b").facts;
  clock_->pass(std::chrono::hours(20));
  ASSERT_TRUE(store_->renew(b.digest)->has_value());
  clock_->pass(std::chrono::hours(5));
  const UtcMillis before = clock_->now_utc() - std::chrono::hours(24);
  EXPECT_EQ(*store_->older_than(before), std::vector<std::string>{a.name});
  EXPECT_TRUE(store_->remove(a.name, before));
  EXPECT_FALSE(store_->remove(b.name, before));
  let_an_hour_pass(options_.path);
  store_->forget_removed();
  EXPECT_EQ(entries(), std::vector<std::string>{b.name + ".att"});
}

TEST_F(AttachmentsTest, the_same_content_of_many_senders_at_once_is_kept_once) {
  const std::string content = content_of_size(5 * kChunk);
  std::atomic<int> fresh{0}, known{0};
  std::vector<std::thread> senders;
  for (int i = 0; i < 8; ++i) {
    senders.emplace_back([&] {
      const auto done = put(*store_, content, crypto::sm3(content));
      if (done) ++(done->known ? known : fresh);
    });
  }
  for (auto& one : senders) one.join();
  EXPECT_EQ(fresh.load(), 1);
  EXPECT_EQ(known.load(), 7);
  EXPECT_EQ(entries().size(), 1U);
  EXPECT_TRUE(*get(*store_, crypto::sm3(content)) == content);
}

TEST_F(AttachmentsTest, too_many_uploads_at_once_are_put_off) {
  std::vector<std::unique_ptr<AttachmentWriter>> open;
  for (;;) {
    auto writer = store_->begin({});
    if (!writer) {
      EXPECT_EQ(writer.error().id(), "journal.attachment_busy");
      break;
    }
    open.push_back(*std::move(writer));
    ASSERT_LT(open.size(), 1000U);
  }
  open.clear();
  EXPECT_EQ(id_of(store_->begin({})), "ok");
  EXPECT_EQ(entries().size(), 0U);
}

std::int64_t peak_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoll(line.substr(6));
  }
  return 0;
}

/// 64 MB here; TONGQU_ATTACHMENT_MB=1024 for the whole promise.
TEST_F(AttachmentsTest, a_large_one_takes_the_memory_of_a_small_one) {
  const char* wanted = std::getenv("TONGQU_ATTACHMENT_MB");
  const int megabytes = wanted != nullptr ? std::atoi(wanted) : 64;
  if (wanted != nullptr) options_.path = (std::filesystem::temp_directory_path() / ("tongqu-large-" + std::to_string(::getpid()))).string();
  options_.attachment_bytes_max = std::int64_t{4} << 30U;
  reopen();
  const std::string piece = content_of_size(std::size_t{1} << 20U);
  ASSERT_TRUE(put(*store_, piece));
  const std::int64_t before_kb = peak_kb();
  auto writer = store_->begin({});
  ASSERT_TRUE(writer);
  for (int i = 0; i < megabytes; ++i) ASSERT_TRUE((*writer)->write(piece));
  const auto done = (*writer)->commit();
  ASSERT_TRUE(done);
  std::int64_t bytes = 0;
  auto reader = store_->read(done->facts.digest);
  ASSERT_TRUE(reader);
  for (auto chunk = (*reader)->next(); chunk && !chunk->empty(); chunk = (*reader)->next()) bytes += static_cast<std::int64_t>(chunk->size());
  EXPECT_EQ(bytes, static_cast<std::int64_t>(megabytes) << 20U);
  EXPECT_LT(peak_kb() - before_kb, 2048) << "of " << megabytes << " MB";
  if (wanted != nullptr) std::filesystem::remove_all(folder());
}

TEST(AttachmentsDiskFull, is_answered_with_disk_low_and_leaves_no_half_file) {
  FILE_STORE_ONLY("the disk is the server's");
  Folder folder;
  const std::string mount_point = folder.file("small");
  std::filesystem::create_directory(mount_point);
  if (::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=3m") != 0) GTEST_SKIP() << "no right to mount a small tmpfs";
  {
    JournalOptions options = options_for(mount_point + "/store.db");
    auto store = *Attachments::open(options, std::make_shared<HandClock>(), Access::write);
    EXPECT_EQ(id_of(put(*store, content_of_size(1U << 20U))), "ok");
    auto writer = store->begin({});  // Its length is not told, so only the disk can tell.
    ASSERT_TRUE(writer);
    std::string failure;
    for (int i = 0; i < 100 && failure.empty(); ++i) {
      const auto written = (*writer)->write(content_of_size(kChunk));
      if (!written) failure = written.error().id();
    }
    EXPECT_EQ(failure, "journal.disk_low");
    writer->reset();
    EXPECT_EQ(id_of(put(*store, content_of_size(8U << 20U))), "journal.disk_low") << "told before the first byte, when the length is known";
    EXPECT_EQ(id_of(put(*store, content_of_size(1U << 20U, 2))), "ok") << "and there is room for what fits";
    int files = 0;
    for (const auto& one : std::filesystem::directory_iterator(options.path + ".attachments")) files += one.path().extension() == ".part" ? 1 : 0;
    EXPECT_EQ(files, 0);
    options.low_water_bytes = 2 << 20U;
    store.reset();
    store = *Attachments::open(options, std::make_shared<HandClock>(), Access::write);
    EXPECT_EQ(id_of(put(*store, "small")), "journal.disk_low") << "what is left is for the journal";
  }
  ::umount(mount_point.c_str());
}

constexpr std::size_t kChildBytes = 4 * kChunk + 9;

int files_of(const std::string& path) {
  if (kOnPostgres) return std::stoi(first_value(path, "SELECT count(*) FROM attachment_files"));
  int files = 0;
  for (const auto& one : std::filesystem::directory_iterator(path + ".attachments")) files += one.path().filename() != "names.key" ? 1 : 0;
  return files;
}

TEST(AttachmentChild, plays) {
  const char* script = std::getenv("TONGQU_TEST_SCRIPT");
  const char* path = std::getenv("TONGQU_TEST_STORE");
  if (script == nullptr || path == nullptr) GTEST_SKIP() << "only as a child";
  JournalOptions options = options_for(path);
  if (std::string(script) == "reseal") {
    options.key_id = "k2";
    options.seal_key = Secret(std::string(32, 'n'));
    options.earlier_keys = {{"k1", options_for(path).seal_key}};
  }
  auto store = *Attachments::open(options, std::make_shared<HandClock>(), Access::write);
  if (std::string(script) == "reseal") {
    static_cast<void>(store->reseal());
  } else {
    static_cast<void>(put(*store, content_of_size(kChildBytes)));
  }
  std::_Exit(3);
}

TEST(AttachmentsKilled, at_any_step_an_upload_is_whole_or_not_there) {
  if (!fault::compiled_in()) GTEST_SKIP() << "built without fault points";
  const std::string digest = crypto::sm3(content_of_size(kChildBytes));
  for (const std::string at : {"a1_attachment_begun:kill", "a2_attachment_chunk:kill", "a2_attachment_chunk:kill:nth=3", "a2_attachment_chunk:kill:nth=5", "a3_attachment_written:kill",
                               "a4_attachment_renamed:kill", "a5_attachment_durable:kill"}) {
    if (kOnPostgres && at.substr(0, 2) == "a4") continue; // There the name and the bytes are durable at once.
    Folder folder;
    const JournalOptions options = options_for(folder.file("store.db"));
    ASSERT_TRUE(was_killed(run_child("put", options.path, at, "AttachmentChild"))) << at;
    auto store = Attachments::open(options, std::make_shared<HandClock>(), Access::write);
    ASSERT_TRUE(store) << at << " " << describe(store.error());
    const bool named = at.substr(0, 2) == "a4" || at.substr(0, 2) == "a5";
    EXPECT_EQ(id_of(get(**store, digest)), named ? "ok" : "journal.attachment_unknown") << at;
    (*store)->forget_removed();
    EXPECT_EQ(files_of(options.path), named ? 1 : 0) << at;
    const auto again = put(**store, content_of_size(kChildBytes));
    ASSERT_TRUE(again) << at;
    EXPECT_EQ(again->known, named) << at;
    EXPECT_EQ(id_of(get(**store, digest)), "ok");
  }
}

TEST(AttachmentsKilled, between_the_steps_of_a_change_of_keys_it_still_opens) {
  FILE_STORE_ONLY("a row changes in one step");
  if (!fault::compiled_in()) GTEST_SKIP() << "built without fault points";
  Folder folder;
  const JournalOptions options = options_for(folder.file("store.db"));
  { ASSERT_TRUE(put(**Attachments::open(options, std::make_shared<HandClock>(), Access::write), "content")); }
  ASSERT_TRUE(was_killed(run_child("reseal", options.path, "a6_attachment_resealed:kill", "AttachmentChild")));
  EXPECT_EQ(*get(**Attachments::open(options, std::make_shared<HandClock>(), Access::write), crypto::sm3("content")), "content") << "under the old key";
  ASSERT_TRUE(exited(run_child("reseal", options.path, "", "AttachmentChild"), 3));
  EXPECT_EQ(id_of(Attachments::open(options, std::make_shared<HandClock>(), Access::write)), "journal.open") << "and after the rest only under the new one";
}

} // namespace
} // namespace tongqu::journal
