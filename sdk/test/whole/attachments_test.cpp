#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"
#include "tongqu/base/bytes.hpp"
#include "tongqu/crypto/crypto.hpp"

/// Attachments on a real road: curl puts them, the commands look after them.
namespace tongqu::whole {
namespace {

class Attachments : public testing::Test {
protected:
  Attachments() {
    house_.edit("bridge.yaml", "pack: linhu-onewin, token: {file: keys/linhu.token}}", "pack: linhu-onewin, token: {file: keys/linhu.token}, attachments: hold, limits: {message_bytes_max: 65536}}");
    house_.open();
  }
  /// Status and body.
  std::string curl(const std::string& arguments, const std::string& digest) {
    return house_.shell("curl -s -m 120 -w ' %{http_code}' -H 'Authorization: Bearer " + house_.token + "' " + arguments + " http://127.0.0.1:" + std::to_string(house_.port("linhu")) + "/attachments/" + digest).text;
  }
  std::string write(const std::string& name, std::size_t bytes) {
    std::string content(bytes, '\0');
    std::uint32_t state = 88172645;
    for (char& c : content) {
      state ^= state << 13U;
      state ^= state >> 17U;
      state ^= state << 5U;
      c = static_cast<char>(state);
    }
    std::ofstream(house_.folder.file(name), std::ios::binary) << content;
    return to_hex(crypto::sm3(content));
  }
  static std::int64_t peak_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("VmHWM:", 0) == 0) return std::stoll(line.substr(6));
    }
    return 0;
  }
  House house_;
};

TEST_F(Attachments, are_put_by_curl_and_verified_by_a_command) {
  const std::string file = house_.folder.file("scan.pdf");
  const std::string digest = write("scan.pdf", 5000000);
  const std::string answer = curl("-T " + file, digest);
  EXPECT_EQ(answer, "{\"digest\":\"sm3:" + digest + "\",\"bytes\":5000000,\"state\":\"stored\"} 201");
  EXPECT_NE(curl("-T " + file, digest).find("\"state\":\"known\"} 200"), std::string::npos);
  EXPECT_EQ(curl("-I -o /dev/null", digest), " 200");
  EXPECT_NE(curl("-T " + file, std::string(64, '0')).find("journal.attachment_digest"), std::string::npos);
  EXPECT_EQ(curl("-I -o /dev/null", std::string(64, '0')), " 404");
  EXPECT_NE(curl("-X POST --data x", digest).find("connector.method"), std::string::npos);
  EXPECT_EQ(house_.metric("tongqu_attachments_total{outcome=\"stored\"}"), "1");

  const std::string verify = TONGQU_BIN_DIR "/tongqu bridge verify --attachments -c " + house_.folder.file("bridge.yaml");
  const Said whole = house_.shell(verify);
  EXPECT_EQ(whole.code, 0) << whole.text;
  for (const auto& one : std::filesystem::directory_iterator(house_.folder.file("state/journal.db.attachments"))) {
    if (one.path().extension() != ".att") continue;
    std::fstream stored(one.path(), std::ios::in | std::ios::out | std::ios::binary);
    // Turned over, since a sealed byte may already be whatever one would write.
    stored.seekg(3000000);
    const char turned = static_cast<char>(stored.get() ^ 1);
    stored.seekp(3000000);
    stored.put(turned);
  }
  const Said broken = house_.shell(verify);
  EXPECT_NE(broken.code, 0);
  EXPECT_NE(broken.text.find("journal.attachment_broken"), std::string::npos) << broken.text;
  const std::string again = curl("-T " + file, digest);
  EXPECT_NE(again.find("\"state\":\"stored\"} 201"), std::string::npos) << "sent again, it is whole again, and not " << again;
  EXPECT_EQ(house_.shell(verify).code, 0);
  EXPECT_EQ(house_.log().find(digest), std::string::npos) << "the digest of a citizen's file stands in no log";
}

TEST_F(Attachments, a_large_upload_takes_no_memory_and_an_ended_one_no_room) {
  const std::string small = write("small", 100000);
  ASSERT_NE(curl("-T " + house_.folder.file("small"), small).find(" 201"), std::string::npos);
  // The peak counts from here (proc(5), clear_refs).
  std::ofstream("/proc/self/clear_refs") << "5";
  const std::int64_t before_kb = peak_kb();
  // 64 MB of zeros, whose SM3 the tool of the machine tells.
  const Said digest = house_.shell("head -c 67108864 /dev/zero | openssl dgst -sm3 -r | cut -c1-64");
  const Said put = house_.shell("head -c 67108864 /dev/zero | curl -s -m 300 -w ' %{http_code}' -H 'Authorization: Bearer " + house_.token + "' -T - http://127.0.0.1:" + std::to_string(house_.port("linhu")) +
                                     "/attachments/" + digest.text.substr(0, 64));
  EXPECT_NE(put.text.find("\"bytes\":67108864,\"state\":\"stored\"} 201"), std::string::npos) << put.text;
  EXPECT_LT(peak_kb() - before_kb, 4096);
  // One that breaks off: its half is seen, and then it is gone.
  const auto halves = [this] {
    int count = 0;
    for (const auto& one : std::filesystem::directory_iterator(house_.folder.file("state/journal.db.attachments"))) count += one.path().extension() == ".part" ? 1 : 0;
    return count;
  };
  std::thread breaking([this] {
    house_.shell("(head -c 3000000 /dev/zero; sleep 5) | timeout -s KILL 3 curl -s -H 'Authorization: Bearer " + house_.token + "' -T - http://127.0.0.1:" + std::to_string(house_.port("linhu")) + "/attachments/" + std::string(64, 'a'));
  });
  EXPECT_TRUE(wait_until([&] { return halves() == 1; }));
  breaking.join();
  EXPECT_TRUE(wait_until([&] { return halves() == 0; }));
}

TEST_F(Attachments, a_form_with_a_large_file_beside_the_message_is_taken) {
  write("large.pdf", 3000000);
  write_text(house_.folder.file("push.json"), file_text(TONGQU_SOURCE_DIR "/connectors/packs/linhu-onewin/samples/01-accept.in.json"));
  const Said form = house_.shell("curl -s -m 120 -w ' %{http_code}' -H 'Authorization: Bearer " + house_.token + "' -F 'data=@" + house_.folder.file("push.json") + ";type=application/json' -F 'file=@" +
                                      house_.folder.file("large.pdf") + ";type=application/pdf' http://127.0.0.1:" + std::to_string(house_.port("linhu")) + "/api/push");
  EXPECT_NE(form.text.find("\"code\":\"200\""), std::string::npos) << form.text;
  EXPECT_TRUE(wait_until([this] { return house_.all_delivered(1); }));
  const auto store = house_.store();
  const auto checked = store->attachments()->check_all({});
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->count, 1);
  EXPECT_EQ(checked->bytes, 3000000);
}

} // namespace
} // namespace tongqu::whole
