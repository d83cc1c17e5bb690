#include "tongqu/model/identifiers.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

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
      // A number that is meant as the 43-character form is judged as that form; others are taken as they are.
      {"case_no", "11990000000000019A4000199001000209901050007", ""},
      {"case_no", "11990000000000019A400019900100020990105007", "model.case_no_length"},
      {"case_no", "11990000000000019A40001990010002099010500071", "model.case_no_length"},
      {"case_no", "11990000000000019A4000199001000209902300007", "model.case_no_date"},
      {"case_no", "11990000000000018A4000199001000209901050007", "model.item_code_body"},
      {"case_no", "XK-2099-0123456789-0123456789-0123456789-01", ""},
      {"case_no", "11990000000000018A400019900100020990105007", ""},

      {"passport", "E12345678", ""},
      {"passport", "EA1234567", ""},
      {"passport", "X1234", ""},
      {"passport", "12345678901234567890", ""},
      {"passport", "1234", "model.passport_form"},
      {"passport", "123456789012345678901", "model.passport_form"},
      {"passport", "e12345678", "model.passport_form"},
      {"passport", "E1234567 8", "model.passport_form"},
      {"hk_mo_permit", "H12345678", ""},
      {"hk_mo_permit", "M1234567801", ""},
      {"hk_mo_permit", "H1234567801", ""},
      {"hk_mo_permit", "T12345678", "model.permit_form"},
      {"hk_mo_permit", "H123456780", "model.permit_form"},
      {"hk_mo_permit", "H1234567A", "model.permit_form"},
      {"hk_mo_exit_permit", "C12345678", ""},
      {"hk_mo_exit_permit", "CA1234567", ""},
      {"hk_mo_exit_permit", "D12345678", "model.permit_form"},
      {"hk_mo_exit_permit", "C1234567", "model.permit_form"},
      {"taiwan_permit", "12345678", ""},
      {"taiwan_permit", "1234567801", ""},
      {"taiwan_permit", "123456789", "model.permit_form"},
      {"taiwan_permit", "1234567A", "model.permit_form"},
      {"permanent_residence", "900000209901010012", ""},
      {"permanent_residence", "ABC000099010100", ""},
      {"permanent_residence", "900000209901010013", "model.id_check_digit"},
      {"permanent_residence", "100000209901010013", "model.permit_form"},
      {"permanent_residence", "AB1000099010100", "model.permit_form"},
      {"permanent_residence", "90000020990101001", "model.id_length"},
      {"residence_permit_hmt", "810000209901010010", ""},
      {"residence_permit_hmt", "820000209901010012", ""},
      {"residence_permit_hmt", "830000209901010014", ""},
      {"residence_permit_hmt", "830000209901010015", "model.id_check_digit"},
      {"residence_permit_hmt", "100000209901010013", "model.permit_form"},
      {"residence_permit_hmt", "81000020990101001", "model.id_length"},

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

/// Characters are judged eight at a time; each byte at each place of each length must be seen.
TEST(Identifiers, a_wrong_byte_is_seen_at_every_place) {
  for (std::size_t size = 5; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool digit = c >= '0' && c <= '9', capital = c >= 'A' && c <= 'Z';
        std::string number(size, '7');
        number[at] = c;
        ASSERT_EQ(check_passport(number).has_value(), digit || capital) << size << " " << at << " " << byte;
        ASSERT_EQ(check_taiwan_permit(number).has_value(), digit && (size == 8 || size == 10)) << size << " " << at << " " << byte;
      }
    }
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
  EXPECT_FALSE(run_check("military_officer", "1").has_value());
  EXPECT_EQ(check_of_id_type("resident_id", ""), "resident_id");
  EXPECT_EQ(check_of_id_type("uscc", ""), "uscc");
  EXPECT_EQ(check_of_id_type("passport", ""), "passport");
  EXPECT_EQ(check_of_id_type("permanent_residence", ""), "permanent_residence");
  // No form of these is published.
  EXPECT_EQ(check_of_id_type("military_officer", ""), "");
  EXPECT_EQ(check_of_id_type("residence_permit", ""), "");
  for (const std::string_view name : check_names()) EXPECT_TRUE(run_check(name, "1").has_value()) << name;
}

