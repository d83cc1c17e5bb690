#include <gtest/gtest.h>

#include "conformance/sandbox/checks.hpp"
#include "conformance/sandbox/recipes.hpp"
#include "tongqu/base/bytes.hpp"

// Expected values: the self-made vectors of the platform recipes (PRNG16 and AES were made with a Java runtime) and the computed
// vectors of the identifier standards.
namespace tongqu::sandbox {
namespace {

TEST(SandboxRecipes, key_derivation_equals_the_java_idiom) {
  EXPECT_EQ(to_hex(prng16("0123456789abcdef0123456789abcdef")), "2d703e10a32f30251a2370355793e786");
}

TEST(SandboxRecipes, secret_is_wrapped_as_the_vector_says) {
  const auto wrapped = wrap_secret(Secret("0123456789abcdef0123456789abcdef"), Secret("fedcba9876543210fedcba9876543210"));
  ASSERT_TRUE(wrapped);
  EXPECT_EQ(*wrapped, "LDh6LJzNCB09fXMknMzXpiw4eiyczQgdPX1zJJzM16ZUfuRMyoXTthzV/Enp8P/V");
}

TEST(SandboxRecipes, national_signatures_equal_the_vectors) {
  const NationalIdentity refresh{"s_sys_service001", "00000000-0000-0000-0000-000000000001", "1600000000000"};
  EXPECT_EQ(national_signature(refresh, Secret("0123456789abcdef0123456789abcdef")), "srU1F7xMtuqM0ASyHaVAzuF74X6Y90YPNZdMLY9n03k=");
  const NationalIdentity business{"s_000000_1", "00000000-0000-0000-0000-000000000001", "1600000000000"};
  EXPECT_EQ(national_signature(business, Secret("fedcba9876543210fedcba9876543210")), "e/WutY0HfndIF2JUqo0es4VvXTL8Q3ZgMcvB+4FSjkc=");
}

TEST(SandboxRecipes, province_signature_equals_the_vector) {
  EXPECT_EQ(tif_signature("1600000000", Secret("demoToken"), "174876e8000-abcdef"),
            "c12913b6469ea27195c43b196286467a51de7d34865352f44ef8e50adac6ccb8");
}

TEST(SandboxChecks, resident_ids_are_judged_by_date_and_check_character) {
  for (const char* right : {"100000209901010013", "10000020991231002X", "100000210002280034", "10000020990101003x"}) {
    EXPECT_TRUE(resident_id_passes(right)) << right;
  }
  for (const char* wrong : {"100000209901010010", "100000209901019013", "100000209901100013", "100000209902300012", "10000020990101001",
                            "1000002099010100133", "A00000209901010013", ""}) {
    EXPECT_FALSE(resident_id_passes(wrong)) << wrong;
  }
}

TEST(SandboxChecks, credit_codes_are_judged_by_alphabet_and_check_character) {
  for (const char* right : {"11990000000000000D", "11990000000000019A", "91990000MA0000007X", "93990000MA0QRTUWXD", "Y1990000WXY123451R",
                            "12990000000099995W"}) {
    EXPECT_TRUE(credit_code_passes(right)) << right;
  }
  for (const char* wrong : {"119900000000000001", "91990000MA0000008X", "91990000AM0000007X", "11990000O00000000D", "1199000000000000D", ""}) {
    EXPECT_FALSE(credit_code_passes(wrong)) << wrong;
  }
}

TEST(SandboxChecks, item_codes_are_judged_part_by_part) {
  EXPECT_EQ(item_code_fault("11990000000000019A4000199001000"), std::nullopt);
  EXPECT_EQ(item_code_fault("11990000000000018A4000199001000"), ItemFault::body);
  EXPECT_EQ(item_code_fault("11990000000000019A400019900100"), ItemFault::length);
  EXPECT_EQ(item_code_fault("11990000000000019A8000199001000"), ItemFault::level);
  EXPECT_EQ(item_code_fault("11990000000000019A0000199001000"), ItemFault::level);
  EXPECT_EQ(item_code_fault("11990000000000019A400019900100Y"), ItemFault::parent);
  EXPECT_EQ(item_code_fault("11990000000000019A4000199001-00"), ItemFault::catalog);
}

TEST(SandboxChecks, times_must_exist) {
  EXPECT_EQ(read_time("1970-01-01 00:00:01"), 1);
  EXPECT_EQ(read_time("2000-02-29 00:00:00"), 951782400);
  for (const char* wrong : {"2100-02-29 00:00:00", "2099-02-30 00:00:00", "2099-01-01 24:00:00", "2099-01-01 00:60:00", "2099-1-1 00:00:00",
                            "2099-01-01T00:00:00", "2099-01-01", "2099-01-01 00:00:00 "}) {
    EXPECT_EQ(read_time(wrong), std::nullopt) << wrong;
  }
}

TEST(SandboxChecks, beijing_is_eight_hours_ahead_and_reads_back) {
  EXPECT_EQ(beijing_time(1'600'000'000'000), "2020-09-13 20:26:40");
  EXPECT_EQ(beijing_rfc3339(1'600'000'000'123), "2020-09-13T20:26:40.123+08:00");
  EXPECT_EQ(read_rfc3339("2020-09-13T20:26:40.123+08:00"), 1'600'000'000'123);
  EXPECT_EQ(beijing_day(1'600'012'799'999), *read_date("2020-09-13"));
  EXPECT_EQ(beijing_day(1'600'012'800'000), *read_date("2020-09-14"));
}

} // namespace
} // namespace tongqu::sandbox
