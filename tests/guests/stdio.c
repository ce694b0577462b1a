// Uses stdio: buffering, seeking, pushing back, formats.
#include <stdio.h>
#include <string.h>

int main(void)
{
    char line[32], word[8];
    FILE *file = fopen("tmp/stdio", "w+");
    setvbuf(file, NULL, _IOFBF, 64);
    for (int i = 0; i < 100; i++)
        fprintf(file, "line %03d\n", i);
    printf("at %ld\n", ftell(file));
    fseek(file, 9 * 50, SEEK_SET);
    printf("seek: %s", fgets(line, sizeof line, file));
    fseek(file, -9, SEEK_END);
    printf("end: %s", fgets(line, sizeof line, file));
    printf("eof %d, then %d\n", fgetc(file) == EOF, feof(file) != 0);
    rewind(file);
    int first = fgetc(file);
    ungetc('L', file);
    printf("pushed back %c for %c: %s", 'L', first, fgets(line, sizeof line, file));
    fseek(file, 5, SEEK_SET);
    fputs("XYZ", file);
    fseek(file, 0, SEEK_SET);
    printf("overwritten: %s", fgets(line, sizeof line, file));
    fclose(file);
    file = fopen("tmp/stdio", "a");
    fputs("appended\n", file);
    fclose(file);
    file = fopen("tmp/stdio", "r");
    printf("seek %d", fseek(file, 0, SEEK_END));
    printf(", size %ld\n", ftell(file));
    printf("write to a reader: %d\n", fputc('x', file) == EOF);
    fclose(file);
    printf("[%5d|%-5d|%05d|%x|%#o|%+d|%%|%c|%.3s|%10s]\n", 42, 42, 42, 255, 8, 7, 'c', "abcdef", "right");
    printf("[%lld|%llu|%zu|%hhd]\n", -(1LL << 62), ~0ULL, sizeof line, (signed char)-7);
    printf("scanned %d", sscanf("12 0x1f word", "%d %i %7s", &first, &first, word));
    printf(" %d %s\n", first, word);
    printf("length %d\n", snprintf(line, 4, "%s", "truncated"));
    fputs("unbuffered to stderr\n", stderr);
    setvbuf(stdout, NULL, _IONBF, 0);
    fputs("a", stdout);
    fputs("b\n", stdout);
    printf("close %d\n", fclose(stdin));
    return 0;
}