TEST(Identifiers, a_division_tells_its_level_and_what_lies_above) {
  const auto level = [](std::string_view code) {
    const auto found = level_of(code);
    return found ? division_level_name(*found) : std::string_view("none");
  };
  EXPECT_EQ(level("990102003204"), "village");
  EXPECT_EQ(level("990102003000"), "township");
  EXPECT_EQ(level("990102003"), "township");
  EXPECT_EQ(level("990102000000"), "county");
  EXPECT_EQ(level("990102"), "county");
  EXPECT_EQ(level("990100000000"), "city");
  EXPECT_EQ(level("990000"), "province");
  EXPECT_EQ(level("000000"), "national");
  EXPECT_EQ(level("100000"), "national");
  EXPECT_EQ(level("990002003000"), "none");
  EXPECT_EQ(level("99010200"), "none");
  EXPECT_EQ(parents_of("990102003204"), (std::vector<std::string>{"990102003000", "990102000000", "990100000000", "990000000000"}));
  EXPECT_EQ(parents_of("990102"), (std::vector<std::string>{"990100", "990000"}));
  EXPECT_EQ(parents_of("990102003"), (std::vector<std::string>{"990102000", "990100000", "990000000"}));
  // A county directly under its province.
  EXPECT_EQ(parents_of("999001"), (std::vector<std::string>{"999000", "990000"}));
  EXPECT_EQ(parents_of("990000"), std::vector<std::string>{});
  EXPECT_EQ(parents_of("100000"), std::vector<std::string>{});
  EXPECT_FALSE(parent_of("990002003000").has_value());
}

TEST(Identifiers, every_division_above_is_one_level_higher_and_a_right_division) {
  std::mt19937 random(5);
  for (int round = 0; round < 500; ++round) {
    std::string code = "99";
    for (const unsigned bound : {100u, 100u, 1000u, 1000u}) {
      std::string digits = std::to_string(1 + random() % (bound - 1));
      code += std::string(bound == 100u ? 2 - digits.size() : 3 - digits.size(), '0') + digits;
    }
    auto expected = static_cast<int>(DivisionLevel::village);
    ASSERT_EQ(static_cast<int>(*level_of(code)), expected) << code;
    for (const std::string& parent : parents_of(code)) {
      ASSERT_TRUE(check_division(parent).has_value()) << parent;
      ASSERT_EQ(static_cast<int>(*level_of(parent)), --expected) << parent;
      ASSERT_EQ(parent.size(), code.size());
    }
    ASSERT_EQ(expected, static_cast<int>(DivisionLevel::province));
  }
}

TEST(Identifiers, codes_are_split_into_their_parts) {
  const auto handle = split_task_handle_item("11990000000000019A400019900100001");
  ASSERT_TRUE(handle.has_value());
  EXPECT_EQ(handle->task_code, "11990000000000019A4000199001000");
  EXPECT_EQ(handle->serial, "01");
  EXPECT_EQ(handle->task.uscc, "11990000000000019A");
  EXPECT_EQ(handle->task.level, '4');
  EXPECT_EQ(handle->task.catalog_code, "000199001000");
  EXPECT_EQ(handle->task.catalog.province, "00");
  EXPECT_TRUE(handle->task.catalog.is_national());
  EXPECT_EQ(handle->task.catalog.item_type, "01");
  EXPECT_EQ(handle->task.catalog.main_item, "99001");
  EXPECT_EQ(handle->task.catalog.sub_item, "000");
  EXPECT_FALSE(handle->task.catalog.is_parent());
  EXPECT_TRUE(split_catalog_code("00019900100Y")->is_parent());
  EXPECT_FALSE(split_catalog_code("990199001000")->is_national());
  const auto case_no = split_case_no_43("11990000000000019A4000199001000209901050007");
  ASSERT_TRUE(case_no.has_value());
  EXPECT_EQ(case_no->task_code, handle->task_code);
  EXPECT_EQ(case_no->task.level, '4');
  EXPECT_EQ(case_no->date, "20990105");
  EXPECT_EQ(case_no->serial, "0007");
  const auto uscc = split_uscc("91990000MA0000007X");
  ASSERT_TRUE(uscc.has_value());
  EXPECT_EQ(uscc->department, '9');
  EXPECT_EQ(uscc->category, '1');
  EXPECT_EQ(uscc->division, "990000");
  EXPECT_EQ(uscc->org_code, "MA0000007");
  EXPECT_EQ(uscc->check, 'X');
  const auto licence = split_licence_id("1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.002.F");
  ASSERT_TRUE(licence.has_value());
  EXPECT_EQ(licence->type, "11990000000000000D001");
  EXPECT_EQ(licence->defining_body, "11990000000000000D");
  EXPECT_EQ(licence->type_serial, "001");
  EXPECT_EQ(licence->issuer, "11990000000000019A");
  EXPECT_EQ(licence->serial, "2024000001");
  EXPECT_EQ(licence->version, "002");
  EXPECT_EQ(licence->check, 'F');
  EXPECT_EQ(split_task_code("11990000000000018A4000199001000").error().id(), "model.item_code_body");
  EXPECT_EQ(split_catalog_code("00019900100").error().id(), "model.item_code_length");
}

