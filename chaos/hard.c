/* A process whose disk and clock fail on command: the file that CHAOS_PAGE names says how, see chaos/page.py.
   By LD_PRELOAD; a process without that variable is left as it is. Only files count, not the process's own output. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct page {
    int64_t clock_ns;             /* so far the clock is ahead, or behind */
    int32_t held, failing, full;  /* fsync waits; fsync fails; nothing can be written */
};

static volatile struct page *page(void) {
    static volatile struct page *here;
    const char *name;
    if (!here && (name = getenv("CHAOS_PAGE"))) {
        int fd = open(name, O_RDONLY | O_CLOEXEC);
        void *found = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct page), PROT_READ, MAP_SHARED, fd, 0);
        if (fd >= 0) close(fd);
        if (found != MAP_FAILED) here = found;
    }
    return here;
}

static int synced(long call, int fd) {
    volatile struct page *here = page();
    while (here && here->held) usleep(1000);
    if (here && here->failing) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

int fsync(int fd) { return synced(SYS_fsync, fd); }
int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }

static int no_room(int fd) {
    volatile struct page *here = page();
    struct stat about;
    if (!here || !here->full || fd <= 2 || fstat(fd, &about) || !S_ISREG(about.st_mode)) return 0;
    errno = ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *from, size_t count) {
    return no_room(fd) ? -1 : syscall(SYS_write, fd, from, count);
}

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    return no_room(fd) ? -1 : syscall(SYS_pwrite64, fd, from, count, at);
}

ssize_t pwrite64(int fd, const void *from, size_t count, off64_t at) {
    return no_room(fd) ? -1 : syscall(SYS_pwrite64, fd, from, count, at);
}

static int (*clock_of)(clockid_t, struct timespec *);

__attribute__((constructor)) static void find(void) {
    clock_of = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *at) {
    volatile struct page *here;
    int failed = clock_of ? clock_of(id, at) : (int)syscall(SYS_clock_gettime, id, at);
    if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) && (here = page()) && here->clock_ns) {
        int64_t now = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec + here->clock_ns;
        at->tv_sec = now / 1000000000;
        at->tv_nsec = now % 1000000000;
    }
    return failed;
}

int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
