// Compares the two readers of XML, Expat and the scanner, over inputs made from a seed: verdict, error, place and tape.
//   xml_differential [--runs N] [--seed S] [FILE_OR_FOLDER...]
// The files are compared as they are, cut after each of their bytes when they are small, and then serve as documents to be changed. Ends
// with 1 at ten disagreements, or after all runs when there was one; each is printed as a string that a test can take.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "xml_compare.hpp"
#include "xml_mutator.hpp"

namespace {

namespace fs = std::filesystem;
using namespace tongqu;

constexpr std::size_t kCutBytesMax = 2048;
constexpr std::size_t kChangedBytesMax = 4096;
constexpr int kDisagreementsMax = 10;

struct Settings {
  std::uint64_t runs = 100000;
  std::uint64_t seed = 1;
  std::vector<fs::path> files;
};

bool read_number(const char* text, std::uint64_t& number) {
  const char* const end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, number);
  return read.ec == std::errc() && read.ptr == end;
}

bool read_settings(int argc, char** argv, Settings& settings) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--runs" || option == "--seed") {
      if (++i == argc || !read_number(argv[i], option == "--runs" ? settings.runs : settings.seed)) return false;
    } else if (fs::is_directory(option)) {
      for (const auto& entry : fs::recursive_directory_iterator(option)) {
        if (entry.is_regular_file()) settings.files.push_back(entry.path());
      }
    } else if (fs::is_regular_file(option)) {
      settings.files.emplace_back(option);
    } else {
      return false;
    }
  }
  return true;
}

class Comparer {
public:
  bool compare(Bytes bytes, const wire::XmlOptions& options) {
    const std::string difference = comparison_.difference(bytes, options);
    if (difference.empty()) return true;
    ++disagreements_;
    const Limits& limits = options.limits;
    std::printf("DISAGREE %s\n  input %s\n", difference.c_str(), test::printable(bytes).c_str());
    std::printf("  depth %u attributes %u name %u children %u nodes %u text %u message %zu\n", limits.depth_max, limits.attributes_max,
                limits.name_bytes_max, limits.children_max, limits.nodes_max, limits.text_bytes_max, limits.message_bytes_max);
    std::printf("  declared encoding ignored %d transport %d names %d\n", options.declared_encoding_ignored ? 1 : 0,
                options.transport ? static_cast<int>(*options.transport) : -1, options.names == nullptr ? 0 : 1);
    return disagreements_ < kDisagreementsMax;
  }
  int disagreements() const { return disagreements_; }
  const test::XmlComparison& comparison() const { return comparison_; }

private:
  test::XmlComparison comparison_;
  int disagreements_ = 0;
};

int run(const Settings& settings) {
  Comparer comparer;
  std::vector<std::string> documents;
  for (const fs::path& file : settings.files) {
    std::ifstream in(file, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    if (!comparer.compare(bytes, {})) return 1;
    for (std::size_t cut = 0; bytes.size() <= kCutBytesMax && cut < bytes.size(); ++cut) {
      if (!comparer.compare(Bytes(bytes).substr(0, cut), {})) return 1;
    }
    // A DOCTYPE is refused before either engine sees the text.
    if (bytes.size() <= kChangedBytesMax && bytes.find("<!DOCTYPE") == std::string::npos) documents.push_back(std::move(bytes));
  }
  std::printf("files: %zu, inputs from them %zu\n", settings.files.size(), comparer.comparison().accepted() + comparer.comparison().refused());
  test::XmlMutator mutator(settings.seed, std::move(documents));
  for (std::uint64_t i = 0; i < settings.runs; ++i) {
    const test::XmlInput& input = mutator.next();
    if (!comparer.compare(input.bytes, input.options)) return 1;
  }
  const test::XmlComparison& all = comparer.comparison();
  std::printf("seed %llu: %llu runs; in all %zu accepted, %zu refused, %d disagreements\n", static_cast<unsigned long long>(settings.seed),
              static_cast<unsigned long long>(settings.runs), all.accepted(), all.refused(), comparer.disagreements());
  return comparer.disagreements() == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (!read_settings(argc, argv, settings)) {
    std::fputs("usage: xml_differential [--runs N] [--seed S] [FILE_OR_FOLDER...]\n", stderr);
    return 2;
  }
  return run(settings);
}
