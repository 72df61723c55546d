#ifndef LAPWING_FORGETFUL_VFS_H
#define LAPWING_FORGETFUL_VFS_H

// A SQLite VFS that remembers of each file what was there at its last sync: what a disk holds
// after the power went, if it drops all that it was not told to keep.

#ifdef __cplusplus
extern "C" {
#endif

/// Makes it SQLite's default; files whose path does not contain `mark` pass through untouched.
/// Returns SQLite's result code.
int forgetful_register(const char *mark);

/// Writes what would be left of the files in `directory` to `target`, which must exist. Returns how
/// many files there were, or -1.
int forgetful_crash(const char *directory, const char *target);

/// How many syncs there were of files in `directory`.
int forgetful_syncs(const char *directory);

#ifdef __cplusplus
}
#endif

#endif
