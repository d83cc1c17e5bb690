#include "item_codes.hpp"

namespace tongqu::model::detail {

void codes_belong_together(Judge& judge, const ItemCodes& codes) {
  const auto& [catalog, task, handle] = codes;
  const bool has_task = task && task->size() == 31;
  if (has_task && catalog && catalog->size() == 12 && task->compare(19, 12, *catalog) != 0) {
    judge.find("task_code", {"ends with catalog_code", "以 catalog_code 结尾"});
  }
  if (has_task && handle && handle->size() == 33 && handle->compare(0, 31, *task) != 0) {
    judge.find("task_handle_item", {"begins with task_code", "以 task_code 开头"});
  }
}

void province_agrees(Judge& judge, const std::optional<std::string>& catalog, std::string_view province) {
  if (!catalog || catalog->size() != 12 || province.size() != 2 || province == "00") return;
  const std::string_view digits = std::string_view(*catalog).substr(0, 2);
  if (digits != "00" && digits != province) judge.find("catalog_code");
}

} // namespace tongqu::model::detail
