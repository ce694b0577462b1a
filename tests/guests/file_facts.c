// What files are, asked in every way, after changing it in every way.
//@ file: data/file = 0123456789
//@ link: data/link = file
//@ native: root
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

static void facts(const char *path)
{
    struct stat plain;
    struct statx more;
    lstat(path, &plain);
    statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &more);
    printf("  %s: mode %o, %d:%d, %lld bytes, %d names, times %lld.%09ld %lld.%09ld\n", path, plain.st_mode, plain.st_uid,
           plain.st_gid, (long long)plain.st_size, (int)plain.st_nlink, (long long)plain.st_atim.tv_sec, plain.st_atim.tv_nsec,
           (long long)plain.st_mtim.tv_sec, plain.st_mtim.tv_nsec);
    int same = plain.st_mode == more.stx_mode && plain.st_ino == more.stx_ino && plain.st_size == more.stx_size
        && plain.st_nlink == more.stx_nlink && plain.st_mtim.tv_nsec == more.stx_mtime.tv_nsec
        && plain.st_blocks == more.stx_blocks && (more.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS;
    if (!same)
        printf("  stat and statx differ\n");
}

int main(void)
{
    struct stat first;
    stat("data/file", &first);
    printf("zip and gzip can hold its time: %d\n", first.st_mtime >= 315532800 + 86400 && first.st_mtime <= 0xffffffff);
    struct stat plain;
    struct statx more;
    int fd = open("data/file", O_RDWR), name = open("data/file", O_PATH), folder = open("data", O_RDONLY);
    struct timespec past[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
    utimensat(AT_FDCWD, "data/file", past, 0);
    printf("%d chmod %s", ++number, why(chmod("data/link", 0640)));
    printf(", fchmod %s", why(fchmod(fd, 04751)));
    printf(", of a link %s", why(fchmodat(AT_FDCWD, "data/link", 0600, AT_SYMLINK_NOFOLLOW)));
    printf(", raw %s", why(syscall(SYS_fchmodat2, AT_FDCWD, "data/link", 0600, AT_SYMLINK_NOFOLLOW)));
    printf(", by descriptor %s", why(syscall(SYS_fchmodat2, fd, "", 04711, AT_EMPTY_PATH)));
    printf(", flags %s", why(syscall(SYS_fchmodat2, fd, "", 04711, 1)));
    printf(", nothing %s\n", why(chmod("data/none", 0600)));
    facts("data/file");
    printf("%d chown %s", ++number, why(chown("data/file", 5, -1)));
    printf(", lchown %s", why(lchown("data/link", 6, 7)));
    printf(", fchown %s", why(fchown(fd, -1, 8)));
    printf(", of a name %s\n", why(fchown(name, 1, 1)));
    utimensat(AT_FDCWD, "data/link", past, AT_SYMLINK_NOFOLLOW);
    facts("data/file");
    facts("data/link");
    printf("%d times: one left %s", ++number, why(utimensat(AT_FDCWD, "data/link", (struct timespec[]){ { 5, UTIME_OMIT }, { 7, 8 } }, 0)));
    printf(", both left, of nothing %s", why(utimensat(AT_FDCWD, "none", (struct timespec[]){ { 5, UTIME_OMIT }, { 7, UTIME_OMIT } }, 0)));
    printf(", nonsense %s", why(utimensat(AT_FDCWD, "data/file", (struct timespec[]){ { 5, 1000000000 }, { 7, 8 } }, 0)));
    printf(", by descriptor %s", why(futimens(fd, (struct timespec[]){ { 50, 1 }, { 7, UTIME_OMIT } })));
    printf(", flags %s\n", why(utimensat(AT_FDCWD, "data/file", past, 4)));
    facts("data/file");
    printf("%d utimes %s", ++number, why(utimes("data/file", (struct timeval[]){ { 70, 5 }, { 80, 6 } })));
    facts("data/file");
    printf("  utime %s", why(utime("data/file", &(struct utimbuf){ 90, 95 })));
    facts("data/file");
    printf("  futimesat raw %s", why(syscall(SYS_futimesat, folder, "file", (struct timeval[]){ { 1, 2 }, { 3, 4 } })));
    printf(", nonsense %s", why(syscall(SYS_utimes, "data/file", (struct timeval[]){ { 1, 2000000 }, { 3, 4 } })));
    facts("data/file");
    stat("data/file", &plain);
    write(fd, "x", 1);
    struct stat then;
    stat("data/file", &then);
    printf("%d writing changes mtime %d, not atime %d\n", ++number, then.st_mtime != plain.st_mtime, then.st_atime == plain.st_atime);
    printf("%d stat: no name %s", ++number, why(stat("", &plain)));
    printf(", by descriptor %s", why(fstatat(fd, "", &plain, AT_EMPTY_PATH)));
    printf(", below a file %s", why(stat("data/file/x", &plain)));
    printf(", flags %s", why(fstatat(AT_FDCWD, "data", &plain, 1)));
    printf(", to nowhere %s", why(stat("data", (void *)8)));
    printf(", folder %s", why(fstatat(fd, "x", &plain, 0)));
    printf(", statx flags %s", why(statx(AT_FDCWD, "data", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_ALL, &more)));
    printf(", mask %s\n", why(statx(AT_FDCWD, "data", 0, 0x80000000, &more)));
    printf("%d access: write %s", ++number, why(access("data/file", W_OK | R_OK)));
    chmod("data/file", 0);
    printf(", as root %s", why(access("data/file", W_OK | R_OK)));
    printf(", execute %s", why(access("data/file", X_OK)));
    printf(", folder %s", why(access("data", X_OK)));
    printf(", mode %s", why(access("data", 9)));
    printf(", effectively %s", why(faccessat(AT_FDCWD, "data/file", R_OK, AT_EACCESS)));
    printf(", link %s", why(faccessat(AT_FDCWD, "data/link", F_OK, AT_SYMLINK_NOFOLLOW)));
    printf(", by descriptor %s\n", why(syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH)));
    struct statvfs system;
    printf("%d statfs %s", ++number, why(statvfs("data/file", &system)));
    printf(", longest name %ld, block %ld", system.f_namemax, system.f_bsize);
    printf(", fstatfs %s", why(fstatvfs(folder, &system)));
    printf(", nothing %s\n", why(statvfs("none", &system)));
    printf("%d umask %o", ++number, umask(0177));
    printf(" %o\n", umask(022));
    char value[8];
    printf("%d attributes: of nothing %s", ++number, why(getxattr("none", "user.a", value, 8)));
    printf(" %s", why(listxattr("none", value, 8)));
    printf(" %s", why(fgetxattr(99, "user.a", value, 8)));
    printf(", no name %s", why(getxattr("data/file", "", value, 8)));
    printf(", flags %s", why(setxattr("data/file", "user.a", "x", 1, 77)));
    printf(", too large %s", why(setxattr("data/file", "user.a", "x", 100000, 0)));
    printf(", list %zd\n", listxattr("data/file", value, 8));
    printf("%d terminal %d, device of /dev/null %#lx, of /dev/zero", ++number, isatty(1), stat("/dev/null", &plain) ? 0 : (long)plain.st_rdev);
    printf(" %#lx\n", stat("/dev/zero", &plain) ? 0 : (long)plain.st_rdev);
    return 0;
}
