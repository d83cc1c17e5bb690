#include "tongqu/journal/crash_guard.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "journal/siphash.hpp"
#include "tongqu/crypto/crypto.hpp"

namespace tongqu::journal {
namespace {

constexpr std::uint64_t kMagic = 0x32647261756754; // "Tguard2"
constexpr std::size_t kSlots = 512;
constexpr std::size_t kSuspects = 512;

enum class Work : std::uint64_t { none, ordinary, suspected };
enum class Blame : std::uint64_t { none, suspected, condemned };

/// A keyed hash and the length stand for a body; 128 bits do not meet by chance.
struct Mark {
  std::uint64_t first = 0, second = 0, size = 0;
  bool operator==(const Mark& other) const noexcept { return first == other.first && second == other.second && size == other.size; }
};

struct Slot {
  std::atomic<std::uint64_t> work;
  Mark mark;
};
struct Suspect {
  std::atomic<std::uint64_t> blame;
  Mark mark;
};
struct Table {
  std::uint64_t magic;
  std::uint64_t keys[2];
  std::uint64_t next_suspect; ///< Where the oldest one is overwritten when there are too many.
  std::array<Slot, kSlots> slots;
  std::array<Suspect, kSuspects> suspects;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "a lock does not survive in a mapped file");

class MappedGuard final : public CrashGuard {
public:
  explicit MappedGuard(Table* table) : table_(table) {
    for (const Suspect& one : table_->suspects) blamed_ += static_cast<Blame>(one.blame.load()) == Blame::none ? 0 : 1;
    for (std::size_t i = kSlots; i > 0; --i) free_.push_back(i - 1);
  }
  ~MappedGuard() override { ::munmap(table_, sizeof(Table)); }

  /// Who was in work when the process died: the one suspected body if there was one, otherwise all of them.
  void draw_conclusions() {
    const bool again = std::any_of(table_->slots.begin(), table_->slots.end(),
                                   [](const Slot& slot) { return static_cast<Work>(slot.work.load()) == Work::suspected; });
    for (Slot& slot : table_->slots) {
      const Work work = static_cast<Work>(slot.work.load());
      if (work == Work::suspected) blame(slot.mark, Blame::condemned);
      else if (work == Work::ordinary && !again) blame(slot.mark, Blame::suspected);
      slot.work.store(static_cast<std::uint64_t>(Work::none));
    }
  }

  Entry enter(std::string_view body) override {
    const Mark mark = mark_of(body);
    std::unique_lock lock(mutex_);
    const Suspect* known = find(mark);
    if (known != nullptr && static_cast<Blame>(known->blame.load()) == Blame::condemned) return Entry::of_condemned();
    const bool suspected = known != nullptr;
    if (suspected) {
      alone_.wait(lock, [this] { return !suspect_in_work_; });
      suspect_in_work_ = true;
    }
    if (free_.empty()) {
      if (suspected) suspect_in_work_ = false;
      return Entry();
    }
    const std::size_t at = free_.back();
    free_.pop_back();
    Slot& slot = table_->slots[at];
    slot.mark = mark;
    slot.work.store(static_cast<std::uint64_t>(suspected ? Work::suspected : Work::ordinary));
    return Entry(this, at);
  }

  void acquit(std::string_view body) override {
    const Mark mark = mark_of(body);
    const std::lock_guard lock(mutex_);
    clear(mark);
  }

  Tally tally() const override {
    const std::lock_guard lock(mutex_);
    Tally tally;
    tally.in_work = kSlots - free_.size();
    for (const Suspect& one : table_->suspects) {
      tally.suspected += static_cast<Blame>(one.blame.load()) == Blame::suspected ? 1 : 0;
      tally.condemned += static_cast<Blame>(one.blame.load()) == Blame::condemned ? 1 : 0;
    }
    return tally;
  }

protected:
  void leave(std::size_t at) noexcept override {
    const std::lock_guard lock(mutex_);
    Slot& slot = table_->slots[at];
    if (static_cast<Work>(slot.work.load()) == Work::suspected) {
      clear(slot.mark);
      suspect_in_work_ = false;
      alone_.notify_one();
    }
    slot.work.store(static_cast<std::uint64_t>(Work::none));
    free_.push_back(at); // Within the capacity it started with.
  }

private:
  Mark mark_of(std::string_view body) const {
    const auto hash = detail::siphash128({table_->keys[0], table_->keys[1]}, body);
    return {hash.low, hash.high, body.size()};
  }
  Suspect* find(const Mark& mark) noexcept {
    if (blamed_ == 0) return nullptr;  // As on nearly all days.
    for (Suspect& one : table_->suspects) {
      if (static_cast<Blame>(one.blame.load()) != Blame::none && one.mark == mark) return &one;
    }
    return nullptr;
  }
  void clear(const Mark& mark) noexcept {
    Suspect* known = find(mark);
    if (known == nullptr) return;
    known->blame.store(static_cast<std::uint64_t>(Blame::none));
    --blamed_;
  }
  void blame(const Mark& mark, Blame blame) {
    Suspect* place = find(mark);
    for (Suspect& one : table_->suspects) {
      if (place == nullptr && static_cast<Blame>(one.blame.load()) == Blame::none) place = &one;
    }
    if (place == nullptr) place = &table_->suspects[table_->next_suspect++ % kSuspects];
    if (static_cast<Blame>(place->blame.load()) == Blame::none) ++blamed_;
    place->mark = mark;
    place->blame.store(static_cast<std::uint64_t>(blame));
  }

  Table* table_;
  mutable std::mutex mutex_;
  std::condition_variable alone_;
  std::vector<std::size_t> free_;
  bool suspect_in_work_ = false;
  std::size_t blamed_ = 0;
};

Error unusable(const std::string& path) { return Error(Errc::journal_guard).at(path); }

/// A table of another size or make is made anew: it only remembers crashes.
bool is_ours(const Table& table) { return table.magic == kMagic; }

} // namespace

CrashGuard::Entry& CrashGuard::Entry::operator=(Entry&& other) noexcept {
  std::swap(guard_, other.guard_);
  std::swap(slot_, other.slot_);
  std::swap(condemned_, other.condemned_);
  return *this;
}

void CrashGuard::Entry::end() noexcept {
  if (CrashGuard* guard = std::exchange(guard_, nullptr); guard != nullptr) guard->leave(slot_);
}

CrashGuard::Entry CrashGuard::Entry::of_condemned() noexcept {
  Entry entry;
  entry.condemned_ = true;
  return entry;
}

Result<std::unique_ptr<CrashGuard>> CrashGuard::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return unusable(path);
  struct stat status = {};
  const bool sized = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const bool fresh = !sized || status.st_size != static_cast<off_t>(sizeof(Table));
  // Its pages are given room now: a store into a hole on a full disk would end the process.
  const bool ready = sized && (!fresh || ::ftruncate(descriptor, 0) == 0) && ::posix_fallocate(descriptor, 0, sizeof(Table)) == 0;
  void* mapped = ready ? ::mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : MAP_FAILED;
  ::close(descriptor);
  if (mapped == MAP_FAILED) return unusable(path);
  auto* table = static_cast<Table*>(mapped);
  if (fresh || !is_ours(*table)) {
    std::memset(mapped, 0, sizeof(Table));
    const std::string keys = crypto::random_bytes(sizeof table->keys);
    std::memcpy(table->keys, keys.data(), keys.size());
    table->magic = kMagic;
  }
  auto guard = std::make_unique<MappedGuard>(table);
  guard->draw_conclusions();
  return std::unique_ptr<CrashGuard>(std::move(guard));
}

} // namespace tongqu::journal
