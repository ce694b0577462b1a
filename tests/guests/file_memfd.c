// Files without a name, and seals on them.
//@ native: root
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static const char *mapped(int fd, int protection, int flags)
{
    void *at = mmap(0, 4096, protection, flags, fd, 0);
    if (at == MAP_FAILED)
        return strerrorname_np(errno);
    munmap(at, 4096);
    return "ok";
}

int main(void)
{
    char path[64], text[64] = "";
    int fd = memfd_create("scratch", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct stat facts;
    fstat(fd, &facts);
    printf("%d made: mode %o, %d names, close on exec %d, flags %o\n", ++number, facts.st_mode, (int)facts.st_nlink,
           fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    printf("%d read as a link: %zd", ++number, readlink(path, text, 63));
    printf(" %s\n", text);
    printf("%d write %zd", ++number, write(fd, "some bytes", 10));
    int again = open(path, O_RDONLY);
    memset(text, 0, sizeof text);
    printf(", through the link %zd", read(again, text, 60));
    printf(" %s", text);
    printf(", seals %d", fcntl(fd, F_GET_SEALS));
    printf(", sealing a reader %s", why(fcntl(again, F_ADD_SEALS, F_SEAL_GROW)));
    printf(", naming it %s\n", why(linkat(fd, "", AT_FDCWD, "tmp/named", AT_EMPTY_PATH)));
    printf("%d shrink %s", ++number, why(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)));
    printf(": shorter %s", why(ftruncate(fd, 5)));
    printf(", longer %s", why(ftruncate(fd, 20)));
    printf(", written %zd\n", pwrite(fd, "x", 1, 0));
    printf("%d grow %s", ++number, why(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW)));
    printf(": longer %s", why(ftruncate(fd, 30)));
    printf(", allocate %s", why(fallocate(fd, 0, 0, 100)));
    printf(", written behind the end %s", why(pwrite(fd, "x", 1, 100)));
    printf(", within %s\n", why(pwrite(fd, "x", 1, 19)));
    void *map = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    printf("%d write, while it is mapped %s", ++number, why(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)));
    munmap(map, 4096);
    printf(", then %s", why(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)));
    printf(": written %s", why(pwrite(fd, "x", 1, 0)));
    printf(", mapped to write %s", mapped(fd, PROT_READ | PROT_WRITE, MAP_SHARED));
    printf(", privately %s", mapped(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE));
    printf(", to read %s", mapped(fd, PROT_READ, MAP_SHARED));
    printf(", punched %s\n", why(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10)));
    printf("%d seal %s", ++number, why(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL)));
    printf(": more %s", why(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE)));
    printf(", seals %d", fcntl(fd, F_GET_SEALS));
    printf(", unknown %s\n", why(fcntl(fd, F_ADD_SEALS, 0x1000)));
    int plain = memfd_create("", 0);
    printf("%d without sealing: seals %d, %s", ++number, fcntl(plain, F_GET_SEALS), why(fcntl(plain, F_ADD_SEALS, F_SEAL_GROW)));
    memset(text, 'n', 63);
    char long_name[300];
    memset(long_name, 'n', 299);
    long_name[250] = 0;
    printf(", name of 250 %s", why(memfd_create(long_name, 0)));
    long_name[249] = 0;
    printf(", of 249 %s", why(memfd_create(long_name, 0)));
    printf(", flags %s", why(memfd_create("x", 0x80)));
    int file = open("tmp/file", O_CREAT | O_RDWR, 0600);
    printf(", seals of a file %s\n", why(fcntl(file, F_GET_SEALS)));
    return 0;
}
