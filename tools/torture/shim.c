/* Preloaded into a build: makes the N-th call that changes files under a folder go wrong.

   TORTURE_UNDER   the folder, absolute and without links
   TORTURE_MODE    count: only count; kill: die before the call; torn: do half of a write, or the
                   whole of another call, and die; enospc: fail once for want of space; full: fail
                   so from then on; eio: fail once with an input/output error
   TORTURE_AT      N, from 1
   TORTURE_LOG     file to which a line is appended: what went wrong, or at the end the count
   TORTURE_CLOCK   seconds by which the clock is set back, TORTURE_CLOCK_AFTER seconds after the
                   start

   Only the process that is started so counts, not its children. A process that was forked for a
   command calls torture_begin() to read its variables, and torture_end() before it ends. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum mode { COUNT, KILL, TORN, ENOSPC_ONCE, ENOSPC_ON, EIO_ONCE };
/* What a full disk refuses: nothing that only removes. */
enum kind { GROWS, OTHER };

static const char *under;
static size_t under_length;
static enum mode mode;
static long at;
static atomic_long seen;
static atomic_int failed;
static pid_t self;
static char log_path[PATH_MAX];
static long clock_back;
static double clock_after;
static struct timespec began;

#define REAL(name)                                                                               \
    (*({                                                                                         \
        static __typeof__(&name) found;                                                          \
        if (!found) found = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                          \
        found;                                                                                   \
    }))

static void say(const char *what, const char *path) {
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", atomic_load(&seen), what, path);
    int handle = REAL(open)(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (handle >= 0) {
        if (REAL(write)(handle, line, (size_t)length) < 0) { /* nobody to tell */ }
        close(handle);
    }
}

__attribute__((constructor)) void torture_begin(void) {
    const char *names[] = {"count", "kill", "torn", "enospc", "full", "eio"};
    const char *given = getenv("TORTURE_MODE"), *back = getenv("TORTURE_CLOCK");
    const char *owner = getenv("TORTURE_PID");
    REAL(clock_gettime)(CLOCK_MONOTONIC, &began);
    if (back) {
        clock_back = atol(back);
        clock_after = getenv("TORTURE_CLOCK_AFTER") ? atof(getenv("TORTURE_CLOCK_AFTER")) : 0;
    }
    if (!given || !getenv("TORTURE_UNDER") || (owner && atol(owner) != (long)getpid())) return;
    if (!owner) {
        char digits[32];
        snprintf(digits, sizeof digits, "%ld", (long)getpid());
        setenv("TORTURE_PID", digits, 1);
    }
    for (int i = 0; i < 6; i++)
        if (!strcmp(given, names[i])) mode = (enum mode)i;
    at = getenv("TORTURE_AT") ? atol(getenv("TORTURE_AT")) : 0;
    snprintf(log_path, sizeof log_path, "%s", getenv("TORTURE_LOG") ? getenv("TORTURE_LOG") : "");
    under = strdup(getenv("TORTURE_UNDER"));
    under_length = strlen(under);
    self = getpid();
}

__attribute__((destructor)) void torture_end(void) {
    if (under && mode == COUNT && self == getpid()) say("calls", "");
}

static int is_under(const char *path) {
    return !strncmp(path, under, under_length) && (path[under_length] == '/' || !path[under_length]);
}

/* The absolute path that a name means, links of its folders not followed: the folder has none. */
static int absolute(int folder, const char *name, char *path) {
    char base[PATH_MAX], link[64];
    if (!name) return 0;
    if (name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) > 0;
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, base, sizeof base - 1);
        if (length <= 0) return 0;
        base[length] = 0;
    }
    return snprintf(path, PATH_MAX, "%s/%s", base, name) < PATH_MAX;
}

static int of_handle(int handle, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return path[0] == '/';
}

