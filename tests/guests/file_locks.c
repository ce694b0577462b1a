// Locks files in all three ways, from several open files of one process.
//@ file: data/file = 0123456789
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static const char *record(int fd, int command, int type, int whence, long long start, long long len)
{
    struct flock lock = { .l_type = type, .l_whence = whence, .l_start = start, .l_len = len };
    return why(fcntl(fd, command, &lock));
}

// What stands in the way of an exclusive lock.
static void holder(const char *what, int fd, int command, long long start, long long len)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
    int result = fcntl(fd, command, &lock);
    printf("%d %s: %s, type %d", ++number, what, why(result), lock.l_type);
    if (lock.l_type != F_UNLCK)
        printf(", %lld for %lld, process %s", (long long)lock.l_start, (long long)lock.l_len,
               lock.l_pid == getpid() ? "own" : lock.l_pid == -1 ? "none" : "other");
    printf("\n");
}

int main(void)
{
    int a = open("data/file", O_RDWR), b = open("data/file", O_RDWR), reader = open("data/file", O_RDONLY);
    printf("%d flock shared twice %s", ++number, why(flock(a, LOCK_SH)));
    printf(" %s", why(flock(b, LOCK_SH | LOCK_NB)));
    printf(", exclusive beside it %s", why(flock(b, LOCK_EX | LOCK_NB)));
    printf(", what was had is gone: %s", why(flock(a, LOCK_EX | LOCK_NB)));
    printf(", unlocked %s", why(flock(a, LOCK_UN)));
    printf(", exclusive %s", why(flock(b, LOCK_EX | LOCK_NB)));
    int copy = dup(b);
    printf(", through a copy %s", why(flock(copy, LOCK_SH | LOCK_NB)));
    printf(", for the other %s\n", why(flock(a, LOCK_EX | LOCK_NB)));
    close(b);
    printf("%d a copy keeps it %s", ++number, why(flock(a, LOCK_EX | LOCK_NB)));
    close(copy);
    printf(", the last close frees it %s", why(flock(a, LOCK_EX | LOCK_NB)));
    printf(", a reader may %s", why(flock(reader, LOCK_EX | LOCK_NB)));
    flock(a, LOCK_UN);
    printf(" %s", why(flock(reader, LOCK_EX | LOCK_NB)));
    flock(reader, LOCK_UN);
    printf(", nonsense %s", why(flock(a, 77)));
    printf(", nothing %s\n", why(flock(99, LOCK_SH)));
    int folder = open("data", O_RDONLY);
    printf("%d flock of a folder %s, of a pipe %s\n", ++number, why(flock(folder, LOCK_EX | LOCK_NB)), why(flock(1, LOCK_EX | LOCK_NB)));
    flock(1, LOCK_UN);

    b = open("data/file", O_RDWR);
    printf("%d records of the process: %s", ++number, record(a, F_SETLK, F_WRLCK, SEEK_SET, 0, 5));
    printf(", the same through another file %s", record(b, F_SETLK, F_WRLCK, SEEK_SET, 2, 5));
    printf(", waiting %s", record(b, F_SETLKW, F_RDLCK, SEEK_SET, 0, 0));
    printf(", a reader exclusively %s", record(reader, F_SETLK, F_WRLCK, SEEK_SET, 0, 1));
    printf(", type %s", record(a, F_SETLK, 77, SEEK_SET, 0, 1));
    printf(", before the start %s", record(a, F_SETLK, F_RDLCK, SEEK_SET, -1, 1));
    printf(", too far %s", record(a, F_SETLK, F_RDLCK, SEEK_SET, 0x7ffffffffffffff0, 100));
    printf(", whence %s", record(a, F_SETLK, F_RDLCK, 9, 0, 1));
    printf(", of nothing %s\n", record(99, F_SETLK, F_RDLCK, SEEK_SET, 0, 1));
    holder("own records are in nobody's way", a, F_GETLK, 0, 0);
    holder("but in an open file's", a, F_OFD_GETLK, 0, 0);
    printf("%d unlocked %s", ++number, record(a, F_SETLK, F_UNLCK, SEEK_SET, 0, 0));
    printf(", open file %s", record(a, F_OFD_SETLK, F_WRLCK, SEEK_SET, 10, 10));
    printf(", another beside it %s", record(b, F_OFD_SETLK, F_WRLCK, SEEK_SET, 20, 10));
    printf(", over it %s", record(b, F_OFD_SETLK, F_RDLCK, SEEK_SET, 5, 6));
    printf(", the process %s\n", record(a, F_SETLK, F_RDLCK, SEEK_SET, 15, 1));
    holder("who holds", b, F_OFD_GETLK, 0, 0);
    holder("from behind", b, F_OFD_GETLK, 15, 0);
    holder("between", b, F_OFD_GETLK, 0, 10);
    holder("for the process", b, F_GETLK, 12, 100);
    printf("%d middle freed %s", ++number, record(a, F_OFD_SETLK, F_UNLCK, SEEK_SET, 13, 3));
    printf("\n");
    holder("first part", b, F_OFD_GETLK, 0, 0);
    holder("second part", b, F_OFD_GETLK, 13, 0);
    printf("%d weaker %s\n", ++number, record(a, F_OFD_SETLK, F_RDLCK, SEEK_SET, 10, 2));
    holder("weaker", b, F_OFD_GETLK, 0, 0);
    holder("rest", b, F_OFD_GETLK, 12, 0);
    lseek(a, 100, SEEK_SET);
    printf("%d from the offset, backwards %s", ++number, record(a, F_OFD_SETLK, F_WRLCK, SEEK_CUR, 0, -10));
    printf(", from the end %s\n", record(a, F_OFD_SETLK, F_WRLCK, SEEK_END, 200, 0));
    holder("backwards", b, F_OFD_GETLK, 50, 0);
    holder("to the end", b, F_OFD_GETLK, 205, 0);
    struct flock lock = { .l_type = F_WRLCK, .l_pid = 5 };
    printf("%d with a process %s", ++number, why(fcntl(a, F_OFD_SETLK, &lock)));
    close(a);
    printf(", closing frees %s\n", record(b, F_OFD_SETLK, F_WRLCK, SEEK_SET, 0, 0));
    close(b);
    printf("%d lease %d, owner %d", ++number, fcntl(reader, F_GETLEASE), fcntl(reader, F_GETOWN));
    printf(", pipe size of a file %s", why(fcntl(reader, F_GETPIPE_SZ)));
    printf(", unknown %s\n", why(fcntl(reader, 7777)));
    return 0;
}
