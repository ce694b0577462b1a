// Changes the root, and tries to get out.
//@ file: data/inner/file = inside
//@ file: data/outside = outside
//@ link: data/inner/absolute = /file
//@ link: data/inner/up = ../outside
//@ native: root
//@ forms: static-pie
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int number;

static const char *why(long result)
{
    return result < 0 ? strerrorname_np(errno) : "ok";
}

int main(void)
{
    char text[64] = "";
    struct stat facts;
    int outside = open("data", O_RDONLY);
    printf("%d chroot to nothing %s", ++number, why(chroot("none")));
    printf(", to a file %s", why(chroot("data/outside")));
    printf(", inwards %s", why(chroot("data/inner")));
    printf(", the old folder stays %s", why(stat("data/outside", &facts)));
    long got = syscall(SYS_getcwd, text, 64);
    printf(", getcwd %.14s\n", got < 0 ? strerrorname_np(errno) : text);
    printf("%d into it %s", ++number, why(chdir("/")));
    printf(", getcwd %s", getcwd(text, 64));
    printf(", absolute %s", why(stat("/file", &facts)));
    printf(", its link %s", why(stat("absolute", &facts)));
    printf(", up %s", why(stat("../outside", &facts)));
    printf(", a link up %s", why(stat("up", &facts)));
    printf(", %d files\n", (stat("..", &facts), (int)facts.st_nlink > 0));
    printf("%d by a descriptor %s", ++number, why(fstatat(outside, "outside", &facts, 0)));
    printf(", out by it %s", why(fchdir(outside)));
    printf(", there %s", why(stat("outside", &facts)));
    printf(", absolute %s\n", why(stat("/outside", &facts)));
    return 0;
}
