// Changes what the image brought: every file can be written, removed, replaced.
//@ file: data/text = original
//@ file: data/other = other
//@ file: data/sub/deep = deep
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void content(const char *path)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    printf("%s: %s\n", path, file ? fgets(text, sizeof text, file) : "(none)");
    if (file)
        fclose(file);
}

static int entries(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

int main(void)
{
    int reader = open("data/text", O_RDONLY), writer = open("data/text", O_RDWR);
    char text[16] = "";
    printf("write %zd\n", pwrite(writer, "ORIG", 4, 0));
    pread(reader, text, 8, 0);
    printf("seen through the other descriptor: %s\n", text);
    content("data/text");
    printf("unlink %d", unlink("data/other"));
    printf(", %d entries\n", entries("data"));
    content("data/other");
    FILE *file = fopen("data/other", "w");
    fputs("again", file);
    fclose(file);
    content("data/other");
    printf("replace %d", rename("data/other", "data/text"));
    printf(", %d entries\n", entries("data"));
    content("data/text");
    printf("deep: unlink %d", unlink("data/sub/deep"));
    printf(", rmdir %d", rmdir("data/sub"));
    printf(", %d entries\n", entries("data"));
    printf("again: mkdir %d", mkdir("data/sub", 0755));
    printf(", %d entries\n", entries("data/sub"));
    file = fopen("data/text", "a");
    fputs(" and more", file);
    fclose(file);
    content("data/text");
    return 0;
}
