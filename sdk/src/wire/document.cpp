#include "tongqu/wire/document.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tongqu::wire {
namespace {

constexpr std::size_t kFirstBlockBytes = std::size_t{16} * 1024;
constexpr std::size_t kBlockBytesMax = std::size_t{1024} * 1024;
constexpr std::string_view kXsi = "http://www.w3.org/2001/XMLSchema-instance";

std::uint64_t load(const char* at, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, bytes);
  return word;
}

std::uint64_t mix(std::uint64_t word) noexcept {
  word *= 0x9E3779B97F4A7C15u;
  return word ^ (word >> 32);
}

/// Eight bytes a step. The table holds names of ours only, so a caller's names can miss but never crowd one bucket.
std::uint32_t hash_of(std::string_view name) noexcept {
  std::uint64_t hash = name.size() * 0xC2B2AE3D27D4EB4Fu;
  const char* at = name.data();
  std::size_t left = name.size();
  for (; left >= 8; at += 8, left -= 8) hash = mix(hash ^ load(at, 8));
  if (left >= 4) hash = mix(hash ^ (load(at, 4) | load(at + left - 4, 4) << 32));
  else if (left > 0) hash = mix(hash ^ (load(at, 1) | load(at + left / 2, 1) << 8 | load(at + left - 1, 1) << 16));
  hash = mix(hash);
  return static_cast<std::uint32_t>(hash ^ (hash >> 29));
}

/// Names are short: two words that may overlap hold nearly all of them.
bool same_bytes(std::string_view a, std::string_view b) noexcept {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  const auto ends_alike = [&](std::size_t word) { return load(a.data(), word) == load(b.data(), word) && load(a.data() + size - word, word) == load(b.data() + size - word, word); };
  if (size >= 8 && size <= 16) return ends_alike(8);
  if (size >= 4 && size < 8) return ends_alike(4);
  return std::memcmp(a.data(), b.data(), size) == 0;
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

void append_escaped_key(std::string& path, std::string_view key) {
  for (const char c : key) {
    if (c == '~') path += "~0";
    else if (c == '/') path += "~1";
    else path += c;
  }
}

/// One step of a path for `node`, whose parent is not null. What is known of its siblings is used and made better.
template <class Known>
void append_step(std::string& path, const Node& node, Known& known) {
  const Node parent = node.parent();
  if (node.kind() == NodeKind::attribute) {
    path += "/@";
    path += node.name();
    return;
  }
  path += '/';
  if (parent.kind() == NodeKind::object) return append_escaped_key(path, node.name());
  const bool item = parent.kind() == NodeKind::array;
  if (const std::string_view label = item ? node.document()->label(node.index()) : std::string_view(); !label.empty()) {
    path.back() = '[';
    path.append(label).append("]");
    return;
  }
  const auto alike = [&](const Node& other) { return item || other.name() == node.name(); };
  Node other = parent.first_child();
  if (known.parent == parent.index() && known.index <= node.index() && alike({node.document(), known.index})) {
    other = Node(node.document(), known.index);
  } else {
    known = {};
    known.parent = parent.index();
  }
  for (; other.index() < node.index(); other = other.next()) {
    if (alike(other)) ++known.before;
  }
  known.index = node.index();
  known.more = known.more || known.before > 0;
  for (Node later = node.next(); later && !known.more && !item; later = later.next()) known.more = alike(later);
  if (item) path += std::to_string(known.before);
  else path += node.name();
  if (!item && known.more) path += '[' + std::to_string(known.before + 1) + ']';
}

} // namespace

std::uint32_t NameSet::add(std::string_view name) {
  if (const std::uint32_t known = find(name); known != 0) return known;
  names_.emplace_back(name);
  const std::uint32_t symbol = size();
  if (names_.size() * 2 > buckets_.size()) rehash(std::max<std::size_t>(16, buckets_.size() * 2));
  else place(symbol, hash_of(name));
  return symbol;
}

/// A load of at most one eighth keeps a find at one probe nearly always.
void NameSet::freeze() {
  std::size_t buckets = 16;
  while (buckets < names_.size() * 8) buckets *= 2;
  rehash(buckets);
}

void NameSet::rehash(std::size_t buckets) {
  buckets_.assign(buckets, Bucket{});
  for (std::uint32_t symbol = 1; symbol <= size(); ++symbol) place(symbol, hash_of(names_[symbol - 1]));
}

