#include "tongqu/model/identifiers.hpp"

#include <gtest/gtest.h>

#include <random>

// The numbers below are computed by hand or script from the standards for divisions and dates that nobody has.
namespace tongqu::model {
namespace {

std::string verdict(const Result<void>& result) { return result ? "" : std::string(result.error().id()); }

struct Vector {
  std::string_view check, value, error;
};

TEST(Identifiers, published_rules_give_the_expected_verdicts) {
  const Vector vectors[] = {
      {"catalog_code", "000199001000", ""},
      {"task_code", "11990000000000019A4000199001000", ""},
      {"task_handle_item", "11990000000000019A400019900100001", ""},
      {"catalog_code", "00019900100", "model.item_code_length"},
      {"catalog_code", "00019900100Y", ""},
      {"task_code", "11990000000000018A4000199001000", "model.item_code_body"},
      {"task_code", "11990000000000019A9000199001000", "model.item_code_level"},
      {"task_code", "11990000000000019a4000199001000", "model.item_code_alphabet"},
      {"task_handle_item", "11990000000000019A400019900100000", "model.item_code_serial"},
      {"item_code", "000199001000", ""},
      {"item_code", "11990000000000019A4000199001000", ""},
      {"item_code", "11990000000000019A400019900100001", ""},
      {"item_code", "0001990010", "model.item_code_length"},

      {"case_no_43", "11990000000000019A4000199001000209901050007", ""},
      {"case_no_43", "11990000000000019A400019900100020990105007", "model.case_no_length"},
      {"case_no_43", "11990000000000019A4000199001000209902300007", "model.case_no_date"},
      {"case_no_43", "11990000000000018A4000199001000209901050007", "model.item_code_body"},
      {"case_no_43", "11990000000000019A400019900100020990105000A", "model.case_no_serial"},
      {"case_no", "1", ""},
      {"case_no", "12345678901234567890123456789012345678901234567890", ""},
      {"case_no", "123456789012345678901234567890123456789012345678901", "model.case_no_length"},
      {"case_no", "", "model.case_no_length"},
      {"case_no", "12\n3", "model.case_no_alphabet"},

      {"resident_id", "100000209901010013", ""},
      {"resident_id", "10000020991231002X", ""},
      {"resident_id", "100000210002280034", ""},
      {"resident_id", "10000020990101003X", ""},
      {"resident_id", "10000020990101003x", ""},
      {"resident_id", "100000209901010010", "model.id_check_digit"},
      {"resident_id", "100000209901019013", "model.id_check_digit"},
      {"resident_id", "100000209901100013", "model.id_check_digit"},
      {"resident_id", "100000209902300012", "model.id_date"},
      {"resident_id", "10000020990101001", "model.id_length"},
      {"resident_id", "1000002099010100A3", "model.id_alphabet"},
      {"resident_id", "810000209901010010", ""},
      {"resident_id", "820000209901010012", ""},
      {"resident_id", "830000209901010014", ""},
      {"resident_id", "900000209901010012", ""},
      {"resident_id", "900000209901010013", "model.id_check_digit"},
      {"resident_id", "100000990101001", ""},
      {"resident_id", "100000000229002", "model.id_date"},

      {"uscc", "11990000000000000D", ""},
      {"uscc", "11990000000000019A", ""},
      {"uscc", "91990000MA0000007X", ""},
      {"uscc", "93990000MA0QRTUWXD", ""},
      {"uscc", "Y1990000WXY123451R", ""},
      {"uscc", "12990000000099995W", ""},
      {"uscc", "119900000000000001", "model.uscc_check_digit"},
      {"uscc", "91990000MA0000008X", "model.uscc_check_digit"},
      {"uscc", "91990000AM0000007X", "model.uscc_check_digit"},
      {"uscc", "11990000O00000000D", "model.uscc_alphabet"},
      {"uscc", "1199000000000000D", "model.uscc_length"},
      {"org_code", "00000000-0", ""},
      {"org_code", "00000006-X", ""},
      {"org_code", "MA000000-7", ""},
      {"org_code", "WXY12345-1", ""},
      {"org_code", "WXY123451", ""},
      {"org_code", "00000006-5", "model.org_code_check_digit"},
      {"org_code", "MA000000-8", "model.org_code_check_digit"},
      {"org_code", "00000000-1", "model.org_code_check_digit"},
      {"org_code", "0000000-00", "model.org_code_length"},
      {"org_code", "0000000a0", "model.org_code_alphabet"},

      {"division", "990102003204", ""},
      {"division", "990102003000", ""},
      {"division", "990102000000", ""},
      {"division", "990100000000", ""},
      {"division", "990000000000", ""},
      {"division", "990102", ""},
      {"division", "990102003", ""},
      {"division", "000000", ""},
      {"division", "999001", ""},
      {"division", "990002003000", "model.division_structure"},
      {"division", "99010200", "model.division_length"},
      {"division", "99A102000000", "model.division_alphabet"},

      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.001.H", ""},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.002.F", ""},
      {"licence_id", "1.2.156.3005.2.11990000000000000D017.11990000000000019A.00000000000000000042.001.X", ""},
      {"licence_id", "1.2.156.3005.2.11990000000000000D999.11990000000000019A.A1B2C3D4E5F60718293A4B5C6D7E8F90.001.G", ""},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000048.001.0", ""},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.001.J", "model.licence_check_digit"},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000002.001.H", "model.licence_check_digit"},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000002.001.1", ""},
      {"licence_id", "1.2.156.3005.3.11990000000000000D001.11990000000000019A.2024000001.001.H", "model.licence_root"},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.1.H", "model.licence_width"},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.001", "model.licence_width"},
      {"licence_id", "1.2.156.3005.2.11990000000000000D001.11990000000000019A.20240000o1.001.H", "model.licence_alphabet"},
  };
  for (const Vector& v : vectors) {
    const auto result = run_check(v.check, v.value);
    ASSERT_TRUE(result.has_value()) << v.check;
    EXPECT_EQ(verdict(*result), v.error) << v.check << " " << v.value;
  }
}

