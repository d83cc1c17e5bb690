// Runs a fuzz target over files and folders of files, each input once as it is and once cut in half. Compiled in every build, so that
// the targets cannot rot; libFuzzer brings its own main in the preset fuzz.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_of(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(place)) {
    if (entry.is_regular_file()) found.push_back(entry.path());
  }
  return found;
}

bool replay(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> whole((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.is_open() || in.bad()) return false;
  for (const std::size_t size : {whole.size(), whole.size() / 2}) {
    // A buffer of its own size, so that the address sanitizer sees a read past the end.
    const std::vector<std::uint8_t> input(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  return true;
}

} // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& file : inputs_of(argv[i])) {
      if (!replay(file)) {
        std::fprintf(stderr, "replay: cannot read an input of %s\n", argv[i]);
        return 2;
      }
      ++count;
    }
  }
  std::printf("replay: %zu inputs\n", count);
  return count == 0 ? 2 : 0;
}
