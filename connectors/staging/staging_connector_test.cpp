#include "connectors/staging/staging_connector.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

namespace tongqu::connectors::staging {
namespace {

using connector::Answer;
using connector::Inbound;
using connector::Outcome;

/// Answers as it is told and remembers.
class Intake final : public connector::IntakeHandler {
public:
  std::function<Answer(const std::string& body)> reply = [](const std::string&) { return Answer(); };
  void on_delivery(Inbound inbound, connector::AnswerFn answer) override {
    Answer told = reply(inbound.delivery.parts.at(0).bytes);
    {
      const std::lock_guard lock(mutex);
      bodies.push_back(inbound.delivery.parts.at(0).bytes);
      facts = inbound.delivery.facts;
    }
    changed.notify_all();
    answer(std::move(told));
  }
  void on_refused(const connector::RefusedRequest& refused) override {
    const std::lock_guard lock(mutex);
    refusals.push_back(std::string(refused.error.id()) + " " + refused.error.where());
    changed.notify_all();
  }
  Result<std::vector<connector::MessageStatus>> status(const connector::StatusQuery&) override { return Error(Errc::journal_not_found); }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> bodies, refusals;
  std::map<std::string, std::string, std::less<>> facts;
};

class Staging : public testing::Test {
protected:
  Staging() {
    std::string folder = (std::filesystem::temp_directory_path() / "tongqu-staging-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) std::abort();
    folder_ = folder;
    sql("CREATE TABLE T_BJ(LSH INTEGER PRIMARY KEY, BJBH TEXT, SBZT TEXT, GCS INTEGER, WZ TEXT, JE REAL, FJ BLOB, CWXX TEXT, SBSJ TEXT);"
        "CREATE TABLE T_GC(ID INTEGER PRIMARY KEY, BJBH TEXT, XH INTEGER)");
    config_.name = "front";
    config_.family = "staging";
    config_.path = "/rows/fengling";
    config_.settings = {{"database", file()}, {"table", "T_BJ"}, {"key", "LSH"}, {"flag", "SBZT"}, {"take", "0, 2"}, {"stored", "1"}, {"held", "3"}, {"refused", "-1"},
                        {"message", "CWXX"}, {"time", "SBSJ"}, {"children", "T_GC: BJBH=BJBH #GCS"}, {"poll_ms", "10"}};
  }
  ~Staging() override {
    connector_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string file() const { return folder_ + "/front.db"; }
  std::string sql(const std::string& text) const {
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(file().c_str(), &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 5000);
    std::string value;
    char* problem = nullptr;
    const auto take = [](void* out, int columns, char** cells, char**) {
      auto& all = *static_cast<std::string*>(out);
      for (int i = 0; i < columns; ++i) all += (all.empty() ? "" : "|") + std::string(cells[i] != nullptr ? cells[i] : "NULL");
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(handle, text.c_str(), take, &value, &problem), SQLITE_OK) << (problem != nullptr ? problem : "");
    sqlite3_free(problem);
    sqlite3_close(handle);
    return value;
  }
  void row(int id, const std::string& flag = "0", int children = 0) const {
    sql("INSERT INTO T_BJ(LSH, BJBH, SBZT, GCS) VALUES(" + std::to_string(id) + ", 'B" + std::to_string(id) + "', '" + flag + "', " + std::to_string(children) + ")");
  }
  Result<void> start() {
    connector::Registry registry;
    register_staging(registry);
    auto started = registry.start(config_, intake_);
    if (!started) return std::move(started).error();
    connector_ = *std::move(started);
    return {};
  }
  bool wait(const std::function<bool()>& until) const {
    for (int i = 0; i < 1000; ++i) {
      if (until()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::size_t taken() {
    const std::lock_guard lock(intake_.mutex);
    return intake_.bodies.size();
  }
  static Answer refusal(Errc id, Outcome outcome = Outcome::refused) {
    Answer answer;
    answer.outcome = outcome;
    answer.error = std::make_shared<const Error>(Error(id).at("case_no"));
    Finding finding;
    finding.id = id;
    finding.path = "case_no";
    finding.source.path = "/T_BJ[LSH=1]/BJBH";
    answer.findings.add(finding);
    return answer;
  }

  std::string folder_;
  Intake intake_;
  connector::ListenerConfig config_;
  std::unique_ptr<connector::Connector> connector_;
};

TEST_F(Staging, rows_go_in_with_their_children_in_order_and_are_marked_after_that) {
  sql("INSERT INTO T_BJ(LSH, BJBH, SBZT, GCS, JE, FJ, CWXX) VALUES(7, 'B7  ', '2 ', 2, 1.5, x'616263', 'an old reason');"
      "INSERT INTO T_GC VALUES(1, 'B7  ', 10); INSERT INTO T_GC VALUES(2, 'other', 1); INSERT INTO T_GC VALUES(3, 'B7  ', 2)");
  row(3);
  row(5, "1");
  row(6, "9");
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ ORDER BY LSH") == "1|1|9|1"; })) << sql("SELECT SBZT FROM T_BJ ORDER BY LSH");
  ASSERT_EQ(taken(), 2U);
  const std::string columns = R"("columns":{"LSH":"integer","BJBH":"text","SBZT":"text","GCS":"integer","WZ":"text","JE":"decimal","FJ":"bytes"},)";
  const std::string steps = R"("T_GC":{"columns":{"ID":"integer","BJBH":"text","XH":"integer"},)";
  EXPECT_EQ(intake_.bodies[0], R"({"tables":{"T_BJ":{)" + columns + R"("rows":[[3,"B3","0",0,null,null,null]]},)" + steps + R"("rows":[]}}})");
  EXPECT_EQ(intake_.bodies[1], R"({"tables":{"T_BJ":{)" + columns + R"("rows":[[7,"B7  ","2 ",2,null,1.5,"YWJj"]]},)" + steps + R"("rows":[[1,"B7  ",10],[3,"B7  ",2]]}}})");
  EXPECT_EQ(intake_.facts["path"], "/rows/fengling");
  EXPECT_EQ(intake_.facts["family"], "staging");
  EXPECT_EQ(sql("SELECT CWXX FROM T_BJ WHERE LSH = 7"), "") << "what was wrong before is no more";
  EXPECT_EQ(sql("SELECT SBSJ FROM T_BJ WHERE LSH = 7").size(), 19U);
}

TEST_F(Staging, a_refused_row_gets_its_reason_in_the_language_of_the_office) {
  row(1);
  row(2);
  row(3);
  intake_.reply = [](const std::string& body) {
    if (body.find("\"rows\":[[1,") != std::string::npos) return refusal(Errc::mapping_missing);
    return body.find("\"rows\":[[2,") != std::string::npos ? refusal(Errc::journal_conflict, Outcome::conflict) : refusal(Errc::mapping_missing, Outcome::held);
  };
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ ORDER BY LSH") == "-1|-1|3"; }));
  const std::string reason = sql("SELECT CWXX FROM T_BJ WHERE LSH = 1");
  EXPECT_NE(reason.find(std::string(errc_row(Errc::mapping_missing).zh)), std::string::npos) << reason;
  EXPECT_NE(reason.find("[mapping.missing]"), std::string::npos) << reason;
  EXPECT_NE(reason.find("(/T_BJ[LSH=1]/BJBH)"), std::string::npos) << "the officer knows the table, not the model: " << reason;
  EXPECT_NE(sql("SELECT CWXX FROM T_BJ WHERE LSH = 2").find("[journal.conflict]"), std::string::npos);
  connector_.reset();
  sql("UPDATE T_BJ SET SBZT = '0' WHERE LSH = 1");
  config_.settings["lang"] = "en";
  config_.settings["message_chars"] = "12";
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ WHERE LSH = 1") == "-1"; }));
  EXPECT_EQ(sql("SELECT length(CWXX) FROM T_BJ WHERE LSH = 1"), "12");
}

TEST_F(Staging, a_row_whose_mark_was_not_written_goes_in_again_and_nothing_else_does) {
  row(1);
  row(2);
  // As a process that was ended between commit and mark: the first answer finds the database locked away.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
  std::atomic<bool> first{true};
  intake_.reply = [&](const std::string& body) {
    const int locked = first.exchange(false) ? sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) : SQLITE_OK;
    EXPECT_EQ(locked, SQLITE_OK);
    Answer answer;
    if (body.find("\"rows\":[[1,") != std::string::npos && taken() > 0) answer.outcome = Outcome::duplicate;
    return answer;
  };
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return taken() == 1; }));
  connector_->drain();  // It will not look again: what is under way waits for the lock and gives up.
  connector_.reset();
  sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(other);
  EXPECT_EQ(sql("SELECT SBZT FROM T_BJ ORDER BY LSH"), "0|0");
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ ORDER BY LSH") == "1|1"; }));
  EXPECT_EQ(taken(), 3U) << "the first one twice, which the journal knows by its identity";
}

TEST_F(Staging, what_the_office_writes_meanwhile_is_not_written_over) {
  row(1);
  std::atomic<int> asked{0};
  intake_.reply = [&](const std::string&) {
    if (++asked == 1) sql("UPDATE T_BJ SET BJBH = 'corrected' WHERE LSH = 1");
    if (asked == 2) sql("INSERT INTO T_GC VALUES(1, 'corrected', 1); UPDATE T_BJ SET GCS = 1");
    return Answer();
  };
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ") == "1"; }));
  ASSERT_EQ(taken(), 3U);
  EXPECT_NE(intake_.bodies[2].find("\"corrected\",1]"), std::string::npos) << intake_.bodies[2];
}

TEST_F(Staging, a_row_is_not_taken_before_it_is_whole) {
  config_.settings["complete"] = "WZ = Y";
  row(1, "0", 2);
  row(2, "0", 0);
  sql("INSERT INTO T_GC VALUES(1, 'B1', 1); UPDATE T_BJ SET WZ = 'Y' WHERE LSH = 1");
  row(3, "0", 0);
  sql("UPDATE T_BJ SET WZ = 'Y' WHERE LSH = 3");
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ WHERE LSH = 3") == "1"; }));
  EXPECT_EQ(sql("SELECT SBZT FROM T_BJ ORDER BY LSH"), "0|0|1") << "one lacks a child, one its sign";
  sql("INSERT INTO T_GC VALUES(2, 'B1', 2)");
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ WHERE LSH = 1") == "1"; }));
  EXPECT_NE(intake_.bodies.back().find("[2,\"B1\",2]"), std::string::npos);
}

TEST_F(Staging, a_busy_journal_keeps_the_order_and_a_fault_of_ours_does_not_stop_the_rest) {
  for (int i = 1; i <= 3; ++i) row(i);
  std::atomic<int> asked{0};
  intake_.reply = [&](const std::string& body) {
    Answer answer;
    if (++asked <= 2) answer.outcome = Outcome::busy;
    else if (body.find("\"rows\":[[2,") != std::string::npos) answer.outcome = Outcome::failed;
    return answer;
  };
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ ORDER BY LSH") == "1|0|1"; }));
  for (int i = 0; i < 3; ++i) EXPECT_NE(intake_.bodies[static_cast<std::size_t>(i)].find("\"rows\":[[1,"), std::string::npos) << "busy means the same row again";
}

TEST_F(Staging, more_rows_than_a_batch_and_texts_of_another_charset) {
  config_.settings["batch"] = "2";
  config_.settings["charset"] = "gb18030";
  for (int i = 1; i <= 5; ++i) row(i);
  sql("UPDATE T_BJ SET BJBH = CAST(x'b7e3c1eb' AS TEXT) WHERE LSH = 4");
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT count(*) FROM T_BJ WHERE SBZT = '1'") == "5"; }));
  EXPECT_EQ(taken(), 5U);
  EXPECT_NE(intake_.bodies[3].find("\"枫岭\""), std::string::npos);
}

TEST_F(Staging, columns_have_the_type_that_they_were_declared_with_and_bytes_are_never_called_text) {
  sql("DROP TABLE T_BJ; CREATE TABLE T_BJ(LSH BIGINT PRIMARY KEY, BJBH VARCHAR2(20), SBZT CHAR(2), SLSJ TIMESTAMP(6), YXQZ DATE, GXSJ datetime, SFYX Boolean, JE NUMBER(12,2), SL DOUBLE, FJ BLOB, QT,"
      " GCS INT, WZ TEXT, CWXX TEXT, SBSJ TEXT);"
      "INSERT INTO T_BJ VALUES(1, '', '0', '2149-06-01T09:00:00.120', '2159-12-31', NULL, 1, '12.50', 2.5, x'00ff', 'x', 0, NULL, NULL, NULL);"
      "INSERT INTO T_BJ(LSH, BJBH, SBZT, GCS, QT, WZ) VALUES(2, CAST(x'ff41' AS TEXT), '0', 0, x'61', x'62')");
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ ORDER BY LSH") == "1|1"; }));
  EXPECT_NE(intake_.bodies[0].find(R"("columns":{"LSH":"integer","BJBH":"text","SBZT":"text","SLSJ":"time","YXQZ":"date","GXSJ":"time","SFYX":"boolean","JE":"decimal","SL":"decimal","FJ":"bytes","QT":"any",)"),
            std::string::npos) << intake_.bodies[0];
  EXPECT_NE(intake_.bodies[0].find(R"([1,"","0","2149-06-01T09:00:00.120","2159-12-31",null,1,12.5,2.5,"AP8=","x",0,null])"), std::string::npos) << intake_.bodies[0];
  EXPECT_NE(intake_.bodies[1].find(R"([2,{"bytes":"/0E="},"0",null,null,null,null,null,null,null,{"bytes":"YQ=="},0,{"bytes":"Yg=="}])"), std::string::npos) << intake_.bodies[1];
}

TEST_F(Staging, a_database_that_goes_away_is_told_once_and_found_again) {
  ASSERT_TRUE(start());
  std::filesystem::rename(file(), file() + ".away");
  std::filesystem::create_directory(file());
  connector_.reset();
  EXPECT_EQ(start().error().id(), "base.file_unreadable") << "and at a start it is a mistake";
  std::filesystem::remove(file());
  std::filesystem::rename(file() + ".away", file());
  row(1);
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait([this] { return sql("SELECT SBZT FROM T_BJ") == "1"; }));
}

TEST_F(Staging, mistakes_of_the_settings_are_named) {
  const auto settings = config_.settings;
  const auto with = [&](const std::string& name, const std::string& value) {
    config_.settings = settings;
    if (value.empty()) config_.settings.erase(name);
    else config_.settings[name] = value;
    const auto started = start();
    connector_.reset();
    return started ? std::string("ok") : std::string(started.error().id()) + " " + started.error().where() + " " + started.error().detail();
  };
  EXPECT_EQ(with("lang", "zh"), "ok");
  for (const std::string name : {"database", "table", "key", "flag", "take", "stored", "refused"}) EXPECT_EQ(with(name, ""), "connector.setting listen front " + name);
  EXPECT_EQ(with("colour", "red"), "connector.setting listen front colour");
  EXPECT_EQ(with("take", "0,,2"), "connector.setting listen front take");
  EXPECT_EQ(with("stored", "2"), "connector.setting listen front take") << "it would be read for ever";
  EXPECT_EQ(with("poll_ms", "5"), "connector.setting listen front poll_ms");
  EXPECT_EQ(with("children", "T_GC BJBH"), "connector.setting listen front children");
  EXPECT_EQ(with("charset", "klingon"), "connector.setting listen front charset");
  EXPECT_EQ(with("message", "NICHTDA"), "connector.setting T_BJ.NICHTDA ");
  EXPECT_EQ(with("children", "T_GC: FALSCH=BJBH"), "connector.setting T_GC.FALSCH ");
  EXPECT_EQ(with("table", "x\" OR \"1"), "connector.setting x\" OR \"1.LSH ");
}

} // namespace
} // namespace tongqu::connectors::staging
