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
enum { MAGIC = 0x5552, STARTED = 1, EXITED = 2, KILLED = 3, FAULT = 4, STACK = 10, REPORT_PORT = 0xe9, DEBUG_EXIT_PORT = 0xf4 };

/* signal(7), sigaction(2), open(2), as glibc's headers for x86-64 have them. */
enum { SIGILL = 4, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9, SIGSEGV = 11, SIGCHLD = 17, SIGCONT = 18, SIGURG = 23 };
enum { SIGWINCH = 28, N_SIGNALS = 64 };
enum { O_RDONLY = 0, O_DIRECTORY = 0200000, O_CLOEXEC = 02000000 };
enum { SA_SIGINFO = 4 };
struct sigaction {
    void (*handler)(int);
    u64 mask[16];
    int flags;
    void (*restorer)(void);
};

/* dl_iterate_phdr(3), elf(5). */
enum { PT_LOAD = 1 };
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
int dl_iterate_phdr(int (*)(struct module *, u64, void *), void *);
void *pthread_self(void);
int pthread_getattr_np(void *, void *);
int pthread_attr_getstack(const void *, void **, u64 *);

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

/* What a fault report is made of is put together here before any of it goes out: half a frame would be the end of all reports. */
enum { STACK_LEN = 16384, MODULES_LEN = 8192, NAME_LEN = 1024, N_REGISTERS = 17 };
static u8 stack[STACK_LEN], modules[MODULES_LEN], place[NAME_LEN];
static u32 modules_len, place_len;
static u64 place_offset;

static void put_bytes(const u8 *bytes, u32 len)
{
    put(len, 4);
    while (len--)
        put(*bytes++, 1);
}

/* A module's name and where its first byte lies; and where in it the instruction is. The kernel, which has no name, is none. */
static int note_module(struct module *it, u64 size, void *instruction)
{
    u64 at = (u64)instruction, start, name_len = 0, each;
    (void)size;
    while (it->name && it->name[name_len])
        name_len++;
    if (!name_len || name_len > NAME_LEN || modules_len + name_len + 12 > MODULES_LEN)
        return 0;
    for (each = 0; each < 4; each++)
        modules[modules_len++] = (u8)(name_len >> 8 * each);
    for (each = 0; each < name_len; each++)
        modules[modules_len++] = (u8)it->name[each];
    for (each = 0; each < 8; each++)
        modules[modules_len++] = (u8)(it->base >> 8 * each);
    for (each = 0; each < it->count; each++) {
        start = it->base + it->segments[each].address;
        if (it->segments[each].type != PT_LOAD || at < start || at - start >= it->segments[each].len)
            continue;
        place_offset = at - it->base;
        for (place_len = 0; place_len < name_len; place_len++)
            place[place_len] = (u8)it->name[place_len];
    }
    return 0;
}

/* How much of the stack there is from here on, and a copy of it. */
static u32 copy_stack(u64 from)
{
    u64 attributes[32], len = 0;
    void *begin = 0;
    u32 copied = 0;
    if (pthread_getattr_np(pthread_self(), attributes) || pthread_attr_getstack(attributes, &begin, &len))
        return 0;
    if (from < (u64)begin || from - (u64)begin >= len)
        return 0;
    for (; copied < STACK_LEN && from + copied < (u64)begin + len; copied++)
        stack[copied] = ((const u8 *)from)[copied];
    return copied;
}

/* OSv hands a handler all registers (`arch/x64/signal.cc`); of `siginfo_t` the code is set for SIGFPE only, the address else. */
static void faulted(int signal, const u8 *info, const u8 *context)
{
    /* Where `gregs` has what unwind tables number from 0 on: rax rdx rcx rbx rsi rdi rbp rsp r8-r15 rip. */
    static const u8 order[N_REGISTERS] = { 13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7, 16 };
    const u64 *registers = (const u64 *)(context + 40);
    u64 instruction, top, address;
    static u32 once;
    u32 each, stack_len;
    /* A signal that was sent has neither (`libc/signal.cc`, `kill`). */
    if (!info || !context)
        killed(signal);
    instruction = registers[16];
    top = registers[15];
    address = *(const u64 *)(info + 16);
    /* One that comes while another is being told, from this or from a second thread, has nothing to add. */
    if (__atomic_exchange_n(&once, 1, __ATOMIC_SEQ_CST))
        killed(signal);
    place_offset = instruction;
    dl_iterate_phdr(note_module, (void *)instruction);
    stack_len = copy_stack(top);
    put(MAGIC, 2);
    put(STACK, 2);
    put(4 + 8 * N_REGISTERS + 8 + 4 + stack_len + 4 + modules_len, 4);
    put(8 * N_REGISTERS, 4);
    for (each = 0; each < N_REGISTERS; each++)
        put(registers[order[each]], 8);
    put(top, 8);
    put_bytes(stack, stack_len);
    put_bytes(modules, modules_len);
    put(MAGIC, 2);
    put(FAULT, 2);
    put(4 * 8 + 4 + place_len + 8, 4);
    put((u64)signal, 8);
    put(signal == SIGFPE ? *(const u32 *)(info + 8) : 0, 8);
    put(address, 8);
    put(3, 8);
    put_bytes(place, place_len);
    put(place_offset, 8);
    killed(signal);
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

/* Whether a signal's action is the default one as the program sees it: ours stands in for that. */
static int nobodys(const struct sigaction *action)
{
    return !action->handler || action->handler == (void (*)(int))faulted;
}

/* OSv powers off at a signal whose action is the default one, and tells nobody which. */
int kill(int pid, int signal)
{
    int (*real)(int, int) = (int (*)(int, int))next("kill");
    struct sigaction old;
    int ends = signal > 0 && signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH;
    int ours = pid == getpid() || pid == 0 || pid == -1;
    if (ours && ends && (signal == SIGKILL || (!sigaction(signal, 0, &old) && nobodys(&old))))
        killed(signal);
    return real(pid, signal);
}

int raise(int signal)
{
    int (*real)(int) = (int (*)(int))next("raise");
    struct sigaction old;
    int ends = signal > 0 && signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH;
    if (ends && (signal == SIGKILL || (!sigaction(signal, 0, &old) && nobodys(&old))))
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
    struct sigaction told = { (void (*)(int))faulted, { 0 }, SA_SIGINFO, 0 };
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
