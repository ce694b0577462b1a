/* Prints a greeting from a file. */
#include <stdio.h>

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "greeting.txt";
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return 1;
    }
    int c;
    while ((c = getc(file)) != EOF) {
        putchar(c);
    }
    fclose(file);
    return 0;
}
