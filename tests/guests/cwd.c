// Changes its working folder.
//@ file: data/sub/note = found
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void where(void)
{
    char path[4096];
    const char *got = getcwd(path, sizeof path), *last = got ? strrchr(got, '/') : NULL;
    printf("in %s\n", last ? last + 1 : strerror(errno));
}

int main(void)
{
    char small[1];
    printf("chdir %d\n", chdir("data"));
    where();
    printf("sub/note %d\n", access("sub/note", R_OK));
    printf("chdir %d\n", chdir("./sub/../sub/."));
    where();
    printf("note %d\n", access("note", R_OK));
    printf("chdir %d\n", chdir(".."));
    where();
    printf("missing %d\n", chdir("none"));
    where();
    const char *none = getcwd(small, 1);
    printf("too small %d %s\n", none == NULL, strerror(errno));
    return 0;
}
