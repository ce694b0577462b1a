/* What the shim uses of OSv's libc, and numbers that both sides know: no header of a host's libc is asked. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

/* unikernel-abi: report.rs, stream.rs. */
enum { MAGIC = 0x5552, STARTED = 1, EXITED = 2, KILLED = 3, FAULT = 4, STACK = 10, REPORT_PORT = 0xe9, DEBUG_EXIT_PORT = 0xf4 };

/* signal(7), sigaction(2), open(2), as glibc's headers for x86-64 have them. */
enum { SIGILL = 4, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9, SIGSEGV = 11, SIGCHLD = 17, SIGCONT = 18, SIGURG = 23 };
enum { SIGALRM = 14, SIGVTALRM = 26, SIGWINCH = 28 };
enum { O_RDONLY = 0, O_DIRECTORY = 0200000, O_CLOEXEC = 02000000 };
enum { SA_SIGINFO = 4, SA_RESTART = 0x10000000, SA_ONSTACK = 0x08000000 };
struct sigaction {
    void (*handler)(int);
    u64 mask[16];
    int flags;
    void (*restorer)(void);
};

/* sigaltstack(2). */
struct signal_stack {
    void *begin;
    int flags;
    u64 len;
};

/* dl_iterate_phdr(3), elf(5). */
enum { PT_LOAD = 1, PT_DYNAMIC = 2, DT_FINI = 13, DT_FINI_ARRAY = 26, DT_FINI_ARRAYSZ = 28 };
struct segment {
    u32 type, flags;
    u64 offset, address, physical, file_len, len, align;
};
struct module {
    u64 base;
    const char *name;
    const struct segment *segments;
    u16 count;
};

typedef int main_function(int, char **, char **);
typedef void *thread_function(void *);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

extern char **environ;
extern void *stderr;
extern char *program_invocation_name, *program_invocation_short_name;
void *dlsym(void *, const char *);
int fflush(void *);
int fprintf(void *, const char *, ...);
void *malloc(u64);
void free(void *);
int usleep(u32);
int sigaction(int, const struct sigaction *, struct sigaction *);
int sigaltstack(const struct signal_stack *, struct signal_stack *);
int open(const char *, int, ...);
void *fdopendir(int);
int close(int);
int getpid(void);
int unsetenv(const char *);
int dl_iterate_phdr(int (*)(struct module *, u64, void *), void *);
void *pthread_self(void);
int pthread_getattr_np(void *, void *);
int pthread_attr_getstack(const void *, void **, u64 *);
int pthread_attr_getstacksize(const void *, u64 *);
