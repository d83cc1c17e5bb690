#include "journal/sqlite/gathered_log.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>

namespace tongqu::journal::detail {
namespace {

/// Slot of the writer among the locks of the log's index: part of SQLite's file format (fileformat2.html, section 2.3.1).
constexpr int kWriterSlot = 0;

} // namespace

/// The file system itself. It outlives its owner when a connection lives on behind a statement that nobody has finished.
struct GatheredLog::Layer {
  sqlite3_vfs vfs = {};
  sqlite3_vfs* below = nullptr;
  char name[40] = {};
  int open_files = 0;
  sqlite3_file* main = nullptr; ///< Files of the file system below.
  sqlite3_file* log = nullptr;
  std::unique_ptr<char[]> bytes; ///< Nothing is gathered while it is empty.
  std::size_t used = 0;
  sqlite3_int64 start = 0;       ///< Place of the first gathered byte in the log.
  int lost = SQLITE_OK;          ///< What was published could not be written: no call after that may succeed.

  sqlite3_int64 end() const noexcept { return start + static_cast<sqlite3_int64>(used); }

  /// What could not be written stays: SQLite may go on with a transaction of which it is a part, when only a statement is undone.
  int flush() {
    if (lost != SQLITE_OK) return lost;
    if (used == 0) return SQLITE_OK;
    const int rc = log->pMethods->xWrite(log, bytes.get(), static_cast<int>(used), start);
    if (rc == SQLITE_OK) used = 0;
    return rc;
  }
};

/// What SQLite calls, in C. Nothing in here may throw.
struct GatheredCalls {
  using Layer = GatheredLog::Layer;
  struct File {
    sqlite3_file base;
    Layer* layer;
    sqlite3_io_methods methods;
  };
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static Layer& layer_of(sqlite3_vfs* vfs) { return *static_cast<Layer*>(vfs->pAppData); }
  /// The file of the file system below stands behind ours in SQLite's memory.
  static sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(&of(file) + 1); }

  // The log.

  static int write(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
    Layer& layer = *of(file).layer;
    const auto size = static_cast<std::size_t>(amount);
    if (layer.used > 0 && (offset != layer.end() || size > GatheredLog::kRoom - layer.used)) {
      if (const int rc = layer.flush(); rc != SQLITE_OK) return rc;
    }
    if (layer.lost != SQLITE_OK) return layer.lost;
    if (!layer.bytes || size > GatheredLog::kRoom) return real(file)->pMethods->xWrite(real(file), from, amount, offset);
    if (layer.used == 0) layer.start = offset;
    std::memcpy(layer.bytes.get() + layer.used, from, size);
    layer.used += size;
    return SQLITE_OK;
  }

