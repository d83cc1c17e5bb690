// Runs a fuzz target over files and folders of files, each input once as it is and once cut in half. Compiled in every build, so that
// the targets cannot rot; libFuzzer brings its own main in the preset fuzz.
//   TARGET_replay [--mutate COUNT [--seed SEED]] PLACE…
// With --mutate each input is also run COUNT times with a few changes drawn from a seed: for builds without libFuzzer. What a change
// was is printed when the target stops the program, so that it can be kept as an input.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

const std::string* running = nullptr;   ///< Mutated input that is being tried.

/// Keeps the input that stopped the program.
extern "C" void keep_input(int signal) {
  if (running != nullptr) {
    if (std::FILE* out = std::fopen("replay-crash.bin", "wb"); out != nullptr) {
      std::fwrite(running->data(), 1, running->size(), out);
      std::fclose(out);
    }
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::vector<fs::path> inputs_of(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(place)) {
    if (entry.is_regular_file()) found.push_back(entry.path());
  }
  return found;
}

bool read(const fs::path& file, std::string& out) {
  std::ifstream in(file, std::ios::binary);
  out.assign((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return in.is_open() && !in.bad();
}

void run(const std::string& input) {
  // A buffer of its own size, so that the address sanitizer sees a read past the end.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

/// Draws changes: bits, pieces that go or stand twice, pieces of other inputs, words of all of them.
class Mutator {
public:
  Mutator(const std::vector<std::string>& inputs, std::uint64_t seed) : inputs_(inputs), random_(seed) {
    for (const std::string& input : inputs) collect(input);
  }
  std::string changed(std::string input) {
    for (std::size_t count = 1 + below(4); count > 0; --count) change(input);
    return input;
  }

private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound); }
  void collect(const std::string& input) {
    constexpr std::size_t kWordsMax = 20000;
    std::string word;
    for (const char c : input) {
      const bool inside = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
      if (inside && word.size() < 40) {
        word += c;
      } else {
        if (word.size() > 1 && words_.size() < kWordsMax) words_.push_back(word);
        word.clear();
      }
    }
  }
  void change(std::string& input) {
    // NUL first, so the length cannot come from the text itself.
    static constexpr char kSigns[] = "\0\xFF{}[]<>:,\"'&;|#%*?!-0 \n\t";
    const std::size_t at = below(input.size() + 1), size = std::min(below(12) + 1, input.size() - at);
    switch (below(8)) {
      case 0: if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8))); break;
      case 1: if (at < input.size()) input[at] = kSigns[below(sizeof kSigns - 1)]; break;
      case 2: input.erase(at, size); break;
      case 3: input.insert(at, input.substr(at, size)); break;
      case 4: {
        const std::string& other = inputs_[below(inputs_.size())];
        const std::size_t from = below(other.size() + 1);
        input.insert(at, other.substr(from, below(60)));
        break;
      }
      case 5: if (!words_.empty()) input.replace(at, size, words_[below(words_.size())]); break;
      case 6: if (!words_.empty()) input.insert(at, words_[below(words_.size())]); break;
      default: {
        const std::size_t end = std::min(input.find('\n', at), input.size()), start = at == 0 ? 0 : input.rfind('\n', at - 1) + 1;
        const std::string line = input.substr(start, end - start);
        if (below(2) == 0) input.erase(start, line.size());
        else input.insert(start, line + "\n");
      }
    }
  }

  const std::vector<std::string>& inputs_;
  std::mt19937_64 random_;
  std::vector<std::string> words_;
};

struct Arguments { std::vector<std::string> places; std::size_t mutations = 0; std::uint64_t seed = 20990105; };

Arguments arguments_of(int argc, char** argv) {
  Arguments made;
  for (int i = 1; i < argc; ++i) {
    const bool more = i + 1 < argc;
    if (more && std::strcmp(argv[i], "--mutate") == 0) made.mutations = std::strtoull(argv[++i], nullptr, 10);
    else if (more && std::strcmp(argv[i], "--seed") == 0) made.seed = std::strtoull(argv[++i], nullptr, 10);
    else made.places.emplace_back(argv[i]);
  }
  return made;
}

} // namespace

int main(int argc, char** argv) {
  const Arguments arguments = arguments_of(argc, argv);
  std::vector<std::string> inputs;
  for (const std::string& place : arguments.places) {
    for (const fs::path& file : inputs_of(place)) {
      if (!read(file, inputs.emplace_back())) {
        std::fprintf(stderr, "replay: cannot read an input of %s\n", place.c_str());
        return 2;
      }
    }
  }
  for (const std::string& input : inputs) {
    run(input);
    run(input.substr(0, input.size() / 2));
  }
  std::printf("replay: %zu inputs\n", inputs.size());
  if (arguments.mutations != 0) {
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(signal, keep_input);
    Mutator mutator(inputs, arguments.seed);
    for (std::size_t round = 0; round < arguments.mutations; ++round) {
      for (const std::string& input : inputs) {
        const std::string changed = mutator.changed(input);
        running = &changed;
        run(changed);
        running = nullptr;
      }
    }
    std::printf("replay: %zu changed inputs, seed %llu\n", arguments.mutations * inputs.size(), static_cast<unsigned long long>(arguments.seed));
  }
  return inputs.empty() ? 2 : 0;
}
