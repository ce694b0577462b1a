#define END "!"
