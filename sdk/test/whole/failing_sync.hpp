#pragma once

namespace tongqu::whole {

/// From now on syncs of the journal's files fail in this process, or work again. A preloaded copy looks for the file that
/// TONGQU_TEST_FAIL_SYNC_WHEN names instead.
void fail_syncs(bool failing);

} // namespace tongqu::whole
