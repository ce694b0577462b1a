// Lists folders: of the image, made at run time, and larger than one getdents buffer.
//@ file: data/b.txt = b
//@ file: data/a.txt = aa
//@ file: data/sub/c.txt = ccc
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
    char *names[16];
    int count = 0;
    DIR *folder = opendir(path);
    if (!folder) {
        printf("%s: errno %d\n", path, errno);
        return;
    }
    for (struct dirent *entry; count < 16 && (entry = readdir(folder));) {
        char *line = malloc(300);
        snprintf(line, 300, "%s type %d", entry->d_name, entry->d_type);
        names[count++] = line;
    }
    closedir(folder);
    qsort(names, count, sizeof *names, by_name);
    printf("%s:\n", path);
    for (int i = 0; i < count; i++)
        printf("  %s\n", names[i]);
}

static void many(void)
{
    char path[64];
    int seen = 0, again = 0;
    long sum = 0;
    mkdir("tmp/many", 0755);
    for (int i = 0; i < 1500; i++) {
        snprintf(path, sizeof path, "tmp/many/entry-with-a-long-name-%d", i);
        FILE *file = fopen(path, "w");
        if (!file) {
            perror(path);
            exit(1);
        }
        fclose(file);
    }
    DIR *folder = opendir("tmp/many");
    for (struct dirent *entry; (entry = readdir(folder)); seen++)
        if (entry->d_name[0] == 'e')
            sum += atol(strrchr(entry->d_name, '-') + 1);
    rewinddir(folder);
    while (readdir(folder))
        again++;
    closedir(folder);
    printf("%d entries, %d again, numbers add up to %ld\n", seen, again, sum);
}

int main(void)
{
    list("data");
    list("data/sub");
    list("data/none");
    list("data/a.txt");
    mkdir("data/new", 0700);
    list("data");
    many();
    return 0;
}
