/* What the program left to be called at its end: a part of the shim. */

/* What is to be called at the end, the last first; OSv keeps it, and calls none of it but for a library that is closed. */
struct handler {
    struct handler *next;
    void (*run)(void *);
    void *argument, *object;
};
static struct handler *handlers;
static u32 handlers_held;

static void hold(u32 *lock)
{
    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
        usleep(100);
}

static void release(u32 *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

int __cxa_atexit(void (*run)(void *), void *argument, void *object)
{
    struct handler *new = malloc(sizeof *new);
    if (!new)
        return -1;
    new->run = run;
    new->argument = argument;
    new->object = object;
    hold(&handlers_held);
    new->next = handlers;
    handlers = new;
    release(&handlers_held);
    return 0;
}

int atexit(void (*run)(void))
{
    return __cxa_atexit((void (*)(void *))run, 0, 0);
}

/* Calls what an object left to be called, or all that is left. */
void __cxa_finalize(void *object)
{
    struct handler **at, *found;
    for (;;) {
        hold(&handlers_held);
        for (at = &handlers; *at && object && (*at)->object != object; at = &(*at)->next)
            ;
        found = *at;
        if (found)
            *at = found->next;
        release(&handlers_held);
        if (!found)
            return;
        found->run(found->argument);
        free(found);
    }
}

/* An object's own functions for the end; the kernel, which has no name, is none. */
static int finish(struct module *it, u64 size, void *unused)
{
    const u64 *entry = 0;
    void (*const *functions)(void) = 0;
    void (*last)(void) = 0;
    u64 count = 0, each;
    (void)size;
    (void)unused;
    if (!it->name || !*it->name)
        return 0;
    for (each = 0; each < it->count; each++)
        if (it->segments[each].type == PT_DYNAMIC)
            entry = (const u64 *)(it->base + it->segments[each].address);
    for (; entry && *entry; entry += 2) {
        if (*entry == DT_FINI_ARRAY)
            functions = (void (*const *)(void))(it->base + entry[1]);
        else if (*entry == DT_FINI_ARRAYSZ)
            count = entry[1] / sizeof *functions;
        else if (*entry == DT_FINI)
            last = (void (*)(void))(it->base + entry[1]);
    }
    while (functions && count--)
        functions[count]();
    if (last)
        last();
    return 0;
}
