#include "forgetful_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { path_size = 1024, images_max = 256 };

// What is certain of one file.
typedef struct {
    char path[path_size];
    unsigned char *bytes;
    sqlite3_int64 size;
    int syncs;
} image;

// An open file: ours first, the one below behind it.
typedef struct {
    sqlite3_file base;
    const char *path;
    int is_watched;
    sqlite3_file *below;
} forgetful_file;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static image images[images_max];
static int image_count;
static char watched_mark[64];
static sqlite3_vfs *below;
static sqlite3_vfs forgetful;

static sqlite3_file *real(sqlite3_file *file) { return ((forgetful_file *)file)->below; }

static int in_directory(const char *path, const char *directory) {
    const size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && path[length] == '/';
}

// Called with the lock held.
static image *find(const char *path, int make) {
    for (int index = 0; index < image_count; index++) {
        if (strcmp(images[index].path, path) == 0) {
            return &images[index];
        }
    }
    if (!make || image_count == images_max || strlen(path) >= path_size) {
        return NULL;
    }
    image *result = &images[image_count++];
    memset(result, 0, sizeof *result);
    strcpy(result->path, path);
    return result;
}

// Called with the lock held.
static void forget(const char *path) {
    image *found = find(path, 0);
    if (found != NULL) {
        free(found->bytes);
        *found = images[--image_count];
    }
}

static int remember(forgetful_file *file) {
    sqlite3_int64 size = 0;
    int result = file->below->pMethods->xFileSize(file->below, &size);
    if (result != SQLITE_OK) {
        return result;
    }
    unsigned char *bytes = malloc(size > 0 ? (size_t)size : 1);
    if (bytes == NULL) {
        return SQLITE_NOMEM;
    }
    if (size > 0) {
        result = file->below->pMethods->xRead(file->below, bytes, (int)size, 0);
    }
    if (result != SQLITE_OK) {
        free(bytes);
        return result;
    }
    pthread_mutex_lock(&lock);
    image *kept = find(file->path, 1);
    if (kept != NULL) {
        free(kept->bytes);
        kept->bytes = bytes;
        kept->size = size;
        kept->syncs++;
    } else {
        free(bytes);
        result = SQLITE_IOERR_FSYNC;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static int file_close(sqlite3_file *file) {
    int result = SQLITE_OK;
    if (real(file)->pMethods != NULL) {
        result = real(file)->pMethods->xClose(real(file));
    }
    return result;
}
static int file_read(sqlite3_file *f, void *to, int count, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), to, count, at);
}
static int file_write(sqlite3_file *f, const void *from, int count, sqlite3_int64 at) {
    return real(f)->pMethods->xWrite(real(f), from, count, at);
}
static int file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    return real(f)->pMethods->xTruncate(real(f), size);
}
static int file_sync(sqlite3_file *file, int flags) {
    const int result = real(file)->pMethods->xSync(real(file), flags);
    forgetful_file *ours = (forgetful_file *)file;
    return result == SQLITE_OK && ours->is_watched ? remember(ours) : result;
}
static int file_size(sqlite3_file *f, sqlite3_int64 *size) {
    return real(f)->pMethods->xFileSize(real(f), size);
}
static int file_lock(sqlite3_file *f, int kind) {
    return real(f)->pMethods->xLock(real(f), kind);
}
static int file_unlock(sqlite3_file *f, int kind) {
    return real(f)->pMethods->xUnlock(real(f), kind);
}
static int file_reserved(sqlite3_file *f, int *out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}
static int file_control(sqlite3_file *f, int op, void *argument) {
    return real(f)->pMethods->xFileControl(real(f), op, argument);
}
static int file_sector(sqlite3_file *f) { return real(f)->pMethods->xSectorSize(real(f)); }
static int file_device(sqlite3_file *f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
static int shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out) {
    return real(f)->pMethods->xShmMap(real(f), region, size, extend, out);
}
static int shm_lock(sqlite3_file *f, int offset, int count, int flags) {
    return real(f)->pMethods->xShmLock(real(f), offset, count, flags);
}
static void shm_barrier(sqlite3_file *f) { real(f)->pMethods->xShmBarrier(real(f)); }
static int shm_unmap(sqlite3_file *f, int remove) {
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

// Version 2: shared memory for WAL, but no memory mapping, which would write past xWrite.
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_device,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int vfs_open(
    sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags
) {
    (void)vfs;
    forgetful_file *ours = (forgetful_file *)file;
    ours->below = (sqlite3_file *)(ours + 1);
    ours->path = path;
    ours->is_watched = path != NULL && strstr(path, watched_mark) != NULL;
    const int result = below->xOpen(below, path, ours->below, flags, out_flags);
    ours->base.pMethods = ours->below->pMethods != NULL ? &methods : NULL;
    return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync) {
    (void)vfs;
    const int result = below->xDelete(below, path, sync);
    if (result == SQLITE_OK) {
        pthread_mutex_lock(&lock);
        forget(path);
        pthread_mutex_unlock(&lock);
    }
    return result;
}

int forgetful_register(const char *mark) {
    pthread_mutex_lock(&lock);
    int result = SQLITE_OK;
    if (below == NULL) {
        snprintf(watched_mark, sizeof watched_mark, "%s", mark);
        below = sqlite3_vfs_find(NULL);
        forgetful = *below;
        forgetful.zName = "forgetful";
        forgetful.pNext = NULL;
        forgetful.szOsFile = (int)sizeof(forgetful_file) + below->szOsFile;
        forgetful.xOpen = vfs_open;
        forgetful.xDelete = vfs_delete;
        result = sqlite3_vfs_register(&forgetful, 1);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

static int leave(const image *kept, const char *target) {
    const char *slash = strrchr(kept->path, '/');
    char path[path_size];
    if (slash == NULL || snprintf(path, sizeof path, "%s%s", target, slash) >= path_size) {
        return -1;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return -1;
    }
    const size_t size = (size_t)kept->size;
    const int wrote = fwrite(kept->bytes, 1, size, file) == size;
    return fclose(file) == 0 && wrote ? 0 : -1;
}

int forgetful_crash(const char *directory, const char *target) {
    int count = 0;
    pthread_mutex_lock(&lock);
    for (int index = 0; index < image_count && count >= 0; index++) {
        if (in_directory(images[index].path, directory)) {
            count = leave(&images[index], target) == 0 ? count + 1 : -1;
        }
    }
    pthread_mutex_unlock(&lock);
    return count;
}

int forgetful_syncs(const char *directory) {
    int count = 0;
    pthread_mutex_lock(&lock);
    for (int index = 0; index < image_count; index++) {
        count += in_directory(images[index].path, directory) ? images[index].syncs : 0;
    }
    pthread_mutex_unlock(&lock);
    return count;
}
