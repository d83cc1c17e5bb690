#include "memory_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace tongqu::sim {

/// What SQLite calls, in C. A handle of an older generation belongs to a process that is gone: it can do nothing but be closed.
struct DiskCalls {
  struct File {
    sqlite3_file base;
    MemoryDisk* disk;
    std::shared_ptr<MemoryDisk::Node>* node;
    std::shared_ptr<MemoryDisk::SharedMemory>* shared_memory;
    std::uint64_t generation;
    int lock;
    unsigned shared_slots, exclusive_slots;
  };
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static MemoryDisk& of(sqlite3_vfs* vfs) { return *static_cast<MemoryDisk*>(vfs->pAppData); }
  static bool gone(const File& file) { return file.generation != file.disk->generation_ || file.disk->dead_; }

  static int close(sqlite3_file* base) {
    File& file = of(base);
    unlock(base, SQLITE_LOCK_NONE);
    shm_unmap(base, 0);
    delete file.node;
    file.base.pMethods = nullptr;
    return SQLITE_OK;
  }

  static int read(sqlite3_file* base, void* out, int amount, sqlite3_int64 offset) {
    File& file = of(base);
    if (gone(file)) return SQLITE_IOERR_READ;
    const std::string& bytes = (*file.node)->now;
    const auto want = static_cast<std::size_t>(amount);
    const auto at = std::min(static_cast<std::size_t>(offset), bytes.size());
    const std::size_t there = std::min(want, bytes.size() - at);
    std::memcpy(out, bytes.data() + at, there);
    if (there == want) return SQLITE_OK;
    std::memset(static_cast<char*>(out) + there, 0, want - there);
    return SQLITE_IOERR_SHORT_READ;
  }

  static void change(File& file, MemoryDisk::Change change) {
    MemoryDisk::Node& node = **file.node;
    file.disk->apply(node.now, change);
    node.unsynced.push_back(std::move(change));
  }

