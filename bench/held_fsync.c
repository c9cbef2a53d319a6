/* A disk that stands still: fsync and fdatasync return only while the file that HELD_UP names is not there. By LD_PRELOAD. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int when_it_moves(long call, int fd) {
    const char *held = getenv("HELD_UP");
    while (held && access(held, F_OK) == 0) usleep(1000);
    return (int)syscall(call, fd);
}

int fsync(int fd) { return when_it_moves(SYS_fsync, fd); }
int fdatasync(int fd) { return when_it_moves(SYS_fdatasync, fd); }
