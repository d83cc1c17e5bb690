#include "journal/head_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "journal/journal_test_support.hpp"

namespace tongqu::journal::detail {
namespace {

AuditHead head_at(std::int64_t sequence) {
  AuditHead head;
  head.tip = {sequence, 1, std::string(32, 'm')};
  return head;
}

TEST(HeadFile, what_waits_at_the_end_is_written_and_the_newest_stands) {
  const test::Folder folder;
  HeadFile file(folder.file("head"));
  file.put(head_at(1));
  EXPECT_EQ(read_head(folder.file("head"))->value().tip.sequence, 1) << "before the begin: at once";
  file.begin();
  for (std::int64_t i = 2; i <= 200; ++i) {
    file.put(head_at(i));
    EXPECT_EQ(file.sequence(), i) << "on its way";
  }
  file.end();
  EXPECT_EQ(read_head(folder.file("head"))->value().tip.sequence, 200);
  file.put(head_at(201));
  EXPECT_EQ(read_head(folder.file("head"))->value().tip.sequence, 201) << "after the end: at once";
}

TEST(HeadFile, one_that_failed_does_not_count) {
  const test::Folder folder;
  HeadFile file(folder.file("later/head"));
  file.put(head_at(1));
  EXPECT_EQ(file.sequence(), 0) << "its folder is not there";
  file.begin();
  file.put(head_at(2));
  for (int i = 0; i < 5000 && file.sequence() != 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(file.sequence(), 0);
  std::filesystem::create_directory(folder.file("later"));
  file.put(head_at(3));
  file.end();
  EXPECT_EQ(file.sequence(), 3);
}

} // namespace
} // namespace tongqu::journal::detail
