// What lies in /dev, and how it behaves.
//@ stdin: typed
//@ forms: static-pie pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static void device(const char *path)
{
    char bytes[8] = "abcdefg";
    struct stat facts;
    int fd = open(path, O_RDWR);
    printf("%d %s: %s", ++number, path, why(fd));
    if (fstat(fd, &facts) == 0)
        printf(", type %o, %d:%d", facts.st_mode & S_IFMT, major(facts.st_rdev), minor(facts.st_rdev));
    printf(", write %s", why(write(fd, "x", 1)));
    ssize_t got = read(fd, bytes, 4);
    printf(", read %zd, zeros %d", got, !memcmp(bytes, "\0\0\0", 4));
    printf(", seek %lld", (long long)lseek(fd, 5, SEEK_SET));
    printf(", truncate %s\n", why(ftruncate(fd, 0)));
    close(fd);
}

int main(void)
{
    char text[64] = "", other[64] = "";
    device("/dev/null");
    device("/dev/zero");
    device("/dev/full");
    int fd = open("/dev/urandom", O_RDONLY);
    printf("%d urandom %zd", ++number, read(fd, text, 32));
    printf(" %zd, differs %d\n", read(fd, other, 32), memcmp(text, other, 32) != 0);
    close(fd);
    fd = open("/dev/random", O_RDONLY);
    printf("%d random %zd\n", ++number, read(fd, text, 32));
    close(fd);
    fd = open("/dev/zero", O_RDWR);
    char *map = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    map[5000] = 1;
    printf("%d zero mapped: %d %d\n", ++number, map[0], map[5000]);
    fd = open("/dev/tty", O_RDWR);
    if (fd >= 0) { // whoever runs the tests has one
        ioctl(fd, TIOCNOTTY);
        close(fd);
        fd = open("/dev/tty", O_RDWR);
    }
    printf("%d tty without a terminal: %s\n", ++number, why(fd));
    fd = open("/dev/stdin", O_RDONLY);
    memset(text, 0, sizeof text);
    printf("%d stdin: %s, read %zd", ++number, fd >= 0 ? "ok" : why(fd), read(fd, text, 3));
    printf(" %s", text);
    memset(text, 0, sizeof text);
    printf(", by its number %zd %s\n", read(0, text, 10), text);
    close(fd);
    fflush(stdout);
    fd = open("/dev/stdout", O_WRONLY);
    dprintf(fd, "%d stdout\n", ++number);
    close(fd);
    fd = open("/dev/fd/1", O_WRONLY);
    dprintf(fd, "%d fd/1\n", ++number);
    close(fd);
    struct stat one, two;
    stat("/dev/stdin", &one);
    fstat(0, &two);
    printf("%d stdin is stdin %d, a pipe %d\n", ++number, one.st_ino == two.st_ino && one.st_dev == two.st_dev, S_ISFIFO(one.st_mode));
    printf("%d /dev/fd reads as %zd", ++number, readlink("/dev/fd", text, 63));
    printf(", of nothing %s\n", why(open("/dev/fd/99", O_RDONLY)));
    fd = shm_open("/unikernel-test", O_CREAT | O_RDWR, 0600);
    printf("%d shared memory %s", ++number, why(fd));
    printf(", length %s", why(ftruncate(fd, 5000)));
    map = mmap(0, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    strcpy(map, "shared");
    memset(text, 0, sizeof text);
    printf(", %zd", pread(fd, text, 6, 0));
    printf(" %s", text);
    printf(", gone %s", why(shm_unlink("/unikernel-test")));
    printf(" %s\n", why(shm_open("/unikernel-test", O_RDWR, 0600)));
    stat("/dev/shm", &one);
    printf("%d shm: mode %o\n", ++number, one.st_mode);
    struct pollfd wanted = { open("/dev/null", O_RDWR), POLLIN | POLLOUT };
    printf("%d null is ready %d", ++number, poll(&wanted, 1, 0));
    printf(" %x\n", wanted.revents);
    return 0;
}
