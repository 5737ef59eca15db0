/* An app's own SQLite, as a linker sees it: the names that Holm's copy would have, too. A call of one ends the process. */
#include <stdlib.h>

#define OTHER(name) void name(void) { abort(); }

OTHER(sqlite3_initialize)
OTHER(sqlite3_open)
OTHER(sqlite3_open_v2)
OTHER(sqlite3_exec)
OTHER(sqlite3_prepare_v2)
OTHER(sqlite3_prepare_v3)
OTHER(sqlite3_step)
OTHER(sqlite3_finalize)
OTHER(sqlite3_close)
OTHER(sqlite3_close_v2)
OTHER(sqlite3_libversion)
OTHER(sqlite3_libversion_number)
