#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tongqu/base/bytes.hpp"
#include "tongqu/base/clock.hpp"
#include "tongqu/base/result.hpp"

/// Large files that messages name: sealed, addressed by content, in a folder beside a journal in a file or in the tables of one in PostgreSQL.
/// docs/reference/attachments.md
namespace tongqu::journal {

struct JournalOptions;

/// What is known of a stored attachment without reading it whole.
struct AttachmentFacts {
  std::string digest;            ///< SM3 of the plain bytes, 32 bytes.
  std::int64_t bytes = 0;        ///< Length of the plain bytes.
  std::string name;              ///< Of the file or row, derived from the digest under a key: safe in logs.
};

/// One upload. Not safe from several threads. What is not committed leaves nothing behind.
class AttachmentWriter {
public:
  virtual ~AttachmentWriter() = default;
  /// Takes the next bytes; memory is that of one chunk. After an error only the destructor may follow.
  /// @errors journal.attachment_too_large (fix_input), journal.disk_low, journal.write (retry_later).
  virtual Result<void> write(Bytes piece) = 0;
  /// Bytes taken so far.
  virtual std::int64_t bytes() const = 0;
  /// Makes the attachment durable: file, name and folder are synced, or the transaction is committed, when this returns. The same content is
  /// kept once. @errors journal.attachment_digest (fix_input) when other bytes were announced; journal.disk_low, journal.write,
  /// journal.server_away (retry_later).
  struct Stored { AttachmentFacts facts; bool known = false; };
  virtual Result<Stored> commit() = 0;
};

/// One attachment being read, from its beginning. Every chunk is checked before it is given out. Not safe from several threads; goes on
/// reading what it opened whatever happens to the store meanwhile (reseal, purge); over PostgreSQL for an hour after it was taken away.
class AttachmentReader {
public:
  virtual ~AttachmentReader() = default;
  virtual const AttachmentFacts& facts() const = 0;
  /// The next chunk, valid until the next call; empty at the end. Only the end proves that the whole was there and has its digest.
  /// @errors journal.attachment_broken (where: the name of the file), journal.read.
  virtual Result<Bytes> next() = 0;
};

/// The store of attachments. Members are safe from several threads.
class Attachments {
public:
  virtual ~Attachments() = default;

  /// Opens the folder "<options.path>.attachments"; it is made with the first upload. Half files that a dead process left are removed.
  /// With `options.postgres`, the tables of that store instead. The instance lock of the journal must be held, except to read.
  /// @errors journal.attachment_store (where: the folder), journal.open (where: seal_key), those of opening a store in PostgreSQL.
  enum class Access : std::uint8_t { write, read };
  static Result<std::unique_ptr<Attachments>> open(const JournalOptions& options, std::shared_ptr<Clock> clock, Access access);

  /// Begins an upload.
  /// @errors journal.disk_low, journal.attachment_busy (retry_later), journal.attachment_too_large, journal.attachment_store.
  struct Announced {
    std::string digest;          ///< SM3 that the bytes must have, 32 bytes; empty: whatever they have.
    std::int64_t bytes = -1;     ///< Length, when it is known.
  };
  virtual Result<std::unique_ptr<AttachmentWriter>> begin(Announced announced) = 0;

  /// Nothing when it is not there. Reads head and end of the file only. @errors journal.attachment_broken.
  virtual Result<std::optional<AttachmentFacts>> find(std::string_view digest) const = 0;
  /// As find; when it is there and no message names it yet, its time begins anew.
  virtual Result<std::optional<AttachmentFacts>> renew(std::string_view digest) = 0;
  /// @errors journal.attachment_unknown, journal.attachment_broken.
  virtual Result<std::unique_ptr<AttachmentReader>> read(std::string_view digest) const = 0;

  /// Name of the file of a digest, there or not: HMAC-SM3 under a key of this store, 64 hexadecimal digits.
  /// @errors journal.attachment_store, journal.disk_low.
  virtual Result<std::string> name_of(std::string_view digest) = 0;
  virtual Result<bool> has(const std::string& name) const = 0;

  /// Names of those that were uploaded or renewed before a time, sorted; where the store itself knows which are needed, without them.
  virtual Result<std::vector<std::string>> older_than(UtcMillis before) const = 0;
  /// Takes a name away unless it was renewed since. True when it went. Fast: `forget_removed` frees the room.
  virtual bool remove(const std::string& name, UtcMillis before) = 0;
  virtual void forget_removed() = 0;

  /// Reads every attachment whole. @param broken  Called for each that does not fit, with journal.attachment_broken; where: its name.
  struct Checked { std::int64_t count = 0, bytes = 0, broken = 0; };
  virtual Result<Checked> check_all(const std::function<void(const Error&)>& broken) const = 0;

  /// Puts every attachment under the key in force; readers and writers go on meanwhile. Gives how many changed; `all` is false when some
  /// did not open and still need an earlier key.
  struct Resealed { std::int64_t count = 0; bool all = true; };
  virtual Result<Resealed> reseal() = 0;
};

} // namespace tongqu::journal
