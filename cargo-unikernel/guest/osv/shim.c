/*
 * What OSv leaves undone, done by a library that the program finds before the kernel.
 *
 * OSv is the C library of what it runs, and looks symbols up there last: a library that is loaded with the program stands in
 * front of it. Each function here mends one defect that `support/osv.toml` names; the rest is left to the kernel, through
 * dlsym(RTLD_NEXT). All programs run in the kernel's own ring, so reports go out by port: frames as unikernel-abi's `report`
 * has them, a byte at a time, to QEMU's `isa-debugcon`. Elsewhere nobody listens at that port, and nothing happens.
 *
 * Compiled freestanding: with no headers but its own, and nothing is called that OSv does not export.
 */

#include "libc.h"

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
enum { PAGE_MASK = 4095, STACK_LEN = 16384, MODULES_LEN = 8192, NAME_LEN = 1024, N_REGISTERS = 17 };
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
    /* A stack that has no room left is told from where it has some. */
    if (address + STACK_LEN > top && address < top + STACK_LEN && (address | PAGE_MASK) >= top)
        top = (address | PAGE_MASK) + 1;
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

#include "at_exit.h"

/* OSv's exit ends without calling anything, without flushing what stdio holds, and tells nobody the status. */
__attribute__((noreturn)) void exit(int status)
{
    static void *leaving;
    void *nobody = 0;
    if (!__atomic_compare_exchange_n(&leaving, &nobody, pthread_self(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        while (nobody != pthread_self())
            usleep(100000);
    __cxa_finalize(0);
    if (!nobody)
        dl_iterate_phdr(finish, 0);
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

__attribute__((noreturn)) void __assert_fail(const char *what, const char *file, u32 line, const char *function)
{
    fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\n", program_invocation_short_name, file, line, function, what);
    killed(SIGABRT);
}

__attribute__((noreturn)) void __stack_chk_fail(void)
{
    fprintf(stderr, "*** stack smashing detected ***: terminated\n");
    killed(SIGABRT);
}

/* What is called at signals that OSv raises itself, where the program wants the default: to OSv that is no end that it tells. */
static int raises(int signal, struct sigaction *by_default)
{
    struct sigaction fault = { (void (*)(int))faulted, { 0 }, SA_SIGINFO | SA_ONSTACK, 0 };
    struct sigaction time = { killed, { 0 }, 0, 0 };
    int is_fault = signal == SIGILL || signal == SIGBUS || signal == SIGFPE || signal == SIGSEGV;
    *by_default = is_fault ? fault : time;
    return is_fault || signal == SIGALRM || signal == SIGVTALRM;
}

int sigaction(int signal, const struct sigaction *new, struct sigaction *old)
{
    int (*real)(int, const struct sigaction *, struct sigaction *) =
        (int (*)(int, const struct sigaction *, struct sigaction *))next("sigaction");
    struct sigaction by_default, before;
    int failed;
    if (!raises(signal, &by_default))
        return real(signal, new, old);
    failed = real(signal, new && !new->handler ? &by_default : new, &before);
    if (!failed && old) {
        *old = before;
        if (before.handler == by_default.handler) {
            old->handler = 0;
            old->flags = 0;
        }
    }
    return failed;
}

void (*signal(int signal, void (*handler)(int)))(int)
{
    struct sigaction new = { handler, { 0 }, SA_RESTART, 0 }, old;
    return sigaction(signal, &new, &old) ? (void (*)(int)) - 1L : old.handler;
}

/* Whether a signal that the program sends itself is its end: OSv powers off then, and tells nobody which. */
static int is_end(int signal)
{
    struct sigaction old;
    int ends = signal > 0 && signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH;
    return ends && (signal == SIGKILL || (!sigaction(signal, 0, &old) && !old.handler));
}

int kill(int pid, int signal)
{
    int (*real)(int, int) = (int (*)(int, int))next("kill");
    if ((pid == getpid() || pid == 0 || pid == -1) && is_end(signal))
        killed(signal);
    return real(pid, signal);
}

int raise(int signal)
{
    int (*real)(int) = (int (*)(int))next("raise");
    if (is_end(signal))
        killed(signal);
    return real(signal);
}

/* Where a fault is told when the stack is the fault: above all that uses it, so that nothing grows into it. */
enum { SPARE_LEN = 32768, LEAST_STACK = 8 * SPARE_LEN };

static void give_spare(void *spare)
{
    struct signal_stack stack = { spare, 0, SPARE_LEN };
    sigaltstack(&stack, 0);
}

/* OSv ends with its first thread, or never. */
static void *first;
static u32 n_others;

struct thread {
    thread_function *run;
    void *argument;
};

static void *run_thread(void *given)
{
    struct thread it = *(struct thread *)given;
    free(given);
    it.argument = it.run(it.argument);
    __atomic_fetch_sub(&n_others, 1, __ATOMIC_SEQ_CST);
    return it.argument;
}

static void *run_large_thread(void *given)
{
    u8 spare[SPARE_LEN] __attribute__((aligned(16)));
    struct signal_stack none = { 0, 2, 0 };
    void *result;
    give_spare(spare);
    result = run_thread(given);
    sigaltstack(&none, 0);
    return result;
}

int pthread_create(void *thread, const void *attributes, thread_function *run, void *argument)
{
    int (*real)(void *, const void *, thread_function *, void *) =
        (int (*)(void *, const void *, thread_function *, void *))next("pthread_create");
    struct thread *given = malloc(sizeof *given);
    u64 len = LEAST_STACK;
    int error;
    if (!given)
        return 11; /* EAGAIN */
    given->run = run;
    given->argument = argument;
    if (attributes && pthread_attr_getstacksize(attributes, &len))
        len = 0;
    __atomic_fetch_add(&n_others, 1, __ATOMIC_SEQ_CST);
    error = real(thread, attributes, len < LEAST_STACK ? run_thread : run_large_thread, given);
    if (error) {
        __atomic_fetch_sub(&n_others, 1, __ATOMIC_SEQ_CST);
        free(given);
    }
    return error;
}

__attribute__((noreturn)) void pthread_exit(void *result)
{
    void (*real)(void *) = (void (*)(void *))next("pthread_exit");
    if (pthread_self() == first) {
        /* The program ends with its last thread. */
        while (__atomic_load_n(&n_others, __ATOMIC_SEQ_CST))
            usleep(1000);
        exit(0);
    }
    __atomic_fetch_sub(&n_others, 1, __ATOMIC_SEQ_CST);
    real(result);
    for (;;)
        ;
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
    static const int raised[] = { SIGILL, SIGBUS, SIGFPE, SIGSEGV, SIGALRM, SIGVTALRM };
    static const struct sigaction by_default;
    u8 spare[SPARE_LEN] __attribute__((aligned(16)));
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
    first = pthread_self();
    give_spare(spare);
    for (each = 0; each < sizeof raised / sizeof *raised; each++)
        sigaction(raised[each], &by_default, 0);
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
