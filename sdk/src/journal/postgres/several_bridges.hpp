#pragma once
#include <memory>
#include <string>

#include "journal/journal_test_support.hpp"

namespace tongqu::journal::test {

/// Several bridges on one store: each has files of its own and the schema of the first.
class SeveralBridges : public JournalTest {
protected:
  JournalOptions beside(const std::string& name) const {
    JournalOptions options = options_;
    options.path = folder_.file(name);
    options.audit_head_file = options.path + ".head";
    return options;
  }
  std::unique_ptr<Journal> open(const JournalOptions& options) {
    auto opened = Journal::open(options, clock_);
    EXPECT_TRUE(opened) << (opened ? "" : describe(opened.error()));
    return opened ? *std::move(opened) : nullptr;
  }
  std::string value(const std::string& sql) const { return pg_value(options_.path, sql); }
};

} // namespace tongqu::journal::test