  static int write(sqlite3_file* base, const void* bytes, int amount, sqlite3_int64 offset) {
    File& file = of(base);
    if (gone(file)) return SQLITE_IOERR_WRITE;
    MemoryDisk::Change made{static_cast<std::size_t>(offset), std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(amount)), false};
    switch (file.disk->next_step()) {
      case MemoryDisk::Step::go: change(file, std::move(made)); return SQLITE_OK;
      case MemoryDisk::Step::no_space: return SQLITE_FULL;
      case MemoryDisk::Step::fail: return SQLITE_IOERR_WRITE;
      case MemoryDisk::Step::torn:
        made.bytes.resize(file.disk->chance_.below(made.bytes.size() + 1));
        if (!made.bytes.empty()) change(file, std::move(made));
        return SQLITE_IOERR_WRITE;
    }
    return SQLITE_IOERR_WRITE;
  }

  static int truncate(sqlite3_file* base, sqlite3_int64 size) {
    File& file = of(base);
    if (gone(file)) return SQLITE_IOERR_TRUNCATE;
    if (file.disk->next_step() != MemoryDisk::Step::go) return SQLITE_IOERR_TRUNCATE;
    change(file, {static_cast<std::size_t>(size), {}, true});
    return SQLITE_OK;
  }

  static int sync(sqlite3_file* base, int) {
    File& file = of(base);
    if (gone(file)) return SQLITE_IOERR_FSYNC;
    const auto step = file.disk->next_step();
    if (step != MemoryDisk::Step::go && step != MemoryDisk::Step::no_space) return SQLITE_IOERR_FSYNC;
    if (file.disk->lying_) return SQLITE_OK;
    MemoryDisk::Node& node = **file.node;
    for (const auto& one : node.unsynced) file.disk->apply(node.durable, one);
    node.unsynced.clear();
    node.durable_name = true;
    return SQLITE_OK;
  }

  static int size(sqlite3_file* base, sqlite3_int64* out) {
    if (gone(of(base))) return SQLITE_IOERR_FSTAT;
    *out = static_cast<sqlite3_int64>((*of(base).node)->now.size());
    return SQLITE_OK;
  }

  static int lock(sqlite3_file* base, int wanted) {
    File& file = of(base);
    if (gone(file)) return SQLITE_IOERR_LOCK;
    MemoryDisk::Node& node = **file.node;
    if (wanted <= file.lock) return SQLITE_OK;
    if (wanted == SQLITE_LOCK_SHARED) {
      if (node.pending + node.writer > 0) return SQLITE_BUSY;
      ++node.readers;
      file.lock = SQLITE_LOCK_SHARED;
      return SQLITE_OK;
    }
    if (file.lock < SQLITE_LOCK_RESERVED) {
      if (node.reserved > 0) return SQLITE_BUSY;
      ++node.reserved;
      file.lock = SQLITE_LOCK_RESERVED;
    }
    if (wanted < SQLITE_LOCK_EXCLUSIVE) return SQLITE_OK;
    if (file.lock < SQLITE_LOCK_PENDING) {
      ++node.pending;
      file.lock = SQLITE_LOCK_PENDING;
    }
    if (node.readers > 1) return SQLITE_BUSY;
    ++node.writer;
    file.lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
  }

  static int unlock(sqlite3_file* base, int wanted) {
    File& file = of(base);
    const bool counted = file.generation == file.disk->generation_;
    MemoryDisk::Node& node = **file.node;
    const auto drop = [&](int level, int& count) {
      if (counted && file.lock >= level && wanted < level) --count;
    };
    drop(SQLITE_LOCK_EXCLUSIVE, node.writer);
    drop(SQLITE_LOCK_PENDING, node.pending);
    drop(SQLITE_LOCK_RESERVED, node.reserved);
    drop(SQLITE_LOCK_SHARED, node.readers);
    file.lock = std::min(file.lock, wanted);
    return SQLITE_OK;
  }

  static int check_reserved(sqlite3_file* base, int* out) {
    *out = (*of(base).node)->reserved > 0 ? 1 : 0;
    return SQLITE_OK;
  }

  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector(sqlite3_file*) { return 4096; }
  // As the unix file system of SQLite says: a torn write harms no byte beside those that were written.
  static int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static int shm_map(sqlite3_file* base, int region, int bytes, int extend, void volatile** out) {
    File& file = of(base);
    *out = nullptr;
    if (gone(file)) return SQLITE_IOERR_SHMMAP;
    if (file.shared_memory == nullptr) file.shared_memory = new std::shared_ptr<MemoryDisk::SharedMemory>((*file.node)->shared_memory);
    auto& regions = (*file.shared_memory)->regions;
    const auto index = static_cast<std::size_t>(region);
    if (index >= regions.size() && extend == 0) return SQLITE_OK;
    while (regions.size() <= index) regions.push_back(std::make_unique<std::string>(static_cast<std::size_t>(bytes), '\0'));
    *out = regions[index]->data();
    return SQLITE_OK;
  }

  static int shm_lock(sqlite3_file* base, int first, int count, int flags) {
    File& file = of(base);
    if (gone(file)) return (flags & SQLITE_SHM_UNLOCK) != 0 ? SQLITE_OK : SQLITE_IOERR_SHMLOCK;
    auto& slots = **file.shared_memory;
    for (int i = first; i < first + count; ++i) {
      const unsigned bit = 1U << static_cast<unsigned>(i);
      if ((flags & SQLITE_SHM_UNLOCK) != 0) continue;
      if ((flags & SQLITE_SHM_SHARED) != 0 && slots.exclusive[i]) return SQLITE_BUSY;
      if ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && (slots.exclusive[i] || slots.shared[i] - ((file.shared_slots & bit) != 0 ? 1 : 0) > 0)) return SQLITE_BUSY;
    }
    for (int i = first; i < first + count; ++i) turn_slot(file, slots, i, flags);
    return SQLITE_OK;
  }

  static void turn_slot(File& file, MemoryDisk::SharedMemory& slots, int i, int flags) {
    const unsigned bit = 1U << static_cast<unsigned>(i);
    const bool release = (flags & SQLITE_SHM_UNLOCK) != 0;
    if ((flags & SQLITE_SHM_SHARED) != 0) {
      if (release == ((file.shared_slots & bit) == 0)) return;
      slots.shared[i] += release ? -1 : 1;
      file.shared_slots ^= bit;
      return;
    }
    if (release == ((file.exclusive_slots & bit) == 0)) return;
    slots.exclusive[i] = !release;
    file.exclusive_slots ^= bit;
  }

  static void shm_barrier(sqlite3_file*) {}

  static int shm_unmap(sqlite3_file* base, int erase) {
    File& file = of(base);
    if (file.shared_memory == nullptr) return SQLITE_OK;
    auto& slots = **file.shared_memory;
    for (int i = 0; i < 8; ++i) {
      turn_slot(file, slots, i, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
      turn_slot(file, slots, i, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
    }
    if (erase != 0 && !gone(file)) (*file.node)->shared_memory = std::make_shared<MemoryDisk::SharedMemory>();
    delete file.shared_memory;
    file.shared_memory = nullptr;
    return SQLITE_OK;
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
    static constexpr sqlite3_io_methods kMethods = {2,    &close,   &read,           &write,   &truncate, &sync,   &size,     &lock,        &unlock, &check_reserved,
                                                    &control, &sector, &characteristics, &shm_map, &shm_lock, &shm_barrier, &shm_unmap, nullptr, nullptr};
    MemoryDisk& disk = of(vfs);
    base->pMethods = nullptr;
    if (disk.dead_ || name == nullptr) return SQLITE_CANTOPEN;
    auto at = disk.files_.find(name);
    if (at == disk.files_.end()) {
      if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
      at = disk.files_.emplace(name, std::make_shared<MemoryDisk::Node>()).first;
    }
    // No constructors run in C's memory: the handle is written whole.
    new (base) File{{&kMethods}, &disk, new std::shared_ptr<MemoryDisk::Node>(at->second), nullptr, disk.generation_, SQLITE_LOCK_NONE, 0, 0};
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
    MemoryDisk& disk = of(vfs);
    if (disk.dead_) return SQLITE_IOERR_DELETE;
    const auto at = disk.files_.find(name);
    if (at == disk.files_.end()) return SQLITE_IOERR_DELETE_NOENT;
    if (disk.next_step() != MemoryDisk::Step::go) return SQLITE_IOERR_DELETE;
    if (sync_folder == 0) disk.deleted_[name] = at->second;
    disk.files_.erase(at);
    return SQLITE_OK;
  }

  static int access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    MemoryDisk& disk = of(vfs);
    *out = disk.files_.count(name) != 0 ? 1 : 0;
    return disk.dead_ ? SQLITE_IOERR_ACCESS : SQLITE_OK;
  }

  static int full_path(sqlite3_vfs*, const char* name, int room, char* out) {
    sqlite3_snprintf(room, out, "%s", name);
    return SQLITE_OK;
  }

  static int randomness(sqlite3_vfs* vfs, int count, char* out) {
    for (int i = 0; i < count; ++i) out[i] = static_cast<char>(of(vfs).chance_.next());
    return count;
  }

  // A lock that somebody holds in a program of one thread stays held however long one waits.
  static int sleep(sqlite3_vfs*, int micros) { return micros; }
  static int time_ms(sqlite3_vfs*, sqlite3_int64* out) { *out = 210866760000000 + 4102444800000; return SQLITE_OK; }
  static int time_days(sqlite3_vfs*, double* out) { *out = 2488069.5; return SQLITE_OK; }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }
};

