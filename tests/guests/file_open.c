// Opens files with every flag, and prints what each gives.
//@ file: data/plain = some text
//@ link: data/link = plain
//@ link: data/dangling = nowhere
//@ link: data/loop = loop
//@ native: root
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

static int number;

static const char *name(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

// Opens, prints what came of it, and the status flags; the descriptor stays open when it is asked for.
static int try(const char *what, const char *path, int flags, int mode)
{
    errno = 0;
    int fd = open(path, flags, mode);
    printf("%d %s: %s", ++number, what, name(fd));
    if (fd >= 0) {
        struct stat facts;
        fstat(fd, &facts);
        printf(", flags %o, mode %o, size %lld", fcntl(fd, F_GETFL), facts.st_mode, (long long)facts.st_size);
    }
    printf("\n");
    return fd;
}

static void shut(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void resolve(const char *what, int folder, const char *path, unsigned long long flags, unsigned long long limits)
{
    struct open_how how = { .flags = flags, .resolve = limits };
    errno = 0;
    int fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    printf("%d openat2 %s: %s\n", ++number, what, name(fd));
    shut(fd);
}

int main(void)
{
    char text[64] = "";
    umask(027);
    shut(try("create with umask", "tmp/new", O_CREAT | O_WRONLY, 0666));
    shut(try("exclusive over a file", "tmp/new", O_CREAT | O_EXCL | O_WRONLY, 0666));
    shut(try("exclusive over a dangling link", "data/dangling", O_CREAT | O_EXCL | O_WRONLY, 0666));
    shut(try("create through a dangling link", "data/dangling", O_CREAT | O_WRONLY, 0600));
    printf("  it made %s\n", name(access("data/nowhere", F_OK)));
    shut(try("set-id and sticky bits", "tmp/bits", O_CREAT | O_RDWR, 07777));
    shut(try("a file that may not be read, made and read", "tmp/none", O_CREAT | O_RDWR, 0));
    int fd = try("append", "data/plain", O_RDWR | O_APPEND, 0);
    lseek(fd, 0, SEEK_SET);
    printf("  write %zd", write(fd, "!", 1));
    printf(" at %lld\n", (long long)lseek(fd, 0, SEEK_CUR));
    printf("  pwrite %zd", pwrite(fd, "?", 1, 0));
    printf(", read %zd", pread(fd, text, 60, 0));
    printf(" %s\n", text);
    shut(fd);
    shut(try("truncate", "data/plain", O_WRONLY | O_TRUNC, 0));
    shut(try("truncate for reading", "data/link", O_RDONLY | O_TRUNC, 0));
    shut(try("folder", "data", O_RDONLY, 0));
    shut(try("folder as such", "data", O_RDONLY | O_DIRECTORY, 0));
    shut(try("folder to write", "data", O_RDWR, 0));
    shut(try("folder to cut off", "data", O_RDONLY | O_TRUNC, 0));
    shut(try("folder to make", "data", O_RDONLY | O_CREAT, 0));
    shut(try("file as a folder", "data/plain", O_RDONLY | O_DIRECTORY, 0));
    shut(try("link not followed", "data/link", O_RDONLY | O_NOFOLLOW, 0));
    shut(try("link as a folder", "data/link", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, 0));
    shut(try("loop", "data/loop", O_RDONLY, 0));
    shut(try("slash behind a file", "data/plain/", O_RDONLY, 0));
    shut(try("slash behind a new file", "tmp/x/", O_CREAT | O_WRONLY, 0600));
    shut(try("slash behind a folder to make", "tmp/", O_CREAT | O_RDONLY, 0600));
    shut(try("neither way", "data/plain", O_ACCMODE, 0));
    shut(try("no access times", "data/plain", O_RDONLY | O_NOATIME, 0));
    shut(try("synchronously", "data/plain", O_WRONLY | O_SYNC, 0));
    shut(try("nonblocking, no terminal", "data/plain", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0));
    shut(try("make a folder", "tmp/f", O_CREAT | O_DIRECTORY, 0600));

    fd = try("only the name", "data/plain", O_PATH | O_RDWR, 0);
    printf("  read %s", name(read(fd, text, 1)));
    printf(", fchmod %s", name(fchmod(fd, 0600)));
    printf(", ftruncate %s", name(ftruncate(fd, 0)));
    printf(", seek %s", name(lseek(fd, 0, SEEK_SET)));
    printf(", setfl %s", name(fcntl(fd, F_SETFL, O_APPEND)));
    printf(", dup %s", name(dup(fd)));
    printf(", fstat %s\n", name(faccessat(fd, "", F_OK, AT_EMPTY_PATH)));
    shut(fd);
    fd = try("only the link's name", "data/link", O_PATH | O_NOFOLLOW, 0);
    printf("  readlinkat %zd\n", readlinkat(fd, "", text, 60));
    shut(fd);
    int folder = try("only the folder's name", "data", O_PATH | O_DIRECTORY, 0);
    printf("  openat below %s", name(openat(folder, "plain", O_RDONLY)));
    printf(", fchdir %s", name(fchdir(folder)));
    printf(", back %s\n", name(chdir("..")));

    fd = try("without a name", "tmp", O_TMPFILE | O_RDWR, 0640);
    struct stat facts;
    printf("  write %zd", write(fd, "hidden", 6));
    fstat(fd, &facts);
    printf(", %d names\n", (int)facts.st_nlink);
    snprintf(text, sizeof text, "/proc/self/fd/%d", fd);
    printf("  named %s", name(linkat(AT_FDCWD, text, AT_FDCWD, "tmp/shown", AT_SYMLINK_FOLLOW)));
    printf(", again %s", name(linkat(fd, "", AT_FDCWD, "tmp/shown2", AT_EMPTY_PATH)));
    fstat(fd, &facts);
    printf(", %d names, %lld bytes\n", (int)facts.st_nlink, (long long)facts.st_size);
    shut(fd);
    fd = try("without a name for ever", "tmp", O_TMPFILE | O_EXCL | O_WRONLY, 0600);
    printf("  named %s\n", name(linkat(fd, "", AT_FDCWD, "tmp/never", AT_EMPTY_PATH)));
    shut(fd);
    shut(try("without a name to read", "tmp", O_TMPFILE | O_RDONLY, 0600));
    shut(try("without a name in a file", "data/plain", O_TMPFILE | O_RDWR, 0600));

    resolve("plain", folder, "plain", O_RDONLY, 0);
    resolve("no links", folder, "link", O_RDONLY, RESOLVE_NO_SYMLINKS);
    resolve("no links, none there", folder, "plain", O_RDONLY, RESOLVE_NO_SYMLINKS);
    resolve("beneath, up", folder, "../data/plain", O_RDONLY, RESOLVE_BENEATH);
    resolve("beneath, absolute", folder, "/etc", O_RDONLY, RESOLVE_BENEATH);
    resolve("beneath", folder, "link", O_RDONLY, RESOLVE_BENEATH);
    resolve("in root, up", folder, "../../plain", O_RDONLY, RESOLVE_IN_ROOT);
    resolve("in root, absolute", folder, "/plain", O_RDONLY, RESOLVE_IN_ROOT);
    resolve("other mount", AT_FDCWD, "/proc/self/status", O_RDONLY, RESOLVE_NO_XDEV);
    resolve("no magic", AT_FDCWD, "/proc/self/exe", O_RDONLY, RESOLVE_NO_MAGICLINKS);
    resolve("no magic, but links", AT_FDCWD, "/proc/self/status", O_RDONLY, RESOLVE_NO_MAGICLINKS);
    resolve("unknown flag", folder, "plain", 1ull << 40, 0);
    resolve("unknown limit", folder, "plain", O_RDONLY, 1 << 20);
    struct { struct open_how how; long more; } large = { .more = 0 };
    printf("%d openat2 longer %s", ++number, name(syscall(SYS_openat2, folder, "plain", &large, sizeof large)));
    large.more = 1;
    printf(", unknown %s", name(syscall(SYS_openat2, folder, "plain", &large, sizeof large)));
    printf(", short %s\n", name(syscall(SYS_openat2, folder, "plain", &large, 8)));
    return 0;
}