  /// As if all were written. It is not written for this: a rollback reads too, and must not fail because a disk is full.
  static int read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
    const Layer& layer = *of(file).layer;
    const sqlite3_int64 end = offset + amount;
    const sqlite3_int64 first = std::max(offset, layer.start), last = std::min(end, layer.end());
    if (layer.used == 0 || first >= last) return real(file)->pMethods->xRead(real(file), into, amount, offset);
    int rc = SQLITE_OK;
    if (first > offset || last < end) rc = real(file)->pMethods->xRead(real(file), into, amount, offset);
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) return rc;
    std::memcpy(static_cast<char*>(into) + (first - offset), layer.bytes.get() + (first - layer.start), static_cast<std::size_t>(last - first));
    return last == end ? SQLITE_OK : rc;
  }

  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (const int rc = of(file).layer->flush(); rc != SQLITE_OK) return rc;
    return real(file)->pMethods->xTruncate(real(file), size);
  }

  static int sync(sqlite3_file* file, int flags) {
    if (const int rc = of(file).layer->flush(); rc != SQLITE_OK) return rc;
    return real(file)->pMethods->xSync(real(file), flags);
  }

  static int size(sqlite3_file* file, sqlite3_int64* out) {
    const Layer& layer = *of(file).layer;
    const int rc = real(file)->pMethods->xFileSize(real(file), out);
    if (rc == SQLITE_OK && layer.used > 0) *out = std::max(*out, layer.end());
    return rc;
  }

  static int control_log(sqlite3_file* file, int what, void* argument) {
    if (const int rc = of(file).layer->flush(); rc != SQLITE_OK) return rc;
    return real(file)->pMethods->xFileControl(real(file), what, argument);
  }

  static int close_log(sqlite3_file* file) {
    Layer& layer = *of(file).layer;
    const int flushed = layer.flush();
    layer.used = 0;
    layer.log = nullptr;
    const int rc = close(file);
    return flushed != SQLITE_OK ? flushed : rc;
  }

  // The database file: it carries the index of the log, by which others learn what is in it.

  /// SQLite changes the head of the index behind a barrier. It syncs the log before, so nothing is left here; were there something, it must go
  /// out now, and nobody can be told when that fails.
  static void shm_barrier(sqlite3_file* file) {
    Layer& layer = *of(file).layer;
    if (layer.flush() != SQLITE_OK) layer.lost = SQLITE_IOERR_WRITE;
    real(file)->pMethods->xShmBarrier(real(file));
  }

  /// When the writer's lock goes the transaction is over. What is still gathered was never committed; the next writer, who may be somebody
  /// else, writes at its place.
  static int shm_lock(sqlite3_file* file, int first, int count, int flags) {
    constexpr int kGone = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;
    if (first == kWriterSlot && (flags & kGone) == kGone) of(file).layer->used = 0;
    return real(file)->pMethods->xShmLock(real(file), first, count, flags);
  }

  static int shm_unmap(sqlite3_file* file, int erase) {
    of(file).layer->used = 0;
    return real(file)->pMethods->xShmUnmap(real(file), erase);
  }

  static int close_main(sqlite3_file* file) {
    of(file).layer->main = nullptr;
    return close(file);
  }

  // Both; everything else is the matter of the file system below.

  static int close(sqlite3_file* file) {
    --of(file).layer->open_files;
    file->pMethods = nullptr;
    return real(file)->pMethods->xClose(real(file));
  }
  static int read_main(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) { return real(file)->pMethods->xRead(real(file), into, amount, offset); }
  static int write_main(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
    return real(file)->pMethods->xWrite(real(file), from, amount, offset);
  }
  static int truncate_main(sqlite3_file* file, sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); }
  static int sync_main(sqlite3_file* file, int flags) { return real(file)->pMethods->xSync(real(file), flags); }
  static int size_main(sqlite3_file* file, sqlite3_int64* out) { return real(file)->pMethods->xFileSize(real(file), out); }
  static int lock(sqlite3_file* file, int wanted) { return real(file)->pMethods->xLock(real(file), wanted); }
  static int unlock(sqlite3_file* file, int wanted) { return real(file)->pMethods->xUnlock(real(file), wanted); }
  static int check_reserved(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
  static int control_main(sqlite3_file* file, int what, void* argument) { return real(file)->pMethods->xFileControl(real(file), what, argument); }
  static int sector(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
  static int characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
  static int shm_map(sqlite3_file* file, int region, int bytes, int extend, void volatile** out) {
    return real(file)->pMethods->xShmMap(real(file), region, bytes, extend, out);
  }
  static int fetch(sqlite3_file* file, sqlite3_int64 offset, int amount, void** out) { return real(file)->pMethods->xFetch(real(file), offset, amount, out); }
  static int unfetch(sqlite3_file* file, sqlite3_int64 offset, void* from) { return real(file)->pMethods->xUnfetch(real(file), offset, from); }

  static constexpr sqlite3_io_methods kLog = {1,     &close_log, &read,           &write,       &truncate, &sync,           &size,   &lock,   &unlock, &check_reserved,
                                              &control_log, &sector, &characteristics, nullptr, nullptr,   nullptr, nullptr, nullptr, nullptr};
  static constexpr sqlite3_io_methods kMain = {3,       &close_main,   &read_main,       &write_main, &truncate_main, &sync_main,   &size_main,  &lock,  &unlock, &check_reserved,
                                               &control_main, &sector, &characteristics, &shm_map,  &shm_lock,      &shm_barrier, &shm_unmap, &fetch, &unfetch};

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    Layer& layer = layer_of(vfs);
    sqlite3_file** place = (flags & SQLITE_OPEN_WAL) != 0 ? &layer.log : (flags & SQLITE_OPEN_MAIN_DB) != 0 ? &layer.main : nullptr;
    // Temporary files, rollback journals, databases attached later: nothing of ours stands between.
    if (place == nullptr || *place != nullptr) return layer.below->xOpen(layer.below, name, file, flags, out_flags);
    new (file) File{{nullptr}, &layer, place == &layer.log ? kLog : kMain}; // No constructors run in C's memory.
    sqlite3_file* below = real(file);
    below->pMethods = nullptr;
    const int rc = layer.below->xOpen(layer.below, name, below, flags, out_flags);
    if (rc != SQLITE_OK) {
      if (below->pMethods != nullptr) below->pMethods->xClose(below);
      return rc;
    }
    of(file).methods.iVersion = std::min(of(file).methods.iVersion, below->pMethods->iVersion);
    file->pMethods = &of(file).methods;
    *place = below;
    ++layer.open_files;
    return SQLITE_OK;
  }

  // File system calls.

  static sqlite3_vfs* below(sqlite3_vfs* vfs) { return layer_of(vfs).below; }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) { return below(vfs)->xDelete(below(vfs), name, sync_folder); }
  static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out) { return below(vfs)->xAccess(below(vfs), name, flags, out); }
  static int full_path(sqlite3_vfs* vfs, const char* name, int room, char* out) { return below(vfs)->xFullPathname(below(vfs), name, room, out); }
  static int randomness(sqlite3_vfs* vfs, int count, char* out) { return below(vfs)->xRandomness(below(vfs), count, out); }
  static int sleep(sqlite3_vfs* vfs, int micros) { return below(vfs)->xSleep(below(vfs), micros); }
  static int time_days(sqlite3_vfs* vfs, double* out) { return below(vfs)->xCurrentTime(below(vfs), out); }
  static int time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) { return below(vfs)->xCurrentTimeInt64(below(vfs), out); }
  static int last_error(sqlite3_vfs* vfs, int room, char* out) { return below(vfs)->xGetLastError(below(vfs), room, out); }

  static void fill(Layer& layer) {
    sqlite3_vfs& vfs = layer.vfs;
    vfs.iVersion = std::min(layer.below->iVersion, 2);
    vfs.szOsFile = static_cast<int>(sizeof(File)) + layer.below->szOsFile;
    vfs.mxPathname = layer.below->mxPathname;
    vfs.zName = layer.name;
    vfs.pAppData = &layer;
    vfs.xOpen = &open;
    vfs.xDelete = &remove;
    vfs.xAccess = &access;
    vfs.xFullPathname = &full_path;
    vfs.xRandomness = &randomness;
    vfs.xSleep = &sleep;
    vfs.xCurrentTime = &time_days;
    vfs.xGetLastError = &last_error;
    vfs.xCurrentTimeInt64 = &time_ms;
  }
};

