#include <fstream>
#include <iostream>
#include <iterator>

#include "tongqu/mapping/pack.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 4;  // a pack's folder and one message
  tongqu::Findings mistakes;
  const auto pack = tongqu::mapping::Pack::load(argv[1], {}, mistakes);
  std::ifstream in(argv[2], std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const tongqu::wire::Delivery delivery{{{"body", "text/xml; charset=utf-8", bytes, nullptr}}, {{"operation", "sendBj"}}};
  tongqu::mapping::Workspace memory;
  if (!pack) return 1;
  const auto records = (*pack)->run(delivery, {{}, *tongqu::model::Time::parse("2150-01-01")}, memory);
  if (!records) return std::cerr << records.error().message() << '\n', 1;
  for (const auto& record : *records) std::cout << record.canonical << '\n';
}
