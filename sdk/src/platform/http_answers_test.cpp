#include "tongqu/platform/http_answers.hpp"

namespace tongqu::platform {
namespace {

using std::chrono::milliseconds;

/// 1994-11-06 08:49:37 UTC, the moment of the example in RFC 9110 section 5.6.7; the number is from `date -u +%s`.
constexpr std::int64_t kExampleSeconds = 784111777;

net::Headers header(const char* name, const char* value) {
  net::Headers headers;
  headers.add(name, value);
  return headers;
}

std::optional<milliseconds> wait(const char* value) { return retry_after(header("retry-after", value), from_epoch_ms(kExampleSeconds * 1000)); }

TEST(HttpAnswers, reads_the_date_of_the_standard) {
  const auto date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(date);
  EXPECT_EQ(to_epoch_ms(*date), kExampleSeconds * 1000);
  const auto leap_day = parse_http_date("Tue, 29 Feb 2000 23:59:59 GMT");
  ASSERT_TRUE(leap_day);
  EXPECT_EQ(to_epoch_ms(*leap_day), 951868799000);
}

TEST(HttpAnswers, refuses_other_forms_of_dates) {
  for (const char* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nob 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:4x:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(HttpAnswers, a_wait_is_bounded_to_between_a_second_and_an_hour) {
  EXPECT_EQ(wait("120"), milliseconds(120000));
  EXPECT_EQ(wait("0"), kRetryAfterMin);
  EXPECT_EQ(wait("1"), milliseconds(1000));
  EXPECT_EQ(wait("3600"), kRetryAfterMax);
  EXPECT_EQ(wait("3601"), kRetryAfterMax);
  EXPECT_EQ(wait("000120"), milliseconds(120000));
  EXPECT_EQ(wait("99999999999999999999999999"), kRetryAfterMax);
}

TEST(HttpAnswers, a_wait_until_a_date_counts_from_now) {
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:50:37 GMT"), milliseconds(60000));
  EXPECT_EQ(wait("Sun, 06 Nov 1994 08:00:00 GMT"), kRetryAfterMin);
  EXPECT_EQ(wait("Sun, 06 Nov 2094 08:00:00 GMT"), kRetryAfterMax);
}

TEST(HttpAnswers, an_unreadable_wait_is_none) {
  EXPECT_FALSE(wait("soon"));
  EXPECT_FALSE(wait("-5"));
  EXPECT_FALSE(wait("1.5"));
  EXPECT_FALSE(retry_after({}, from_epoch_ms(0)));
}

TEST(HttpAnswers, measures_the_clock_of_the_platform) {
  const auto offset = clock_offset(header("Date", "Sun, 06 Nov 1994 08:59:37 GMT"), from_epoch_ms(kExampleSeconds * 1000));
  ASSERT_TRUE(offset);
  EXPECT_EQ(offset->count(), 600);
  EXPECT_FALSE(clock_offset({}, from_epoch_ms(0)));
}

TEST(HttpAnswers, a_failure_before_the_first_byte_is_not_sent_and_any_other_unknown) {
  const SubmitOutcome refused = outcome_of_failure({Error(Errc::net_connect), net::Sent::nothing});
  EXPECT_EQ(refused.state, SubmitState::not_sent);
  EXPECT_EQ(refused.error->id(), "net.connect");
  EXPECT_TRUE(refused.platform_down);
  EXPECT_FALSE(refused.reason.en.empty());
  EXPECT_FALSE(refused.reason.zh.empty());
  EXPECT_EQ(outcome_of_failure({Error(Errc::net_timeout), net::Sent::maybe}).state, SubmitState::unknown);
  EXPECT_EQ(outcome_of_failure({Error(Errc::net_answer_cut), net::Sent::maybe}).state, SubmitState::unknown);
  EXPECT_EQ(query_of_failure({Error(Errc::net_timeout), net::Sent::maybe}).state, QueryState::failed);
}

TEST(HttpAnswers, a_full_queue_or_a_stop_of_ours_does_not_count_against_the_platform) {
  EXPECT_FALSE(outcome_of_failure({Error(Errc::net_queue_full), net::Sent::nothing}).platform_down);
  EXPECT_FALSE(outcome_of_failure({Error(Errc::base_stopped), net::Sent::maybe}).platform_down);
  EXPECT_TRUE(query_of_failure({Error(Errc::net_tls), net::Sent::nothing}).platform_down);
}

} // namespace
} // namespace tongqu::platform
