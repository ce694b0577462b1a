// Prints its arguments, also empty ones, ones with spaces, and UTF-8.
//@ args: plain "" "two words" -x --long=1 'it''s' grün
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%d %zu [%s]\n", i, strlen(argv[i]), argv[i]);
    printf("argv[0] %s, end %s\n", strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0],
           argv[argc] ? "missing" : "null");
    return 0;
}
