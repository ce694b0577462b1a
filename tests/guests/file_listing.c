// Lists folders while they change: each name that stays is seen exactly once, and positions stay good.
//@ file: data/a = a
//@ file: data/b = b
//@ file: data/c = c
//@ file: data/d = d
//@ file: data/e = e
//@ forms: static-pie
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY 400

static int number, seen[MANY];

static void make(const char *folder, int i)
{
    char path[64];
    snprintf(path, sizeof path, "%s/entry-%d", folder, i);
    close(open(path, O_CREAT | O_WRONLY, 0600));
}

static void drop(const char *folder, int i)
{
    char path[64];
    snprintf(path, sizeof path, "%s/entry-%d", folder, i);
    unlink(path);
}

static int entry(const struct dirent *entry)
{
    return strncmp(entry->d_name, "entry-", 6) ? -1 : atoi(entry->d_name + 6);
}

// How many of the entries that stay were seen other than once.
static int wrong(int from, int step)
{
    int count = 0;
    for (int i = from; i < MANY; i += step)
        count += seen[i] != 1;
    return count;
}

static void removing(void)
{
    mkdir("tmp/remove", 0755);
    for (int i = 0; i < MANY; i++)
        make("tmp/remove", i);
    memset(seen, 0, sizeof seen);
    DIR *folder = opendir("tmp/remove");
    int total = 0;
    for (struct dirent *one; (one = readdir(folder)); total++) {
        int i = entry(one);
        if (i < 0)
            continue;
        seen[i]++;
        // Every odd one goes as soon as an even one is seen, wherever the listing stands.
        if (i % 2 == 0)
            drop("tmp/remove", (i * 7 + 1) % MANY | 1);
    }
    closedir(folder);
    printf("%d removing others while listing: %d even ones wrong\n", ++number, wrong(0, 2));
}

static void removing_all(void)
{
    mkdir("tmp/all", 0755);
    for (int i = 0; i < MANY; i++)
        make("tmp/all", i);
    DIR *folder = opendir("tmp/all");
    int total = 0;
    for (struct dirent *one; (one = readdir(folder));) {
        char path[300];
        snprintf(path, sizeof path, "tmp/all/%s", one->d_name);
        total += !unlink(path);
    }
    closedir(folder);
    printf("%d removing each while listing: %d removed, rmdir %d\n", ++number, total, rmdir("tmp/all"));
}

static void adding(void)
{
    mkdir("tmp/add", 0755);
    for (int i = 0; i < MANY / 2; i++)
        make("tmp/add", i);
    memset(seen, 0, sizeof seen);
    DIR *folder = opendir("tmp/add");
    int made = MANY / 2;
    for (struct dirent *one; (one = readdir(folder));) {
        int i = entry(one);
        if (i >= 0)
            seen[i]++;
        if (made < MANY)
            make("tmp/add", made++);
    }
    closedir(folder);
    int twice = 0, missing = 0;
    for (int i = 0; i < MANY; i++) {
        twice += seen[i] > 1;
        missing += i < MANY / 2 && seen[i] == 0;
    }
    printf("%d adding while listing: %d twice, %d missing\n", ++number, twice, missing);
}

static void seeking(void)
{
    mkdir("tmp/seek", 0755);
    for (int i = 0; i < MANY; i++)
        make("tmp/seek", i);
    DIR *folder = opendir("tmp/seek");
    long places[MANY];
    char names[MANY][16];
    int count = 0;
    for (struct dirent *one; count < MANY; count++) {
        places[count] = telldir(folder);
        if (!(one = readdir(folder)))
            break;
        strncpy(names[count], one->d_name, 15);
        names[count][15] = 0;
    }
    int same = 0;
    for (int i = count - 1; i >= 0; i -= 3) {
        seekdir(folder, places[i]);
        struct dirent *one = readdir(folder);
        same += one && !strcmp(one->d_name, names[i]);
    }
    printf("%d seeking back: %d of %d\n", ++number, same, (count + 2) / 3);
    // Removing what comes before does not move what comes behind.
    int moved = 0;
    for (int i = 0; i < 100; i++) {
        char path[64];
        snprintf(path, sizeof path, "tmp/seek/%s", names[i]);
        unlink(path);
    }
    for (int i = 101; i < count; i++) {
        seekdir(folder, places[i]);
        struct dirent *one = readdir(folder);
        moved += !one || strcmp(one->d_name, names[i]);
    }
    printf("%d seeking after removing: %d moved\n", ++number, moved);
    rewinddir(folder);
    int again = 0;
    while (readdir(folder))
        again++;
    printf("%d rewound: %d\n", ++number, again > 290 && again < 310);
    closedir(folder);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list(const char *what, const char *path)
{
    char names[32][32];
    int count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *one; folder && count < 32 && (one = readdir(folder)); count++)
        snprintf(names[count], 32, "%s/%d", one->d_name, one->d_type);
    closedir(folder);
    qsort(names, count, 32, by_name);
    printf("%d %s:", ++number, what);
    for (int i = 0; i < count; i++)
        printf(" %s", names[i]);
    printf("\n");
}

static void raw(void)
{
    char buffer[512];
    int fd = open("data", O_RDONLY | O_DIRECTORY);
    errno = 0;
    long got = syscall(SYS_getdents64, fd, buffer, 10);
    printf("%d too small a buffer: %s", ++number, strerrorname_np(errno));
    int names = 0;
    // One entry a call.
    while ((got = syscall(SYS_getdents64, fd, buffer, 32)) > 0)
        names++;
    printf(", one by one: %d, then %ld\n", names, got);
    errno = 0;
    got = syscall(SYS_getdents64, fd, (void *)8, 512);
    printf("%d at the end no address is looked at: %ld", ++number, got);
    lseek(fd, 0, SEEK_SET);
    got = syscall(SYS_getdents64, fd, (void *)8, 512);
    printf(", at the start it is: %s\n", strerrorname_np(errno));
    close(fd);
    fd = open("data/a", O_RDONLY);
    got = syscall(SYS_getdents64, fd, buffer, 512);
    printf("%d of a file: %s", ++number, strerrorname_np(errno));
    got = syscall(SYS_getdents64, 99, buffer, 512);
    printf(", of nothing: %s\n", strerrorname_np(errno));
    close(fd);
}

int main(void)
{
    list("folder of the image", "data");
    unlink("data/b");
    rename("data/d", "data/z");
    mkdir("data/new", 0755);
    symlink("a", "data/link");
    list("changed", "data");
    close(open("data/b", O_CREAT | O_WRONLY, 0600));
    rename("data/z", "data/c");
    list("changed again", "data");
    raw();
    removing();
    removing_all();
    adding();
    seeking();
    return 0;
}