TEST(Identifiers, older_codes_inside_a_right_licence_identifier_are_told_apart) {
  EXPECT_TRUE(licence_id_bodies_pass("1.2.156.3005.2.11990000000000000D001.11990000000000019A.2024000001.001.H"));
  const auto with_issuer = [](std::string_view type, std::string_view issuer) {
    const std::string body = std::string(type) + std::string(issuer) + "2024000001001";
    return "1.2.156.3005.2." + std::string(type) + "." + std::string(issuer) + ".2024000001.001." + licence_check_character(body);
  };
  for (const std::string& id : {with_issuer("11990000000000000D001", "MA0000007"), with_issuer("119900000000000001001", "11990000000000019A")}) {
    EXPECT_TRUE(check_licence_id(id).has_value()) << id;
    EXPECT_FALSE(licence_id_bodies_pass(id)) << id;
  }
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

/// Alphabet of MOD 37,36 and of organisation codes.
constexpr std::string_view kAlphabet36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string random_text(std::mt19937& random, std::string_view alphabet, std::size_t length) {
  std::string text;
  while (text.size() < length) text += alphabet[random() % alphabet.size()];
  return text;
}

TEST(Identifiers, mod_37_36_finds_every_substitution_and_misses_few_swaps) {
  std::mt19937 random(37);
  std::size_t swaps = 0, found = 0;
  for (int round = 0; round < 60; ++round) {
    const std::string body = random_text(random, kAlphabet36, 20);
    const std::string good = body + licence_check_character(body);
    const auto passes = [](std::string_view text) { return licence_check_character(text.substr(0, text.size() - 1)) == text.back(); };
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const char c : kAlphabet36) {
        if (c == good[i]) continue;
        std::string bad = good;
        bad[i] = c;
        ASSERT_FALSE(passes(bad)) << good << " " << bad;
      }
      if (i + 1 == good.size() || good[i] == good[i + 1]) continue;
      std::string bad = good;
      std::swap(bad[i], bad[i + 1]);
      ++swaps;
      found += passes(bad) ? 0u : 1u;
    }
  }
  // The hybrid systems of ISO 7064 promise all substitutions but not all swaps.
  EXPECT_GT(found * 100, swaps * 98);
}

TEST(Identifiers, the_organisation_code_misses_slips_between_characters_that_are_eleven_apart_and_no_others) {
  const auto value = [](char c) { return static_cast<int>(kAlphabet36.find(c)); };
  const auto with_check = [](const std::string& first8) {
    for (const char c : std::string_view("0123456789X")) {
      if (check_org_code(first8 + c)) return first8 + c;
    }
    return std::string();
  };
  std::mt19937 random(11);
  std::size_t missed = 0;
  for (int round = 0; round < 60; ++round) {
    const std::string good = with_check(random_text(random, kAlphabet36, 8));
    ASSERT_EQ(good.size(), 9u);
    for (std::size_t i = 0; i < 8; ++i) {
      for (const char c : kAlphabet36) {
        if (c == good[i]) continue;
        std::string bad = good;
        bad[i] = c;
        const bool promised = (value(c) - value(good[i])) % 11 != 0;
        ASSERT_EQ(check_org_code(bad).has_value(), !promised) << good << " " << bad;
        missed += promised ? 0u : 1u;
      }
      if (i == 7 || good[i] == good[i + 1]) continue;
      std::string bad = good;
      std::swap(bad[i], bad[i + 1]);
      ASSERT_EQ(check_org_code(bad).has_value(), (value(good[i]) - value(good[i + 1])) % 11 == 0) << good << " " << bad;
    }
    for (const char c : std::string_view("0123456789X")) {
      if (c == good.back()) continue;
      ASSERT_FALSE(check_org_code(good.substr(0, 8) + c).has_value());
    }
  }
  EXPECT_GT(missed, 0u);
}

TEST(Identifiers, item_codes_find_slips_in_the_embedded_credit_code_only) {
  const std::string good = "11990000000000019A400019900100001";
  for (std::size_t i = 0; i < 18; ++i) {
    for (const char c : kAlphabet36) {
      if (c == good[i]) continue;
      std::string bad = good;
      bad[i] = c;
      ASSERT_FALSE(check_task_handle_item(bad).has_value()) << bad;
      ASSERT_FALSE(check_case_no_43(bad.substr(0, 31) + "209901050007").has_value()) << bad;
    }
  }
  // The rest has no check character: another main item is another right code.
  EXPECT_TRUE(check_task_handle_item("11990000000000019A400019900200001").has_value());
  EXPECT_TRUE(check_task_handle_item("11990000000000019A400019900100010").has_value());
}

TEST(Identifiers, a_fifteen_digit_number_promises_no_more_than_its_date) {
  EXPECT_TRUE(check_resident_id("100000990101001").has_value());
  EXPECT_TRUE(check_resident_id("100000990101002").has_value());
  EXPECT_EQ(verdict(check_resident_id("100000991301001")), "model.id_date");
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
