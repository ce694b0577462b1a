// Paths at their limits: length, links, slashes, descriptors.
//@ file: data/file = text
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static void chain(int length)
{
    char name[32], target[32];
    struct stat facts;
    for (int i = 1; i <= length; i++) {
        snprintf(name, sizeof name, "tmp/chain%d", i);
        snprintf(target, sizeof target, i == 1 ? "../data/file" : "chain%d", i - 1);
        symlink(target, name);
    }
    printf("%d chain of %d links: %s\n", ++number, length, why(stat(name, &facts)));
}

int main(void)
{
    struct stat facts;
    static char path[6000];
    chain(40);
    chain(41);
    symlink("self", "tmp/self");
    symlink("b", "tmp/a");
    symlink("a", "tmp/b");
    printf("%d links in a circle: %s", ++number, why(open("tmp/self", O_RDONLY)));
    printf(" %s", why(stat("tmp/a", &facts)));
    printf(" %s", why(stat("tmp/a/x", &facts)));
    printf(", itself %s\n", why(lstat("tmp/a", &facts)));
    // Forty links to a folder, one behind the other on one path.
    symlink(".", "data/dot");
    strcpy(path, "data");
    for (int i = 0; i < 40; i++)
        strcat(path, "/dot");
    printf("%d forty links on a path: %s", ++number, why(stat(path, &facts)));
    strcat(path, "/dot");
    printf(", one more %s\n", why(stat(path, &facts)));
    memset(path, 'n', sizeof path);
    path[255] = 0;
    printf("%d name of 255: %s", ++number, why(mkdir(path, 0700)));
    printf(", removed %s", why(rmdir(path)));
    path[255] = 'n';
    path[256] = 0;
    printf(", of 256: %s", why(mkdir(path, 0700)));
    path[256] = '/';
    path[258] = 0;
    printf(", as a folder %s\n", why(stat(path, &facts)));
    memset(path, '/', sizeof path);
    path[4095] = 0;
    printf("%d path of 4095: %s", ++number, why(stat(path, &facts)));
    path[4095] = '/';
    path[4096] = 0;
    printf(", of 4096: %s", why(stat(path, &facts)));
    path[4096] = '/';
    path[5999] = 0;
    printf(", of 5999: %s\n", why(open(path, O_RDONLY)));
    // A link with a long target, and a long rest behind it.
    memset(path, 0, sizeof path);
    for (int i = 0; i < 1000; i++)
        strcat(path, "./");
    strcat(path, ".");
    printf("%d long target: %s", ++number, why(symlink(path, "data/long")));
    strcpy(path, "data/long");
    for (int i = 0; i < 1500; i++)
        strcat(path, "/.");
    strcat(path, "/file");
    printf(", a long rest behind it %s\n", why(stat(path, &facts)));
    memset(path, 'x', sizeof path);
    path[4095] = 0;
    printf("%d target of 4095: %s", ++number, why(symlink(path, "tmp/far")));
    path[4095] = 'x';
    path[4096] = 0;
    printf(", of 4096: %s\n", why(symlink(path, "tmp/farther")));
    // Deep folders, and getcwd there.
    int deep = 0;
    for (; deep < 30; deep++) {
        memset(path, 'd', 200);
        path[200] = 0;
        if (mkdir(path, 0700) || chdir(path))
            break;
    }
    errno = 0;
    printf("%d %d deep: raw getcwd %s", ++number, deep, why(syscall(SYS_getcwd, path, sizeof path)));
    printf(", longer than allowed %d", syscall(SYS_getcwd, path, sizeof path) > PATH_MAX);
    for (int i = 0; i < deep; i++)
        chdir("..");
    printf(", back %s\n", why(stat("data/file", &facts)));
    printf("%d slashes: %s", ++number, why(stat("data//file", &facts)));
    printf(" %s", why(stat("./data/./file", &facts)));
    printf(" %s", why(stat("data/../data/file", &facts)));
    printf(" %s", why(stat("data/file/.", &facts)));
    printf(" %s", why(stat("data/file/..", &facts)));
    printf(" %s", why(stat("data/", &facts)));
    printf(" %s", why(lstat("data/dot/", &facts)));
    printf(" %d", S_ISDIR(facts.st_mode));
    printf(" %s", why(stat("/../../../", &facts)));
    printf(" %s\n", why(stat("none/../data", &facts)));
    int folder = open("data", O_RDONLY), file = open("data/file", O_RDONLY);
    printf("%d at a folder %s", ++number, why(openat(folder, "file", O_RDONLY)));
    printf(", at a file %s", why(openat(file, "x", O_RDONLY)));
    printf(", at nothing %s", why(openat(99, "x", O_RDONLY)));
    printf(", absolute at nothing %s", why(openat(99, "/", O_RDONLY)));
    printf(", a pipe %s", why(openat(0, "x", O_RDONLY)));
    printf(", bad address %s\n", why(openat(folder, (char *)1, O_RDONLY)));
    printf("%d chdir %s", ++number, why(chdir("data")));
    printf(", to a file %s", why(chdir("file")));
    printf(", fchdir %s", why(fchdir(file)));
    printf(", back %s", why(chdir("..")));
    errno = 0;
    printf(", getcwd in too little room %s\n", why(syscall(SYS_getcwd, path, 1)));
    // As many descriptors as are allowed.
    struct rlimit limit = { 40, 100 };
    setrlimit(RLIMIT_NOFILE, &limit);
    int last = -1, fd;
    while ((fd = open("data/file", O_RDONLY)) >= 0)
        last = fd;
    printf("%d last descriptor %d, then %s", ++number, last, why(-1));
    printf(", made nothing: %s", why(open("tmp/more", O_CREAT | O_WRONLY, 0600)));
    printf(" %s", why(access("tmp/more", F_OK)));
    printf(", dup %s", why(dup(0)));
    printf(", dup2 behind the limit %s", why(dup2(0, 40)));
    printf(", F_DUPFD %s %s", why(fcntl(0, F_DUPFD, 40)), why(fcntl(0, F_DUPFD, 10)));
    printf(", memfd %s\n", why(memfd_create("x", 0)));
    close(20);
    printf("%d the lowest is taken: %d", ++number, open("data/file", O_RDONLY));
    printf(", range closed %s", why(close_range(10, 1000, 0)));
    printf(", then %d", open("data/file", O_RDONLY));
    printf(", close on exec %s", why(close_range(5, 6, CLOSE_RANGE_CLOEXEC)));
    printf(" %d", fcntl(5, F_GETFD));
    printf(", backwards %s\n", why(close_range(6, 5, 0)));
    return 0;
}