TEST(Identifiers, computed_check_characters_are_those_of_the_standards) {
  EXPECT_EQ(resident_id_check_character("10000020990101001"), '3');
  EXPECT_EQ(resident_id_check_character("10000020990101901"), '8');
  EXPECT_EQ(resident_id_check_character("10000020990110001"), '9');
  EXPECT_EQ(uscc_check_character("11990000000000000"), 'D');
  EXPECT_EQ(uscc_check_character("91990000MA0000008"), '1');
  EXPECT_EQ(uscc_check_character("91990000AM0000007"), 'P');
  EXPECT_EQ(licence_check_character("A12425GABC1234002"), 'M');
  EXPECT_EQ(resident_id_check_character("1000002099010100"), '\0');
  EXPECT_EQ(uscc_check_character("1199000000000000O"), '\0');
  EXPECT_EQ(licence_check_character("a"), '\0');
}

TEST(Identifiers, a_fifteen_digit_number_is_brought_to_eighteen) {
  EXPECT_EQ(upgrade_resident_id("100000990101001").value(), "100000199901010017");
  EXPECT_EQ(upgrade_resident_id("100000681231003").value(), "100000196812310030");
  EXPECT_EQ(upgrade_resident_id("100000000229002").error().id(), "model.id_date");
  EXPECT_EQ(upgrade_resident_id("100000990101996").error().id(), "model.id_centenarian");
  EXPECT_EQ(upgrade_resident_id("100000209901010013").error().id(), "model.id_length");
  EXPECT_EQ(upgrade_resident_id("10000099010100X").error().id(), "model.id_alphabet");
}

TEST(Identifiers, the_birth_date_is_read_from_both_forms) {
  EXPECT_EQ(birth_date_of("100000209901010013")->text(), "2099-01-01");
  EXPECT_EQ(birth_date_of("100000681231003")->text(), "1968-12-31");
  EXPECT_FALSE(birth_date_of("100000209902300012").has_value());
  EXPECT_FALSE(birth_date_of("100000990101997").has_value());
  EXPECT_FALSE(birth_date_of("900000209901010012").has_value());
}

TEST(Identifiers, the_inner_organisation_code_is_judged_apart) {
  EXPECT_TRUE(uscc_inner_code_passes("91990000MA0000007X"));
  EXPECT_FALSE(uscc_inner_code_passes("91990000MA0000008X"));
  std::string code = "91990000MA0000003";
  code += uscc_check_character(code);
  EXPECT_TRUE(check_uscc(code).has_value());
  EXPECT_FALSE(uscc_inner_code_passes(code));
}

