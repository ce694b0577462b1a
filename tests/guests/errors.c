// Makes requests that must fail, and prints why they do.
//@ file: data/plain = text
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRY(call)                                                                 \
    do {                                                                          \
        errno = 0;                                                                \
        long result = (long)(call);                                               \
        printf("%s = %s (%s)\n", #call, result == -1 ? "-1" : "ok", strerrorname_np(errno)); \
    } while (0)

int main(void)
{
    char buffer[8], long_name[300];
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[299] = 0;
    int fd = open("data/plain", O_RDONLY);
    TRY(open("data/none", O_RDONLY));
    TRY(open("none/none", O_RDONLY));
    TRY(open("data/plain/below", O_RDONLY));
    TRY(open("data/plain", O_RDONLY | O_DIRECTORY));
    TRY(open("data", O_WRONLY));
    TRY(open("data/plain", O_CREAT | O_EXCL | O_RDWR, 0600));
    TRY(open(long_name, O_RDONLY));
    TRY(open("", O_RDONLY));
    TRY(open((char *)8, O_RDONLY));
    TRY(close(77));
    TRY(read(77, buffer, 1));
    TRY(read(fd, (void *)8, 4));
    TRY(write(fd, buffer, 1));
    TRY(write(1, (void *)8, 4));
    TRY(lseek(fd, -1, SEEK_SET));
    TRY(lseek(fd, 0, 99));
    TRY(mkdir("data", 0755));
    TRY(mkdir("none/new", 0755));
    TRY(rmdir("data"));
    TRY(rmdir("data/plain"));
    TRY(unlink("data/none"));
    TRY(rename("data/none", "data/other"));
    TRY(rename("data", "data/below"));
    TRY(readlink("data/plain", buffer, sizeof buffer));
    TRY(chdir("data/plain"));
    TRY(ftruncate(fd, 0));
    TRY(mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    TRY(mmap(0, 4096, PROT_READ, MAP_PRIVATE, 77, 0));
    TRY(mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 5));
    TRY(mmap(0, (size_t)1 << 50, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    TRY(munmap((void *)5, 4096));
    TRY(mprotect((void *)0x10000dead000, 4096, PROT_READ));
    TRY(dup2(77, 5));
    TRY(fcntl(77, F_GETFL));
    TRY(access("data/plain", R_OK));
    TRY(access("data/none", F_OK));
    return 0;
}
