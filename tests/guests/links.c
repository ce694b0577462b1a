// Follows symbolic links of the image.
//@ file: data/one.txt = the first
//@ link: data/latest = one.txt
//@ link: way = data
//@ link: data/round = round
//@ link: data/nowhere = none
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void content(const char *path)
{
    char text[32] = "";
    FILE *file = fopen(path, "r");
    printf("%s: %s\n", path, file ? fgets(text, sizeof text, file) : strerror(errno));
    if (file)
        fclose(file);
}

int main(void)
{
    char target[32] = "";
    struct stat facts;
    content("data/latest");
    content("way/latest");
    content("data/round");
    content("data/nowhere");
    ssize_t length = readlink("way", target, sizeof target);
    printf("readlink %zd [%s]\n", length, target);
    int result = lstat("data/latest", &facts);
    printf("lstat %d link %d size %lld\n", result, S_ISLNK(facts.st_mode), (long long)facts.st_size);
    result = stat("data/latest", &facts);
    printf("stat %d regular %d\n", result, S_ISREG(facts.st_mode));
    errno = 0;
    int fd = open("data/latest", O_RDONLY | O_NOFOLLOW);
    printf("nofollow %d %s\n", fd, strerror(errno));
    printf("unlink %d\n", unlink("data/latest"));
    content("data/one.txt");
    return 0;
}
