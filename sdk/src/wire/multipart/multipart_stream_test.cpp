#include "tongqu/wire/multipart_stream.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tongqu/wire/multipart.hpp"

namespace tongqu::wire {
namespace {

constexpr const char* kType = "multipart/related; boundary=b";

class Collect final : public PartTaker {
public:
  Result<void> begin(Head head) override {
    parts.push_back({std::move(head.name), std::move(head.content_type), {}, nullptr});
    return {};
  }
  Result<void> data(Bytes bytes) override {
    longest = std::max(longest, bytes.size());
    parts.back().bytes += bytes;
    return {};
  }
  Result<void> end() override { ++ended; return {}; }
  std::vector<Part> parts;
  std::size_t ended = 0, longest = 0;
};

std::string text_of(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& one : parts) text += "[" + one.name + "|" + one.content_type + "|" + one.bytes + "]";
  return text;
}

std::string stream(const std::string& body, const std::vector<std::size_t>& cuts, const std::string& type = kType, const MultipartStreamLimits& limits = {}) {
  auto made = MultipartStream::create(type, limits);
  if (!made) return std::string(made.error().id());
  Collect collect;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i == cuts.size() ? body.size() : cuts[i];
    auto fed = made->feed(std::string_view(body).substr(from, to - from), collect);
    if (!fed) return std::string(fed.error().id());
    from = to;
  }
  auto finished = made->finish();
  if (!finished) return std::string(finished.error().id());
  EXPECT_EQ(collect.ended, collect.parts.size());
  return text_of(collect.parts);
}

std::string whole(const std::string& body) {
  const auto parts = parse_multipart(body, kType);
  return parts ? text_of(*parts) : std::string(parts.error().id());
}

// RFC 2046 5.1.1, shortened: preamble and epilogue are ignored, the line end before a boundary belongs to it.
TEST(MultipartStream, cuts_as_the_standard_says) {
  const std::string body = "This is the preamble.\r\n--b\r\n\r\nimplicitly typed, ends without a line end\r\n--b\r\nContent-type: text/plain; charset=us-ascii\r\n\r\n"
                           "explicitly typed, ends with one\r\n\r\n--b--\r\nThis is the epilogue.\r\n--b\r\n";
  EXPECT_EQ(stream(body, {}), "[part1||implicitly typed, ends without a line end][part2|text/plain; charset=us-ascii|explicitly typed, ends with one\r\n]");
}

const std::string kBodies[] = {
    "--b\r\nContent-ID: <a>\r\n\r\none\r\n--b\r\nContent-ID: <c>\r\nContent-Type: x/y;\r\n z=1\r\n\r\n\r\ntwo\r\n\r\n--b--",
    "--b\n\none\n--b  \n\ntwo\n--b--\n",
    "--b\r\n\r\n--bx is no boundary\r\n--b\tnor this\r\n --b nor that\r\n-\r\n--\r\n--b\r\n\r\n\r\n--b--",
    "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\nZGVm\r\nZw==\r\n--b--",
    "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj=\r\nZGVm\r\n--b--",
    "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJ\r\n--b--",
    "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc=E4=BD=A0\r\n--b--",
    "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3\r\n--b--",
    "--b\r\nContent-Transfer-Encoding: uuencode\r\n\r\na\r\n--b--",
    "--b\r\n\r\n\r\r\n\n\r\n\r\n--b\r\n\r\n\r\n\r\n--b--",
    "--b\r\n\r\n--b--", "--b\r\nA: b\r\n\r\n--b--", "--b\r\nA: b\r\n--b--", "--b--", "--b", "", "no boundary at all\r\n", "--b\r\n\r\nx\r\n--b", "--b\r\n\r\nx--b--",
    "--b\r\nContent-ID: <a>\r\n\r\n1\r\n--b\r\nContent-ID: <a>\r\n\r\n2\r\n--b--",
    "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.pdf\"\r\n\r\n%PDF\r\n--b--junk",
};

TEST(MultipartStream, says_what_the_reader_of_whole_bodies_says_however_it_is_cut) {
  for (const std::string& body : kBodies) {
    const std::string expected = whole(body);
    EXPECT_EQ(stream(body, {}), expected) << body;
    for (std::size_t i = 0; i <= body.size(); ++i) {
      EXPECT_EQ(stream(body, {i}), expected) << body << " cut at " << i;
      if (i + 1 > body.size()) continue;
      EXPECT_EQ(stream(body, {i, i + 1}), expected) << body << " cut at " << i << " and behind";
    }
    std::vector<std::size_t> every;
    for (std::size_t i = 0; i < body.size(); ++i) every.push_back(i);
    EXPECT_EQ(stream(body, every), expected) << body << " byte by byte";
  }
}

