#include "tongqu/base/error.hpp"

#include "tongqu/base/assert.hpp"
#include "tongqu/base/phrases.hpp"

namespace tongqu {

std::string Error::message(Lang lang) const {
  const ErrcRow& row = errc_row(code_);
  std::string text(lang == Lang::zh ? row.zh : row.en);
  if (!detail_.empty()) {
    text += lang == Lang::zh ? "：" : ": ";
    text += phrase_in(lang, detail_);
  }
  return text;
}

std::string describe(const Error& error, Lang lang) {
  std::string line;
  for (const Error* e = &error; e != nullptr; e = e->cause()) {
    if (!line.empty()) line += lang == Lang::zh ? "；原因：" : "; because ";
    line += e->id();
    if (!e->where().empty()) {
      line += lang == Lang::zh ? " 位于 " : " at ";
      line += e->where();
    }
    line += lang == Lang::zh ? "：" : ": ";
    line += e->message(lang);
  }
  return line;
}

void contract_violated(const char* condition, const char* why, const char* file, int line) {
  throw ContractViolation(std::string(file) + ":" + std::to_string(line) + ": " + condition + ": " + why);
}

} // namespace tongqu