GatheredLog::GatheredLog(std::unique_ptr<Layer> layer) : layer_(std::move(layer)) {}

Result<std::unique_ptr<GatheredLog>> GatheredLog::over_default() {
  auto layer = std::make_unique<Layer>();
  layer->below = sqlite3_vfs_find(nullptr);
  if (layer->below == nullptr) return Error(Errc::journal_open).at("sqlite");
  // No two have one address while they live.
  std::snprintf(layer->name, sizeof layer->name, "tongqu-log-%p", static_cast<void*>(layer.get()));
  GatheredCalls::fill(*layer);
  if (const int rc = sqlite3_vfs_register(&layer->vfs, 0); rc != SQLITE_OK) return Error(Errc::journal_open).with("sqlite " + std::to_string(rc));
  return std::unique_ptr<GatheredLog>(new GatheredLog(std::move(layer)));
}

GatheredLog::~GatheredLog() {
  if (layer_->open_files > 0) static_cast<void>(layer_.release());
  else sqlite3_vfs_unregister(&layer_->vfs);
}

const char* GatheredLog::name() const noexcept { return layer_->name; }

void GatheredLog::begin() {
  Layer& layer = *layer_;
  if (layer.bytes || layer.main == nullptr || (layer.main->pMethods->xDeviceCharacteristics(layer.main) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0) return;
  layer.bytes.reset(new char[kRoom]);
}

} // namespace tongqu::journal::detail