/* 0: do it; 1: fail with errno set; 2: do it, half if it is a write, and then die. */
static int fate(const char *call, const char *path, enum kind kind) {
    if (!under || self != getpid() || !is_under(path)) return 0;
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (mode == COUNT || number < at) return 0;
    switch (mode) {
    case KILL:
        say(call, path);
        kill(self, SIGKILL);
        for (;;) pause();
    case TORN:
        if (number == at) say(call, path);
        return number == at ? 2 : 0;
    case ENOSPC_ONCE:
    case ENOSPC_ON:
        if (kind != GROWS) return 0;
        if (atomic_exchange(&failed, 1)) {
            if (mode == ENOSPC_ONCE) return 0;
        } else {
            say(call, path);
        }
        errno = ENOSPC;
        return 1;
    case EIO_ONCE:
        if (atomic_exchange(&failed, 1)) return 0;
        say(call, path);
        errno = EIO;
        return 1;
    default:
        return 0;
    }
}

static void die(void) {
    kill(self, SIGKILL);
    for (;;) pause();
}

#define ON_HANDLE(handle, call, kind)                                                            \
    int saved = errno, what = 0;                                                                 \
    char path[PATH_MAX];                                                                         \
    if (under && of_handle(handle, path)) what = fate(call, path, kind);                         \
    if (what == 1) return -1;                                                                    \
    errno = saved

#define ON_NAME(folder, name, call, kind)                                                        \
    int saved = errno, what = 0;                                                                 \
    char path[PATH_MAX];                                                                         \
    if (under && absolute(folder, name, path)) what = fate(call, path, kind);                    \
    if (what == 1) return -1;                                                                    \
    errno = saved

#define DONE(result)                                                                             \
    if (what == 2) die();                                                                        \
    return result

ssize_t write(int handle, const void *data, size_t count) {
    ON_HANDLE(handle, "write", GROWS);
    ssize_t done = REAL(write)(handle, data, what == 2 ? count / 2 : count);
    DONE(done);
}

ssize_t pwrite(int handle, const void *data, size_t count, off_t offset) {
    ON_HANDLE(handle, "pwrite", GROWS);
    ssize_t done = REAL(pwrite)(handle, data, what == 2 ? count / 2 : count, offset);
    DONE(done);
}

ssize_t pwrite64(int handle, const void *data, size_t count, off64_t offset) {
    ON_HANDLE(handle, "pwrite", GROWS);
    ssize_t done = REAL(pwrite64)(handle, data, what == 2 ? count / 2 : count, offset);
    DONE(done);
}

ssize_t writev(int handle, const struct iovec *parts, int count) {
    ON_HANDLE(handle, "writev", GROWS);
    ssize_t done = REAL(writev)(handle, parts, what == 2 ? 1 : count);
    DONE(done);
}

int fsync(int handle) {
    ON_HANDLE(handle, "fsync", GROWS);
    int done = REAL(fsync)(handle);
    DONE(done);
}

int fdatasync(int handle) {
    ON_HANDLE(handle, "fdatasync", GROWS);
    int done = REAL(fdatasync)(handle);
    DONE(done);
}

int ftruncate(int handle, off_t size) {
    ON_HANDLE(handle, "ftruncate", GROWS);
    int done = REAL(ftruncate)(handle, size);
    DONE(done);
}

int ftruncate64(int handle, off64_t size) {
    ON_HANDLE(handle, "ftruncate", GROWS);
    int done = REAL(ftruncate64)(handle, size);
    DONE(done);
}

int fallocate(int handle, int how, off_t offset, off_t size) {
    ON_HANDLE(handle, "fallocate", GROWS);
    int done = REAL(fallocate)(handle, how, offset, size);
    DONE(done);
}

int posix_fallocate(int handle, off_t offset, off_t size) {
    int what = 0;
    char path[PATH_MAX];
    if (under && of_handle(handle, path)) what = fate("fallocate", path, GROWS);
    if (what == 1) return errno;
    int done = REAL(posix_fallocate)(handle, offset, size);
    DONE(done);
}

