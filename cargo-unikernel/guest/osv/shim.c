/*
 * What OSv leaves undone, done by a library that the program finds before the kernel.
 *
 * OSv is the C library of what it runs, and looks symbols up there last: a library that is loaded with the program stands in
 * front of it. Each function here mends one defect that `support/osv.toml` names; the rest is left to the kernel, through
 * dlsym(RTLD_NEXT). All programs run in the kernel's own ring, so reports go out by port: frames as unikernel-abi's `report`
 * has them, a byte at a time, to QEMU's `isa-debugcon`. Elsewhere nobody listens at that port, and nothing happens.
 *
 * Compiled freestanding: there are no headers, and nothing is called that OSv does not export.
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

/* unikernel-abi: report.rs, stream.rs. */
enum { MAGIC = 0x5552, STARTED = 1, EXITED = 2, KILLED = 3, REPORT_PORT = 0xe9, DEBUG_EXIT_PORT = 0xf4 };

/* signal(7), sigaction(2), open(2), as glibc's headers for x86-64 have them. */
enum { SIGILL = 4, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9, SIGSEGV = 11, SIGCHLD = 17, SIGCONT = 18, SIGURG = 23 };
enum { SIGWINCH = 28, N_SIGNALS = 64 };
enum { O_RDONLY = 0, O_DIRECTORY = 0200000, O_CLOEXEC = 02000000 };
struct sigaction {
    void (*handler)(int);
    u64 mask[16];
    int flags;
    void (*restorer)(void);
};

typedef int main_function(int, char **, char **);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

extern char **environ;
extern char *program_invocation_name, *program_invocation_short_name;
void *dlsym(void *, const char *);
int fflush(void *);
int sigaction(int, const struct sigaction *, struct sigaction *);
int open(const char *, int, ...);
void *fdopendir(int);
int close(int);
int getpid(void);
int unsetenv(const char *);

/* What the image's launcher is called: it stands in argv[0] for a shared object, whose own name comes next. */
static const char launcher[] = "/.unikernel/launcher";
/* Words that the kernel's command line can't hold come through variables of these names. */
static const char carried[] = "UNIKERNEL_ARG";

static void *next(const char *name)
{
    /* OSv takes the caller of dlsym for the one that is asking, so this must stay a call. */
    void *volatile found = dlsym((void *)-1L, name);
    return found;
}

static void put(u64 value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        __asm__ volatile("outb %0, %1" : : "a"((u8)value), "Nd"((u16)REPORT_PORT));
}

static void report(int kind, u64 first, u64 second, int fields)
{
    put(MAGIC, 2);
    put((u64)kind, 2);
    put((u64)fields * 8, 4);
    put(first, 8);
    if (fields > 1)
        put(second, 8);
}

/* How it ended is told once: what follows is only the way down. */
static void ended(int kind, u64 value)
{
    static u32 told;
    if (!__atomic_exchange_n(&told, 1, __ATOMIC_SEQ_CST))
        report(kind, value, 0, 1);
}

static u64 ticks(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static int same(const char *one, const char *other, int most)
{
    for (; most > 0 && *one == *other; one++, other++, most--)
        if (!*one)
            return 1;
    return most == 0;
}

__attribute__((noreturn)) static void leave(int status)
{
    void (*down)(int) = (void (*)(int))next("_exit");
    ended(EXITED, (u64)(status & 0xff));
    down(status);
    for (;;)
        ;
}

/* Nothing is held together any more: where a debug-exit device is, the machine ends here, and else by the kernel's abort. */
__attribute__((noreturn)) static void killed(int signal)
{
    void (*down)(void) = (void (*)(void))next("abort");
    ended(KILLED, (u64)signal);
    __asm__ volatile("outl %0, %1" : : "a"((u32)signal), "Nd"((u16)DEBUG_EXIT_PORT));
    down();
    for (;;)
        ;
}

/* OSv's exit ends without flushing what stdio holds, and tells nobody the status. */
__attribute__((noreturn)) void exit(int status)
{
    fflush(0);
    leave(status);
}

__attribute__((noreturn)) void _exit(int status)
{
    leave(status);
}

__attribute__((noreturn)) void _Exit(int status)
{
    leave(status);
}

__attribute__((noreturn)) void abort(void)
{
    killed(SIGABRT);
}

/* OSv powers off at a signal whose action is the default one, and tells nobody which. */
int kill(int pid, int signal)
{
    int (*real)(int, int) = (int (*)(int, int))next("kill");
    struct sigaction old;
    int ends = signal > 0 && signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH;
    int ours = pid == getpid() || pid == 0 || pid == -1;
    if (ours && ends && (signal == SIGKILL || (!sigaction(signal, 0, &old) && (!old.handler || signal == SIGSEGV))))
        killed(signal);
    return real(pid, signal);
}

int raise(int signal)
{
    int (*real)(int) = (int (*)(int))next("raise");
    struct sigaction old;
    int ends = signal > 0 && signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH;
    if (ends && (signal == SIGKILL || (!sigaction(signal, 0, &old) && !old.handler)))
        killed(signal);
    return real(signal);
}

/* OSv's opendir succeeds on files; Linux answers ENOTDIR, and programs ask so whether a path is a folder. */
void *opendir(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    void *stream;
    if (folder < 0)
        return 0;
    stream = fdopendir(folder);
    if (!stream)
        close(folder);
    return stream;
}

static main_function *program;

static void forget_carried(void)
{
    char name[32];
    int at = 0, to;
    while (environ && environ[at]) {
        if (!same(environ[at], carried, sizeof carried - 1)) {
            at++;
            continue;
        }
        for (to = 0; to < 31 && environ[at][to] && environ[at][to] != '='; to++)
            name[to] = environ[at][to];
        name[to] = 0;
        if (unsetenv(name))
            return;
    }
}

static int started(int count, char **words, char **unused)
{
    static const int faults[] = { SIGILL, SIGBUS, SIGFPE, SIGSEGV };
    struct sigaction told = { killed, { 0 }, 0, 0 };
    char *part;
    u32 each;
    (void)unused;
    if (count > 1 && same(words[0], launcher, sizeof launcher)) {
        words++;
        count--;
        program_invocation_name = program_invocation_short_name = words[0];
        for (part = words[0]; *part; part++)
            if (*part == '/')
                program_invocation_short_name = part + 1;
    }
    for (each = 0; each < sizeof faults / sizeof *faults; each++)
        sigaction(faults[each], &told, 0);
    forget_carried();
    report(STARTED, 0, ticks(), 2);
    /* OSv calls main with two arguments. */
    exit(program(count, words, environ));
}

/* What the program's own start code calls, and the launcher of a shared object. */
int __libc_start_main(main_function *main, int count, char **words, void (*init)(void), void (*fini)(void),
                      void (*unload)(void), void *stack)
{
    start_function *real = (start_function *)next("__libc_start_main");
    program = main;
    return real(started, count, words, init, fini, unload, stack);
}
