#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chance.hpp"

struct sqlite3_vfs;

namespace tongqu::sim {

/// A disk in memory behind SQLite's file interface. It knows which writes have been synced, so that a power cut can take the others away,
/// keep them, or tear them; and it can fail or stop the process at any write. Not thread-safe: a simulation has one thread.
///
/// While one is alive it is SQLite's default file system; only one may be alive.
class MemoryDisk {
public:
  explicit MemoryDisk(Chance chance);
  ~MemoryDisk();
  MemoryDisk(const MemoryDisk&) = delete;
  MemoryDisk& operator=(const MemoryDisk&) = delete;

  enum class Fault : std::uint8_t {
    io_error,   ///< This write, cut or sync fails; later ones work.
    full,       ///< No space from here on, until `free_space`.
    sync_lies,  ///< Every sync from here on says yes and does nothing: a broken machine, which the laws must notice.
    die,        ///< The process ends in the middle of this operation: a write may have been done in part.
  };
  /// Plants a fault at the nth write, cut, sync or deletion from now (1: the next).
  void plant(Fault fault, std::uint64_t nth);
  /// Takes away what was planted and has not happened.
  void unplant();
  void free_space() { full_ = false; }

  /// True once a planted `die` has happened: everything fails until `kill` or `cut_power`.
  bool died() const noexcept { return dead_; }
  /// The process is gone, the kernel is not: every open handle is dead, all writes stand.
  void kill();
  /// The machine is gone: of what was not synced, each write is there, or not, or torn at a sector.
  void cut_power();

  /// The folder has been synced: the names in it stay. The journal does so itself, with a call that does not pass through SQLite.
  void sync_names();

  std::uint64_t operations() const noexcept { return operations_; }

private:
  friend struct DiskCalls;
  static constexpr std::size_t kSector = 512;
  struct Change { std::size_t at; std::string bytes; bool cuts; };   ///< A write, or a cut to the length `at`.
  struct SharedMemory { std::vector<std::unique_ptr<std::string>> regions; int shared[8] = {}; bool exclusive[8] = {}; };
  struct Node {
    std::string now, durable;
    bool durable_name = false;
    std::vector<Change> unsynced;
    std::shared_ptr<SharedMemory> shared_memory = std::make_shared<SharedMemory>();
    int readers = 0;
    int pending = 0, reserved = 0, writer = 0;       ///< Handles that hold the lock of this name.
  };
  enum class Step : std::uint8_t { go, fail, no_space, torn };
  Step next_step();
  void apply(std::string& bytes, const Change& change) const;
  void lose(Node& node);

  std::unique_ptr<sqlite3_vfs> vfs_;
  sqlite3_vfs* before_ = nullptr;
  std::map<std::string, std::shared_ptr<Node>> files_;
  std::map<std::string, std::shared_ptr<Node>> deleted_;   ///< Names whose end is not durable.
  std::uint64_t generation_ = 1;
  std::uint64_t operations_ = 0;
  std::optional<std::pair<Fault, std::uint64_t>> planted_;
  bool dead_ = false, full_ = false, lying_ = false;
  Chance chance_;
};

} // namespace tongqu::sim