MemoryDisk::MemoryDisk(Chance chance) : vfs_(std::make_unique<sqlite3_vfs>()), chance_(chance) {
  before_ = sqlite3_vfs_find(nullptr);
  *vfs_ = {};
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(DiskCalls::File);
  vfs_->mxPathname = 512;
  vfs_->zName = "tongqu-memory-disk";
  vfs_->pAppData = this;
  vfs_->xOpen = &DiskCalls::open;
  vfs_->xDelete = &DiskCalls::remove;
  vfs_->xAccess = &DiskCalls::access;
  vfs_->xFullPathname = &DiskCalls::full_path;
  vfs_->xRandomness = &DiskCalls::randomness;
  vfs_->xSleep = &DiskCalls::sleep;
  vfs_->xCurrentTime = &DiskCalls::time_days;
  vfs_->xCurrentTimeInt64 = &DiskCalls::time_ms;
  vfs_->xGetLastError = &DiskCalls::last_error;
  sqlite3_vfs_register(vfs_.get(), 1);
}

MemoryDisk::~MemoryDisk() {
  sqlite3_vfs_unregister(vfs_.get());
  if (before_ != nullptr) sqlite3_vfs_register(before_, 1);
}

void MemoryDisk::plant(Fault fault, std::uint64_t nth) { planted_ = {fault, operations_ + nth}; }
void MemoryDisk::unplant() { planted_.reset(); }

