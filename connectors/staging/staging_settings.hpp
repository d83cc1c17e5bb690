#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "tongqu/base/errc.hpp"
#include "tongqu/base/result.hpp"
#include "tongqu/connector/connector.hpp"

namespace tongqu::connectors::staging {

/// A table of rows that belong to a row of the main table.
struct ChildTable {
  std::string table;
  std::string column, parent_column;               ///< Where both hold the same value.
  std::string count_column;                        ///< Of the parent: how many rows there must be; empty: any number.
};

/// How one staging database is read and answered. README.md, Settings.
struct StagingSettings {
  std::string database, table, key, flag;
  std::vector<std::string> take;                   ///< Values of the flag that are for us.
  std::string stored, held, refused;               ///< Values that are written back.
  std::string message, time;                       ///< Columns for reason and time; empty: none.
  std::vector<std::string> order;
  std::vector<ChildTable> children;
  std::string complete_column, complete_value;     ///< A row is taken only when it says so; empty: every row.
  Lang lang = Lang::zh;
  std::string charset = "utf-8";
  std::chrono::milliseconds poll{1000};
  std::size_t batch = 100;
  std::size_t message_chars = 500;
};

/// @errors connector.setting with the name of the setting.
Result<StagingSettings> read_staging_settings(const connector::ListenerConfig& config);

} // namespace tongqu::connectors::staging
