// Writes a file to tmp and reads it back.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    static char page[10000], back[20000];
    for (size_t i = 0; i < sizeof page; i++)
        page[i] = (char)(i * 7 + i / 251);
    int fd = open("tmp/data", O_CREAT | O_TRUNC | O_RDWR, 0640);
    ssize_t first = write(fd, page, sizeof page), second = write(fd, page, sizeof page);
    printf("wrote %zd and %zd, at %lld\n", first, second, (long long)lseek(fd, 0, SEEK_CUR));
    lseek(fd, 0, SEEK_SET);
    ssize_t got = read(fd, back, sizeof back);
    printf("read %zd, first half %s, second half %s\n", got, memcmp(back, page, sizeof page) ? "differs" : "same",
           memcmp(back + sizeof page, page, sizeof page) ? "differs" : "same");
    printf("at the end: %zd\n", read(fd, back, 1));
    close(fd);
    FILE *file = fopen("tmp/text", "w+");
    fprintf(file, "%d %s\n", 42, "answers");
    rewind(file);
    int number = 0;
    char word[16] = "";
    printf("scanned %d: ", fscanf(file, "%d %15s", &number, word));
    printf("%d %s\n", number, word);
    fclose(file);
    return 0;
}