int rename(const char *from, const char *to) {
    ON_NAME(AT_FDCWD, to, "rename", OTHER);
    int done = REAL(rename)(from, to);
    DONE(done);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    ON_NAME(to_folder, to, "rename", OTHER);
    int done = REAL(renameat)(from_folder, from, to_folder, to);
    DONE(done);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    ON_NAME(to_folder, to, "rename", OTHER);
    int done = REAL(renameat2)(from_folder, from, to_folder, to, flags);
    DONE(done);
}

int link(const char *from, const char *to) {
    ON_NAME(AT_FDCWD, to, "link", GROWS);
    int done = REAL(link)(from, to);
    DONE(done);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    ON_NAME(to_folder, to, "link", GROWS);
    int done = REAL(linkat)(from_folder, from, to_folder, to, flags);
    DONE(done);
}

int unlink(const char *name) {
    ON_NAME(AT_FDCWD, name, "unlink", OTHER);
    int done = REAL(unlink)(name);
    DONE(done);
}

int unlinkat(int folder, const char *name, int flags) {
    ON_NAME(folder, name, flags & AT_REMOVEDIR ? "rmdir" : "unlink", OTHER);
    int done = REAL(unlinkat)(folder, name, flags);
    DONE(done);
}

int rmdir(const char *name) {
    ON_NAME(AT_FDCWD, name, "rmdir", OTHER);
    int done = REAL(rmdir)(name);
    DONE(done);
}

int mkdir(const char *name, mode_t rights) {
    ON_NAME(AT_FDCWD, name, "mkdir", GROWS);
    int done = REAL(mkdir)(name, rights);
    DONE(done);
}

int mkdirat(int folder, const char *name, mode_t rights) {
    ON_NAME(folder, name, "mkdir", GROWS);
    int done = REAL(mkdirat)(folder, name, rights);
    DONE(done);
}

#define RIGHTS()                                                                                 \
    mode_t rights = 0;                                                                           \
    if (flags & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list more;                                                                            \
        va_start(more, flags);                                                                   \
        rights = va_arg(more, mode_t);                                                           \
        va_end(more);                                                                            \
    }

/* Opening counts where it makes or empties a file. */
#define OPENED(folder, name)                                                                     \
    int saved = errno, what = 0;                                                                 \
    char path[PATH_MAX];                                                                         \
    if (under && flags & (O_CREAT | O_TRUNC) && absolute(folder, name, path))                    \
        what = fate("create", path, GROWS);                                                      \
    if (what == 1) return -1;                                                                    \
    errno = saved

int open(const char *name, int flags, ...) {
    RIGHTS()
    OPENED(AT_FDCWD, name);
    int done = REAL(open)(name, flags, rights);
    DONE(done);
}

int open64(const char *name, int flags, ...) {
    RIGHTS()
    OPENED(AT_FDCWD, name);
    int done = REAL(open64)(name, flags, rights);
    DONE(done);
}

int openat(int folder, const char *name, int flags, ...) {
    RIGHTS()
    OPENED(folder, name);
    int done = REAL(openat)(folder, name, flags, rights);
    DONE(done);
}

int openat64(int folder, const char *name, int flags, ...) {
    RIGHTS()
    OPENED(folder, name);
    int done = REAL(openat64)(folder, name, flags, rights);
    DONE(done);
}

static long set_back(void) {
    struct timespec now;
    if (!clock_back) return 0;
    REAL(clock_gettime)(CLOCK_MONOTONIC, &now);
    double passed = (double)(now.tv_sec - began.tv_sec) + (double)(now.tv_nsec - began.tv_nsec) / 1e9;
    return passed >= clock_after ? clock_back : 0;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    int done = REAL(clock_gettime)(which, now);
    if (!done && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        now->tv_sec -= set_back();
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int done = REAL(gettimeofday)(now, zone);
    if (!done) now->tv_sec -= set_back();
    return done;
}

time_t time(time_t *where) {
    time_t now = REAL(time)(NULL) - set_back();
    if (where) *where = now;
    return now;
}