TEST(Identifiers, an_item_code_with_a_bad_body_says_what_is_wrong_with_the_body) {
  const auto result = check_task_code("11990000000000018A4000199001000");
  ASSERT_FALSE(result.has_value());
  ASSERT_NE(result.error().cause(), nullptr);
  EXPECT_EQ(result.error().cause()->id(), "model.uscc_check_digit");
}

TEST(Identifiers, only_known_checks_run) {
  EXPECT_TRUE(is_check("uscc"));
  EXPECT_FALSE(is_check("by:id_type"));
  EXPECT_FALSE(run_check("passport", "E12345678").has_value());
  EXPECT_EQ(check_of_id_type("resident_id", ""), "resident_id");
  EXPECT_EQ(check_of_id_type("uscc", ""), "uscc");
  EXPECT_EQ(check_of_id_type("passport", ""), "");
  EXPECT_EQ(check_of_id_type("permanent_residence", "900000209901010012"), "resident_id");
  EXPECT_EQ(check_of_id_type("permanent_residence", "ABC000099010100"), "");
}

/// Every single substitution and every swap of unequal neighbours of a right number must be refused.
template <class Make, class Check>
void every_slip_is_found(Make make, Check check, std::string_view alphabet, std::size_t length) {
  std::mt19937 random(20990101);
  for (int round = 0; round < 60; ++round) {
    const std::string good = make(random);
    ASSERT_TRUE(check(good).has_value()) << good;
    for (std::size_t i = 0; i < length; ++i) {
      for (const char c : alphabet) {
        if (c == good[i]) continue;
        std::string bad = good;
        bad[i] = c;
        ASSERT_FALSE(check(bad).has_value()) << good << " " << bad;
      }
      if (i + 1 < length && good[i] != good[i + 1]) {
        std::string bad = good;
        std::swap(bad[i], bad[i + 1]);
        ASSERT_FALSE(check(bad).has_value()) << good << " " << bad;
      }
    }
  }
}

TEST(Identifiers, mod_11_2_finds_every_single_slip) {
  const auto make = [](std::mt19937& random) {
    std::string id = "1000002099" + std::to_string(10 + random() % 3) + std::to_string(10 + random() % 18) + std::to_string(100 + random() % 900);
    return id + resident_id_check_character(id);
  };
  every_slip_is_found(make, [](std::string_view id) { return check_resident_id(id); }, "0123456789X", 18);
}

TEST(Identifiers, mod_31_3_finds_every_single_slip) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  const auto make = [&](std::mt19937& random) {
    std::string code = "91" + std::to_string(990000 + random() % 10000);
    for (int i = 0; i < 9; ++i) code += kAlphabet[random() % kAlphabet.size()];
    return code + uscc_check_character(code);
  };
  every_slip_is_found(make, [](std::string_view code) { return check_uscc(code); }, kAlphabet, 18);
}

TEST(Identifiers, mod_37_36_finds_every_single_slip) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto make = [&](std::mt19937& random) {
    std::string body;
    for (int i = 0; i < 20; ++i) body += kAlphabet[random() % kAlphabet.size()];
    return body + licence_check_character(body);
  };
  const auto check = [](std::string_view text) -> Result<void> {
    if (licence_check_character(text.substr(0, text.size() - 1)) != text.back()) return Error(Errc::model_licence_check_digit);
    return {};
  };
  // A system with one check character of its own alphabet finds all substitutions; of swaps it misses few, so only the former hold.
  std::mt19937 random(37);
  for (int round = 0; round < 60; ++round) {
    const std::string good = make(random);
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const char c : kAlphabet) {
        if (c == good[i]) continue;
        std::string bad = good;
        bad[i] = c;
        ASSERT_FALSE(check(bad).has_value()) << good << " " << bad;
      }
    }
  }
}

TEST(Identifiers, errors_never_hold_the_value) {
  for (const std::string_view id : {"100000209901010010", "100000209902300012", "1000002099010100A3"}) {
    const auto result = check_resident_id(id);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(describe(result.error()).find(std::string(id.substr(0, 8))), std::string::npos);
  }
}

} // namespace
} // namespace tongqu::model
