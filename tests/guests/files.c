// Reads files that the manifest put into the root tree.
//@ file: etc/greeting.txt = Good morning.\nSecond line.\n
//@ file: etc/empty =
//@ file: data/deep/er/note = no newline
#include <stdio.h>
#include <sys/stat.h>

static void show(const char *path)
{
    char line[64];
    struct stat facts;
    FILE *file = fopen(path, "r");
    if (!file || stat(path, &facts)) {
        printf("%s is missing\n", path);
        return;
    }
    printf("%s: %lld bytes, regular %d\n", path, (long long)facts.st_size, S_ISREG(facts.st_mode));
    while (fgets(line, sizeof line, file))
        printf("  [%s]\n", line);
    printf("  end %d, error %d\n", feof(file) != 0, ferror(file));
    fclose(file);
}

int main(void)
{
    show("etc/greeting.txt");
    show("etc/empty");
    show("data/deep/er/note");
    show("data/none");
    return 0;
}
