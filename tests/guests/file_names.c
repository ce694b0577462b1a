// Renames, links and removes in every combination that Linux tells apart.
//@ file: data/file = of the image
//@ file: data/other = another
//@ file: data/full/inside = x
//@ link: data/link = file
//@ link: data/tofolder = full
//@ native: root
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int number;

static void tell(const char *what, long result)
{
    printf("%d %s: %s\n", ++number, what, result == -1 ? strerrorname_np(errno) : "ok");
}

#define TRY(call) tell(#call, (long)(call))

static void content(const char *path)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        printf("  %s: %s\n", path, strerrorname_np(errno));
        return;
    }
    ssize_t got = read(fd, text, 60);
    printf("  %s: %s\n", path, got < 0 ? strerrorname_np(errno) : text);
    close(fd);
}

static void links(const char *path)
{
    struct stat facts;
    if (lstat(path, &facts))
        printf("  %s: %s\n", path, strerrorname_np(errno));
    else
        printf("  %s: %d names, mode %o\n", path, (int)facts.st_nlink, facts.st_mode);
}

int main(void)
{
    char long_name[300], text[64];
    memset(long_name, 'n', 256);
    long_name[256] = 0;
    umask(022);
    chmod("tmp", 0755);
    // Files and folders over each other.
    TRY(mkdir("tmp/empty", 0755));
    TRY(mkdir("tmp/empty2", 0700));
    TRY(rename("data/file", "tmp/empty"));
    TRY(rename("tmp/empty", "data/file"));
    TRY(rename("tmp/empty2", "data/full"));
    TRY(rename("data/full", "tmp/empty"));
    content("tmp/empty/inside");
    TRY(rename("tmp/empty", "tmp/empty/inside/below"));
    TRY(rename("tmp/empty", "tmp/empty/below"));
    TRY(rename("tmp/empty/inside", "tmp/empty"));
    TRY(rename("data", "."));
    TRY(rename("data/..", "x"));
    TRY(rename("data/file", "data/file"));
    TRY(rename("data/file", "tmp/f/"));
    TRY(rename("data/file/", "tmp/f"));
    TRY(rename("tmp/empty2/", "tmp/moved/"));
    TRY(rename("data/link", "tmp/link"));
    links("tmp/link");
    TRY(rename("data/tofolder/", "tmp/tf"));
    TRY(rename("data/none", "data/file"));
    TRY(rename("data/file", long_name));
    links("tmp");
    // Flags.
    TRY(renameat2(AT_FDCWD, "data/file", AT_FDCWD, "data/other", RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "data/file", AT_FDCWD, "data/third", RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "data/third", AT_FDCWD, "data/other", RENAME_EXCHANGE));
    content("data/third");
    content("data/other");
    TRY(renameat2(AT_FDCWD, "data/third", AT_FDCWD, "tmp/empty", RENAME_EXCHANGE));
    content("tmp/empty");
    content("data/third/inside");
    links("tmp");
    links("data");
    TRY(renameat2(AT_FDCWD, "tmp/moved", AT_FDCWD, "tmp/none", RENAME_EXCHANGE));
    TRY(renameat2(AT_FDCWD, "data", AT_FDCWD, "data/third", RENAME_EXCHANGE));
    TRY(renameat2(AT_FDCWD, "data/third", AT_FDCWD, "data", RENAME_EXCHANGE));
    TRY(renameat2(AT_FDCWD, "tmp/moved", AT_FDCWD, "tmp/none", RENAME_EXCHANGE | RENAME_NOREPLACE));
    TRY(renameat2(AT_FDCWD, "tmp/moved", AT_FDCWD, "tmp/none", 64));
    // Hard links.
    TRY(link("data/other", "tmp/second"));
    TRY(link("data/other", "tmp/second"));
    TRY(link("data", "tmp/folder"));
    TRY(link("tmp/link", "tmp/link2"));
    links("tmp/link2");
    TRY(linkat(AT_FDCWD, "tmp/link", AT_FDCWD, "tmp/followed", AT_SYMLINK_FOLLOW));
    TRY(linkat(AT_FDCWD, "data/other", AT_FDCWD, "tmp/x", 0x8000));
    TRY(link("data/other", "tmp/y/"));
    TRY(link("data/other", "none/y"));
    links("data/other");
    int fd = open("tmp/second", O_RDWR);
    TRY(rename("tmp/second", "data/other"));
    links("tmp/second");
    TRY(unlink("tmp/second"));
    links("data/other");
    TRY(unlink("data/other"));
    TRY(linkat(fd, "", AT_FDCWD, "tmp/again", AT_EMPTY_PATH));
    printf("  still %zd bytes\n", read(fd, text, 60));
    close(fd);
    // Symbolic links.
    TRY(symlink("", "tmp/s"));
    TRY(symlink("target", "tmp/s"));
    TRY(symlink("target", "tmp/s"));
    TRY(symlink("target", "tmp/s2/"));
    TRY(readlink("tmp/s", text, 3));
    TRY(readlink("tmp/s", text, 0));
    TRY(readlink("tmp", text, 60));
    TRY(unlink("tmp/s/"));
    TRY(mkdir("tmp/s", 0755));
    TRY(mkdir("tmp/s/", 0755));
    links("tmp/s");
    // Removing.
    TRY(symlink("../data/third", "tmp/tothird"));
    TRY(rmdir("tmp/tothird"));
    TRY(rmdir("tmp/tothird/"));
    TRY(unlink("tmp/tothird/"));
    TRY(unlink("data/third"));
    TRY(unlink("data/third/"));
    TRY(rmdir("data/third"));
    TRY(rmdir("data/third/."));
    TRY(rmdir("data/third/.."));
    TRY(unlink("."));
    TRY(unlinkat(AT_FDCWD, "data/third/inside", AT_REMOVEDIR));
    TRY(unlinkat(AT_FDCWD, "data/third/inside", 0x40));
    TRY(unlink("data/third/inside"));
    TRY(unlinkat(AT_FDCWD, "data/third", AT_REMOVEDIR));
    // A folder that was removed while it is the working folder.
    TRY(mkdir("tmp/gone", 0755));
    TRY(chdir("tmp/gone"));
    TRY(rmdir("../gone"));
    TRY(open("file", O_CREAT | O_WRONLY, 0600));
    TRY(mkdir("folder", 0755));
    errno = 0;
    printf("  getcwd %s", getcwd(text, sizeof text) ? "ok" : strerrorname_np(errno));
    printf(", open . %s\n", open(".", O_RDONLY) < 0 ? strerrorname_np(errno) : "ok");
    TRY(chdir("../.."));
    // Making nodes.
    TRY(mknod("tmp/node", S_IFREG | 0666, 0));
    links("tmp/node");
    TRY(mknod("tmp/node", S_IFREG | 0666, 0));
    TRY(mknod("tmp/null", S_IFCHR | 0666, makedev(1, 3)));
    fd = open("tmp/null", O_RDWR);
    printf("  null: write %zd", write(fd, "x", 1));
    printf(", read %zd\n", read(fd, text, 1));
    TRY(mknod("tmp/d", S_IFDIR | 0755, 0));
    TRY(mknod("tmp/d", 0170000 | 0755, 0));
    // Set-group-id folders hand their group on.
    TRY(mkdir("tmp/group", 0755));
    TRY(chown("tmp/group", -1, 7));
    TRY(chmod("tmp/group", 02775));
    TRY(mkdir("tmp/group/below", 0755));
    struct stat facts;
    stat("tmp/group/below", &facts);
    printf("  group %d, mode %o\n", facts.st_gid, facts.st_mode);
    return 0;
}