TEST(MultipartStream, random_contents_come_through_as_they_are) {
  std::mt19937 random(20150101);
  const std::string alphabet = "\r\n-b x";
  for (int round = 0; round < 2000; ++round) {
    std::string body = "--b\r\nContent-ID: <a>\r\n\r\n";
    for (std::size_t i = random() % 40; i > 0; --i) body += alphabet[random() % alphabet.size()];
    body += "\r\n--b\r\nContent-ID: <z>\r\n\r\n";
    for (std::size_t i = random() % 40; i > 0; --i) body += alphabet[random() % alphabet.size()];
    body += "\r\n--b--\r\n";
    // Where an empty line of the one kind stands inside headers that end with the other, the two readers may end them at different places.
    if (body.find("\n\n") != std::string::npos) continue;
    std::vector<std::size_t> cuts;
    for (std::size_t at = random() % 7; at < body.size(); at += 1 + random() % 9) cuts.push_back(at);
    ASSERT_EQ(stream(body, cuts), whole(body)) << "round " << round << ": " << testing::PrintToString(body);
  }
}

TEST(MultipartStream, keeps_nothing_of_a_long_part) {
  auto made = MultipartStream::create(kType);
  ASSERT_TRUE(made);
  class Count final : public PartTaker {
  public:
    Result<void> begin(Head) override { return {}; }
    Result<void> data(Bytes bytes) override { total += bytes.size(); return {}; }
    Result<void> end() override { return {}; }
    std::size_t total = 0;
  } count;
  ASSERT_TRUE(made->feed("--b\r\nContent-Transfer-Encoding: base64\r\n\r\n", count));
  std::string line;
  for (int i = 0; i < 19; ++i) line += "YWJj";
  line += "\r\n";
  std::size_t fed = 0;
  for (int i = 0; i < 100000; ++i) {
    ASSERT_TRUE(made->feed(line, count));
    fed += 57;
    ASSERT_LE(fed - count.total, 8192U) << "decoded as it comes";
  }
  ASSERT_TRUE(made->feed("\r\n--b--", count));
  ASSERT_TRUE(made->finish());
  EXPECT_EQ(count.total, 5700000U);
}

TEST(MultipartStream, has_limits) {
  MultipartStreamLimits limits;
  limits.parts_max = 2;
  limits.header_bytes_max = 50;
  const std::string part = "--b\r\n\r\nx\r\n";
  EXPECT_EQ(stream(part + part + "--b--", {}, kType, limits), "[part1||x][part2||x]");
  EXPECT_EQ(stream(part + part + part + "--b--", {}, kType, limits), "wire.multipart_limit");
  EXPECT_EQ(stream("--b\r\nA: " + std::string(60, 'a') + "\r\n\r\nx\r\n--b--", {}, kType, limits), "wire.multipart_limit");
  EXPECT_EQ(stream("--b\r\nA: " + std::string(60, 'a'), {}, kType, limits), "wire.multipart_limit") << "a line without an end";
  EXPECT_EQ(stream("--b" + std::string(2000, ' '), {}), "wire.multipart_limit");
  EXPECT_EQ(stream("--b\r\n\r\nx\r\n--b" + std::string(2000, ' '), {}), "wire.multipart_limit");
  EXPECT_EQ(stream("", {}, "multipart/mixed"), "wire.multipart_invalid");
  EXPECT_EQ(stream("", {}, "text/xml; boundary=b"), "wire.multipart_invalid");
  EXPECT_EQ(stream("", {}, "multipart/mixed; boundary=" + std::string(71, 'b')), "wire.multipart_limit");
}

TEST(MultipartStream, what_the_taker_says_ends_it) {
  class No final : public PartTaker {
  public:
    Result<void> begin(Head) override { return {}; }
    Result<void> data(Bytes) override { return Error(Errc::journal_disk_low); }
    Result<void> end() override { return {}; }
  } no;
  auto made = MultipartStream::create(kType);
  ASSERT_TRUE(made);
  const auto fed = made->feed("--b\r\n\r\nx\r\n--b--", no);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().id(), "journal.disk_low");
}

} // namespace
} // namespace tongqu::wire
