// Renames, removes, truncates and appends.
//@ file: data/old = from the image
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void size(const char *path)
{
    struct stat facts;
    if (stat(path, &facts))
        printf("%s: %s\n", path, strerror(errno));
    else
        printf("%s: %lld bytes\n", path, (long long)facts.st_size);
}

static void content(const char *path)
{
    char text[64] = "";
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    printf("%s: %zd [%s]\n", path, got, text);
    close(fd);
}

int main(void)
{
    printf("rename %d\n", rename("data/old", "tmp/moved"));
    size("data/old");
    content("tmp/moved");
    int fd = open("tmp/moved", O_WRONLY | O_APPEND);
    lseek(fd, 0, SEEK_SET);
    printf("append %zd\n", write(fd, " and here", 9));
    content("tmp/moved");
    printf("truncate %d\n", ftruncate(fd, 8));
    content("tmp/moved");
    printf("extend %d\n", ftruncate(fd, 5000));
    size("tmp/moved");
    close(fd);
    fd = open("tmp/moved", O_CREAT | O_EXCL | O_WRONLY, 0600);
    printf("exclusive %d %s\n", fd, strerror(errno));
    fd = open("tmp/fresh", O_CREAT | O_EXCL | O_RDWR, 0600);
    printf("fresh %d\n", fd >= 0);
    printf("write %zd", write(fd, "alive", 5));
    printf(", unlink %d\n", unlink("tmp/fresh"));
    size("tmp/fresh");
    char text[8] = "";
    pread(fd, text, 5, 0);
    printf("still open [%s]\n", text);
    printf("mkdir %d", mkdir("tmp/a", 0755));
    printf(", rmdir %d\n", rmdir("tmp/a"));
    printf("replace: mkdir %d", mkdir("tmp/b", 0755));
    printf(", rename %d\n", rename("tmp/moved", "tmp/b/in"));
    printf("full rmdir %d", rmdir("tmp/b"));
    printf(" %s\n", strerror(errno));
    size("tmp/b/in");
    return 0;
}
