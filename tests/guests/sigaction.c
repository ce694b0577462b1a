// Stores and reads back signal actions and masks; delivers none.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void handler(int number) { (void)number; }

int main(void)
{
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaddset(&action.sa_mask, SIGUSR2);
    printf("set %d", sigaction(SIGUSR1, &action, &old));
    printf(", was default %d\n", old.sa_handler == SIG_DFL);
    printf("get %d", sigaction(SIGUSR1, NULL, &old));
    printf(", handler %d, restart %d, mask %d%d\n", old.sa_handler == handler, (old.sa_flags & SA_RESTART) != 0,
           sigismember(&old.sa_mask, SIGUSR1), sigismember(&old.sa_mask, SIGUSR2));
    printf("ignore %d", signal(SIGPIPE, SIG_IGN) == SIG_DFL);
    printf(", then %d\n", signal(SIGPIPE, SIG_DFL) == SIG_IGN);
    errno = 0;
    printf("kill cannot be caught %d", sigaction(SIGKILL, &action, NULL));
    printf(" %d\n", errno == EINVAL);
    errno = 0;
    printf("number %d", sigaction(99, &action, NULL));
    printf(" %d\n", errno == EINVAL);
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    printf("block %d", sigprocmask(SIG_BLOCK, &set, &before));
    printf(", before %d", sigismember(&before, SIGTERM));
    sigprocmask(SIG_SETMASK, &before, &set);
    printf(", during %d", sigismember(&set, SIGTERM));
    sigprocmask(SIG_BLOCK, NULL, &set);
    printf(", after %d\n", sigismember(&set, SIGTERM));
    return 0;
}