void NameSet::place(std::uint32_t symbol, std::uint32_t hash) {
  std::size_t at = hash & (buckets_.size() - 1);
  while (buckets_[at].symbol != 0) at = (at + 1) & (buckets_.size() - 1);
  buckets_[at] = {hash, symbol};
}

std::uint32_t NameSet::find(std::string_view name) const noexcept {
  if (buckets_.empty()) return 0;
  const std::uint32_t hash = hash_of(name);
  for (std::size_t at = hash & (buckets_.size() - 1); buckets_[at].symbol != 0; at = (at + 1) & (buckets_.size() - 1)) {
    const Bucket& bucket = buckets_[at];
    if (bucket.hash == hash && same_bytes(names_[bucket.symbol - 1], name)) return bucket.symbol;
  }
  return 0;
}

char* Arena::allocate(std::size_t bytes) {
  if (blocks_.empty() || blocks_.back().size - at_ < bytes) grow(bytes);
  char* memory = blocks_.back().memory.get() + at_;
  at_ += bytes;
  used_total_ += bytes;
  return memory;
}

void Arena::grow(std::size_t bytes) {
  std::size_t size = blocks_.empty() ? kFirstBlockBytes : std::min(blocks_.back().size * 2, kBlockBytesMax);
  size = std::max(size, bytes);
  blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
  at_ = 0;
}

