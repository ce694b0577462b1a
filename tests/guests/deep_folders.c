// Makes folders in each other, deeper than any path can name, and leaves them there.
// Linux prints the same, but what it leaves on the disk is too deep for those who clean up.
//@ native: no
//@ forms: static-pie
//@ stdout: getcwd Numerical result out of range\nrename done\ninto itself Invalid argument\nfolder in it done\nfolder above done\n
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 20000

static const char *outcome(int result)
{
    return result == 0 ? "done" : strerror(errno);
}

int main(void)
{
    char path[4096];
    mkdir("top", 0755);
    if (chdir("top"))
        return 1;
    for (int i = 0; i < DEPTH; i++)
        if (mkdir("d", 0755) || chdir("d"))
            return printf("level %d: %s\n", i, strerror(errno)), 1;
    printf("getcwd %s\n", getcwd(path, sizeof path) ? "done" : strerror(errno));
    mkdir("e", 0755);
    printf("rename %s\n", outcome(rename("e", "f")));
    printf("into itself %s\n", outcome(rename("../d", "f/d")));
    // On half of the way up, what was left goes.
    for (int i = 0; i < DEPTH / 2; i++) {
        if (i == 0)
            printf("folder in it %s\n", outcome(rmdir("f")));
        if (chdir("..") || rmdir("d"))
            return printf("back %d: %s\n", i, strerror(errno)), 1;
    }
    printf("folder above %s\n", outcome(rmdir("../d")));
    return 0;
}
