#include "tongqu/obs/metrics.hpp"

#include <algorithm>
#include <vector>

namespace tongqu::obs {

Metric& Metrics::metric(std::string_view name, std::string_view labels, std::string_view help) {
  const std::lock_guard lock(mutex_);
  for (Row& row : rows_) {
    if (row.name == name && row.labels == labels) return row.metric;
  }
  Row& row = rows_.emplace_back();
  row.name = name;
  row.labels = labels;
  row.help = help;
  return row.metric;
}

std::string Metrics::prometheus() const {
  const std::lock_guard lock(mutex_);
  std::vector<const Row*> sorted;
  for (const Row& row : rows_) sorted.push_back(&row);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Row* a, const Row* b) { return a->name < b->name; });
  std::string text;
  std::string_view last;
  for (const Row* row : sorted) {
    if (row->name != last) {
      const bool counter = row->name.size() > 6 && row->name.compare(row->name.size() - 6, 6, "_total") == 0;
      text += "# HELP " + row->name + " " + row->help + "\n# TYPE " + row->name + (counter ? " counter\n" : " gauge\n");
      last = row->name;
    }
    text += row->name;
    if (!row->labels.empty()) text += "{" + row->labels + "}";
    text += " " + std::to_string(row->metric.value()) + "\n";
  }
  return text;
}

} // namespace tongqu::obs
