#include <filesystem>

#include <gtest/gtest.h>

#include "sdk/test/whole/senders.hpp"

/// The commands that keep a store over the years and prove its content to others, against a real road.
namespace tongqu::whole {
namespace {

TEST(Keeping, a_message_is_proven_backed_up_restored_and_purged_by_commands) {
  House house;
  const std::string config = " -c " + house.folder.file("bridge.yaml"), evidence = house.folder.file("m.evidence"), backup = house.folder.file("b.tqb");
  house.sign_heads();
  house.open();
  ASSERT_EQ(send_qinglan(house, qinglan_body("KP-1", "accept")).state, "stored");
  ASSERT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  const std::string id = house.store()->deliveries(journal::DeliveryState::delivered, 1)->at(0).message_id;
  EXPECT_EQ(house.tongqu_bridge("backup" + config + " " + backup).code, 0);
  EXPECT_NE(house.tongqu_bridge("backup" + config + " " + backup).code, 0) << "not over a file";
  Said said = house.tongqu_bridge("purge" + config + " --older-than-days 180 --preview");
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("would be removed: 0"), std::string::npos) << said.text;
  said = house.tongqu_bridge("purge" + config + " --older-than-days 179 --reason x");
  EXPECT_NE(said.text.find("journal.retention_floor"), std::string::npos) << said.text;
  said = house.tongqu_bridge("rekey" + config + " --reason yearly");
  EXPECT_EQ(said.code, 0) << said.text;
  house.close();

  said = house.tongqu_bridge("evidence" + config + " " + id + " -o " + evidence);
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_EQ(std::filesystem::status(evidence).permissions() & std::filesystem::perms::mask, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  said = house.tongqu_bridge("verify --evidence " + evidence + " --public-key " + house.config.audit.public_key_file);
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("evidence holds: message " + id), std::string::npos) << said.text;
  EXPECT_EQ(said.text.find("not proven"), std::string::npos) << said.text;
  std::string text = file_text(evidence);
  text[text.find("\nreceipt ") + 40] ^= 1;
  write_text(evidence, text);
  EXPECT_NE(house.tongqu_bridge("verify --evidence " + evidence + " --public-key " + house.config.audit.public_key_file).code, 0);

  EXPECT_NE(house.tongqu_bridge("restore" + config + " " + backup).code, 0) << "not over a store";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(house.config.journal.path + end);
  said = house.tongqu_bridge("restore" + config + " " + backup);
  EXPECT_EQ(said.code, 0) << said.text;
  house.open();
  EXPECT_EQ(house.counts().messages, 1);
  EXPECT_NE(send_qinglan(house, qinglan_body("KP-1", "accept")).state, "") << "known, and told so";
  EXPECT_TRUE(wait_until([&] { return house.all_delivered(1); }));
  for (const char* name : {"province", "nation"}) EXPECT_EQ(house.platform(name).effects, 1u) << "nothing is sent twice";
}

} // namespace
} // namespace tongqu::whole