std::string_view Arena::store(std::string_view text) {
  if (text.empty()) return {};
  char* memory = allocate(text.size());
  std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

void Arena::reset() {
  if (blocks_.size() > 1) blocks_.resize(1);
  at_ = 0;
  used_total_ = 0;
}

void Arena::release(const Mark& mark) {
  // The first block is kept in any case.
  const std::size_t kept = std::max<std::size_t>(mark.blocks, 1);
  if (blocks_.size() > kept) blocks_.resize(kept);
  at_ = mark.at;
  used_total_ = mark.used;
}

std::uint32_t Document::graft(const Document& from, std::uint32_t element, std::uint32_t stub) {
  if (graft_ != TapeEntry::kNone) tape_.resize(graft_);
  graft_ = static_cast<std::uint32_t>(tape_.size());
  stub_ = stub;
  ++grafts_;
  const std::uint32_t end = from.tape_[element].end;
  const std::uint32_t by = graft_ - element;  // Modulo 2^32, whichever of the two is behind.
  tape_.insert(tape_.end(), from.tape_.begin() + element, from.tape_.begin() + end);
  for (std::size_t i = graft_; i < tape_.size(); ++i) {
    TapeEntry& entry = tape_[i];
    entry.parent += by;
    entry.end += by;
    if (entry.next != TapeEntry::kNone) entry.next += by;
  }
  tape_[graft_].parent = tape_[stub].parent;
  tape_[graft_].next = tape_[stub].next;
  return graft_;
}

void Document::own_source(std::string text) {
  if (!owned_) owned_ = std::make_unique<std::string>();
  *owned_ = std::move(text);
  source_ = *owned_;
}

std::string Document::take_buffer() {
  if (!owned_) return {};
  source_ = {};
  owned_->clear();
  return std::move(*owned_);
}

void Document::clear() {
  tape_.clear();
  namespaces_.clear();
  labels_.clear();
  arena_.reset();
  if (owned_) owned_->clear();
  source_ = {};
  graft_ = stub_ = TapeEntry::kNone;
  grafts_ = 0;
}

std::string Document::position(std::size_t offset) const {
  PlaceMemory memory;
  memory.watch(this);
  return position(offset, memory);
}

std::string Document::position(std::size_t offset, PlaceMemory& memory) const {
  if (memory.document_ != this) return position(offset);
  const std::string_view before = source_.substr(0, std::min(offset, source_.size()));
  if (before.size() < memory.offset_) memory.offset_ = 0, memory.line_ = 1, memory.line_start_ = 0;
  for (std::size_t i = before.find_first_of("\r\n", memory.offset_); i != std::string_view::npos; i = before.find_first_of("\r\n", i + 1)) {
    // CR LF is one line end, counted at its LF.
    if (before[i] == '\r' && i + 1 < source_.size() && source_[i + 1] == '\n') continue;
    ++memory.line_;
    memory.line_start_ = i + 1;
  }
  memory.offset_ = before.size();
  return std::to_string(memory.line_) + ':' + std::to_string(before.size() - memory.line_start_ + 1);
}

const TapeEntry& Node::entry() const {
  TONGQU_ASSERT(document_ != nullptr, "a node is read only when it is there");
  return document_->tape()[index_];
}

std::string_view Node::ns() const {
  const auto& namespaces = document_->namespaces();
  const std::uint32_t ns = entry().ns;
  return ns == 0 || ns >= namespaces.size() ? std::string_view() : namespaces[ns];
}

Node Node::parent() const {
  const std::uint32_t parent = entry().parent;
  return parent == TapeEntry::kNone ? Node() : Node(document_, parent);
}

Node Node::first_child() const {
  const TapeEntry& self = entry();
  return self.has_child ? Node(document_, index_ + 1 + self.attributes) : Node();
}

Node Node::next() const {
  const std::uint32_t next = entry().next;
  return next == TapeEntry::kNone ? Node() : Node(document_, next);
}

Node Node::child(std::string_view local) const {
  for (Node node = first_child(); node; node = node.next()) {
    if (node.name() == local) return node;
  }
  return {};
}

Node Node::child(std::string_view ns, std::string_view local) const {
  for (Node node = first_child(); node; node = node.next()) {
    if (node.name() == local && node.ns() == ns) return node;
  }
  return {};
}

Node Node::first_attribute() const { return entry().attributes > 0 ? Node(document_, index_ + 1) : Node(); }

Node Node::attribute(std::string_view local) const {
  Node found;
  for (Node node = first_attribute(); node; node = node.next()) {
    if (node.name() != local) continue;
    if (node.entry().ns == 0) return node;  // One without a prefix wins over a foreign one of the same local name.
    if (!found) found = node;
  }
  return found;
}

std::size_t Node::child_count() const {
  std::size_t count = 0;
  for (Node node = first_child(); node; node = node.next()) ++count;
  return count;
}

Result<std::string_view> Node::leaf() const {
  const TapeEntry& self = entry();
  if (self.kind == NodeKind::object || self.kind == NodeKind::array) return Error(Errc::wire_not_a_leaf).at(position());
  if (self.kind == NodeKind::element) {
    if (self.has_child) return Error(self.has_text ? Errc::wire_xml_mixed : Errc::wire_not_a_leaf).at(position());
    if (self.mixed) return Error(Errc::wire_xml_mixed).at(position());
  }
  return raw_text();
}

bool Node::is_nil() const {
  if (kind() == NodeKind::null) return true;
  if (kind() != NodeKind::element) return false;
  for (Node node = first_attribute(); node; node = node.next()) {
    if (node.name() != "nil" || node.ns() != kXsi) continue;
    const std::string_view value = trimmed(node.raw_text());
    return value == "true" || value == "1";
  }
  return false;
}

std::string Node::position() const { return document_->position(offset()); }

std::string Node::position(PlaceMemory& memory) const { return document_->position(offset(), memory); }

std::string Node::path() const {
  PlaceMemory memory;
  memory.watch(document_);
  return path(memory);
}

/// What is known of places inside the element grafted before is not true of the one that is there now.
void PlaceMemory::forget_graft(const Document& document) {
  if (grafts_ == document.grafts()) return;
  grafts_ = document.grafts();
  for (Siblings& known : siblings_) {
    if (known.parent != TapeEntry::kNone && known.parent >= document.grafted()) known = {};
  }
}

std::string Node::path(PlaceMemory& memory) const {
  if (memory.document_ != document_) return path();
  memory.forget_graft(*document_);
  std::vector<Node> steps;
  for (Node node = *this; node; node = node.parent()) steps.emplace_back(document_, document_->stands_at(node.index()));
  std::string path;
  if (steps.back().kind() == NodeKind::element) path.append("/").append(steps.back().name());
  if (memory.siblings_.size() < steps.size()) memory.siblings_.resize(steps.size());
  for (std::size_t i = steps.size() - 1; i-- > 0;) append_step(path, steps[i], memory.siblings_[steps.size() - 1 - i]);
  return path.empty() ? "/" : path;
}

} // namespace tongqu::wire