void MemoryDisk::sync_names() {
  for (auto& [name, node] : files_) node->durable_name = true;
  deleted_.clear();
}

MemoryDisk::Step MemoryDisk::next_step() {
  ++operations_;
  if (!planted_ || operations_ < planted_->second) return full_ ? Step::no_space : Step::go;
  const Fault fault = planted_->first;
  planted_.reset();
  switch (fault) {
    case Fault::io_error: return Step::fail;
    case Fault::full: full_ = true; return Step::no_space;
    case Fault::sync_lies: lying_ = true; return Step::go;
    case Fault::die: break;
  }
  dead_ = true;
  return Step::torn;
}

void MemoryDisk::apply(std::string& bytes, const Change& change) const {
  if (change.cuts) return bytes.resize(change.at, '\0');
  if (bytes.size() < change.at + change.bytes.size()) bytes.resize(change.at + change.bytes.size(), '\0');
  bytes.replace(change.at, change.bytes.size(), change.bytes);
}

void MemoryDisk::kill() {
  ++generation_;
  dead_ = false;
  for (auto& [name, node] : files_) {
    node->shared_memory = std::make_shared<SharedMemory>();
    node->readers = node->pending = node->reserved = node->writer = 0;
  }
}

/// The kernel writes back when and in which order it likes: between nothing and everything, torn at sectors.
void MemoryDisk::lose(Node& node) {
  const auto mood = chance_.below(10);
  for (const Change& one : node.unsynced) {
    if (mood < 3 || (mood >= 6 && chance_.below(2) == 0)) continue;
    if (mood < 6 || one.cuts || chance_.below(4) != 0) {
      apply(node.durable, one);
      continue;
    }
    for (std::size_t from = 0; from < one.bytes.size(); from += kSector) {
      if (chance_.below(2) == 0) apply(node.durable, {one.at + from, one.bytes.substr(from, kSector), false});
    }
  }
  node.unsynced.clear();
  node.now = node.durable;
}

void MemoryDisk::cut_power() {
  kill();
  full_ = false;
  for (auto& [name, node] : deleted_) {
    if (files_.count(name) == 0 && node->durable_name && chance_.below(2) == 0) files_[name] = node;
  }
  deleted_.clear();
  for (auto at = files_.begin(); at != files_.end();) {
    Node& node = *at->second;
    const bool named = node.durable_name || chance_.below(2) == 0;
    lose(node);
    node.durable_name = true;
    at = named ? std::next(at) : files_.erase(at);
  }
}

} // namespace tongqu::sim
