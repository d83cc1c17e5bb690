#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"
#include "tongqu/crypto/crypto.hpp"

/// The commands that keep a store over the years and prove its content to others, against a real road.
namespace tongqu::whole {
namespace {

struct Said {
  int code = -1;
  std::string text;
};

Said run(const House& house, const std::string& arguments) {
  const std::string out = house.folder.file("said");
  const int status = std::system((TONGQU_BIN_DIR "/tongqu bridge " + arguments + " > " + out + " 2>&1").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_text(out)};
}

TEST(Keeping, a_message_is_proven_backed_up_restored_and_purged_by_commands) {
  House house;
  const std::string config = " -c " + house.folder.file("bridge.yaml"), evidence = house.folder.file("m.evidence"), backup = house.folder.file("b.tqb");
  const auto key = crypto::Sm2PrivateKey::generate();
  ASSERT_TRUE(key);
  const Secret pem = key->private_pem();
  write_text(house.folder.file("keys/sign.pem"), pem.reveal(), true);
  write_text(house.folder.file("sign.pub"), key->public_pem());
  house.edit("bridge.yaml", "audit: {key: {file: keys/audit.key}}", "audit: {key: {file: keys/audit.key}, sign_key: {file: keys/sign.pem}, head_file: audit.head, public_key_file: sign.pub}");
  Findings mistakes;
  auto signing = bridge::load_config(house.folder.file("bridge.yaml"), mistakes);
  ASSERT_TRUE(signing);
  house.config = *std::move(signing);
  house.open();
  ASSERT_EQ(send_qinglan(house, qinglan_body("KP-1", "accept")).state, "stored");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  const std::string id = house.store()->deliveries(journal::DeliveryState::delivered, 1)->at(0).message_id;
  EXPECT_EQ(run(house, "backup" + config + " " + backup).code, 0);
  EXPECT_NE(run(house, "backup" + config + " " + backup).code, 0) << "not over a file";
  Said said = run(house, "purge" + config + " --older-than-days 180 --preview");
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("would be removed: 0"), std::string::npos) << said.text;
  said = run(house, "purge" + config + " --older-than-days 179 --reason x");
  EXPECT_NE(said.text.find("journal.retention_floor"), std::string::npos) << said.text;
  said = run(house, "rekey" + config + " --reason yearly");
  EXPECT_EQ(said.code, 0) << said.text;
  house.close();

  said = run(house, "evidence" + config + " " + id + " -o " + evidence);
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_EQ(std::filesystem::status(evidence).permissions() & std::filesystem::perms::mask, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  said = run(house, "verify --evidence " + evidence + " --public-key " + house.config.audit.public_key_file);
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("evidence holds: message " + id), std::string::npos) << said.text;
  EXPECT_EQ(said.text.find("not proven"), std::string::npos) << said.text;
  std::string text = file_text(evidence);
  text[text.find("\nreceipt ") + 40] ^= 1;
  write_text(evidence, text);
  EXPECT_NE(run(house, "verify --evidence " + evidence + " --public-key " + house.config.audit.public_key_file).code, 0);

  EXPECT_NE(run(house, "restore" + config + " " + backup).code, 0) << "not over a store";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(house.config.journal.path + end);
  said = run(house, "restore" + config + " " + backup);
  EXPECT_EQ(said.code, 0) << said.text;
  house.open();
  EXPECT_EQ(house.counts().messages, 1);
  EXPECT_NE(send_qinglan(house, qinglan_body("KP-1", "accept")).state, "") << "known, and told so";
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  for (const char* name : {"province", "nation"}) EXPECT_EQ(house.platform(name).effects, 1u) << "nothing is sent twice";
}

} // namespace
} // namespace tongqu::whole
