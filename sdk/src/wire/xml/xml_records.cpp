#include "tongqu/wire/xml_records.hpp"

#include "tongqu/base/assert.hpp"
#include "xml/xml_scanner.hpp"

namespace tongqu::wire {

namespace detail {

/// An element where a record may stand. What its reading takes in memory is given back when it ends.
const char* XmlScanner::scan_record(const char* at) {
  memory_before_ = document_->arena().mark();
  namespaces_before_ = document_->namespaces().size();
  return scan_start_tag(at);
}

bool XmlScanner::is_record(std::uint32_t index) const {
  const auto named = [this](std::uint32_t entry, const std::string& name) {
    return name.empty() || std::string_view((*tape_)[entry].name, (*tape_)[entry].name_size) == name;
  };
  const std::vector<std::string>& path = records_->path;
  if (!named(index, path.back())) return false;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (!named(frames_[i].index, path[i])) return false;
  }
  return true;
}

/// An element has ended, and what is open around it is as deep as records stand.
void XmlScanner::end_record(std::uint32_t index) {
  if (!is_record(index)) return;
  if (records_->hand_over) {
    records_->hand_over(index);
    tape_->resize(index);
    frames_.back().last_child = TapeEntry::kNone;
  } else {
    dropped_ += tape_->size() - index - 1;
    tape_->resize(index + std::size_t{1});
    TapeEntry& stub = tape_->back();
    stub.has_child = stub.has_text = stub.mixed = false;
    stub.attributes = stub.text_size = 0;
    stub.text = nullptr;
    stub.end = index + 1;
  }
  // The names of namespaces stay in the document's memory.
  if (document_->namespaces().size() == namespaces_before_) document_->arena().release(memory_before_);
}

} // namespace detail

void read_records(Document& thin, const XmlOptions& options, const RecordPath& path, const std::vector<std::uint32_t>& stubs, RecordElements& to) {
  Document again;
  again.set_source(thin.source());
  std::size_t next = 0;
  const detail::XmlScanner::Records records{path, [&](std::uint32_t element) {
    TONGQU_ASSERT(next < stubs.size(), "a thin document has a stub for each record");
    to.take(thin.graft(again, element, stubs[next++]));
  }};
  // Its own: whoever takes a record may read other documents with the thread's.
  detail::XmlScanner scanner;
  const auto done = scanner.run(again, options, records);
  TONGQU_ASSERT(done.has_value(), "a text that was found good once is good again");
}

} // namespace tongqu::wire
