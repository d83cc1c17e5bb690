#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tongqu/base/result.hpp"

namespace tongqu::journal {

/// Remembers, across the death of the process, which bodies were being read when it died. A table in a file mapped into memory: entering
/// and leaving cost a hash of the body and a few stores, and what is written survives a killed process (not a power cut, which no body
/// causes).
///
/// A body that was in work when the process died is *suspected*: the next time it comes it is worked on while no other suspected one is.
/// When the process dies again meanwhile, that body alone is blamed: it is *condemned*, and whoever hands it in stores it unread. A
/// suspected body that goes through is cleared. Bodies that were only beside it are therefore never condemned.
class CrashGuard {
public:
  virtual ~CrashGuard() = default;

  /// Opens or makes the table and draws the conclusions from what it holds. The caller holds the instance lock of the store.
  /// @errors journal.guard (fix_setup).
  static Result<std::unique_ptr<CrashGuard>> open(const std::string& path);

  /// A body in work. Leaving is its end.
  class Entry {
  public:
    Entry() = default;
    Entry(CrashGuard* guard, std::size_t slot) : guard_(guard), slot_(slot) {}
    ~Entry() { end(); }
    Entry(Entry&& other) noexcept : guard_(other.guard_), slot_(other.slot_), condemned_(other.condemned_) { other.guard_ = nullptr; }
    Entry& operator=(Entry&& other) noexcept;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    /// Twice the end of the process: keep it, do not read it.
    bool condemned() const noexcept { return condemned_; }
    void end() noexcept;
    static Entry of_condemned() noexcept;

  private:
    CrashGuard* guard_ = nullptr;
    std::size_t slot_ = 0;
    bool condemned_ = false;
  };
  /// Waits while another suspected body is in work, when this one is suspected too. When the table is full the body is not watched.
  /// @note Safe from several threads. @param body  Not kept.
  virtual Entry enter(std::string_view body) = 0;
  /// Takes the blame from a body, by an operator's decision.
  virtual void acquit(std::string_view body) = 0;

  struct Tally { std::size_t in_work = 0, suspected = 0, condemned = 0; };
  virtual Tally tally() const = 0;

protected:
  virtual void leave(std::size_t slot) noexcept = 0;
};

} // namespace tongqu::journal
