//! Which system calls stand behind a function of the C library.

use crate::support::{name_of, number_of};

/// Functions named differently from the system calls that do their work; any one of those is enough.
#[rustfmt::skip]
const WRAPPERS: &[(&str, &[&str])] = &[
    ("epoll_create", &["epoll_create1", "epoll_create"]),
    ("eventfd", &["eventfd2", "eventfd"]),
    ("exit", &["exit_group"]),
    ("fstatvfs", &["fstatfs"]),
    ("getaddrinfo", &["socket"]),
    ("inotify_init", &["inotify_init1", "inotify_init"]),
    ("lockf", &["fcntl"]),
    ("mq_close", &["close"]),
    ("mq_receive", &["mq_timedreceive"]),
    ("mq_send", &["mq_timedsend"]),
    ("nice", &["setpriority"]),
    ("opendir", &["openat", "open"]),
    ("posix_fadvise", &["fadvise64"]),
    ("posix_fallocate", &["fallocate"]),
    ("posix_madvise", &["madvise"]),
    ("pthread_create", &["clone3", "clone"]),
    ("readdir", &["getdents64"]),
    ("recv", &["recvfrom"]),
    ("sem_timedwait", &["futex"]),
    ("sem_wait", &["futex"]),
    ("send", &["sendto"]),
    ("sigaction", &["rt_sigaction"]),
    ("signal", &["rt_sigaction"]),
    ("signalfd", &["signalfd4", "signalfd"]),
    ("sigpending", &["rt_sigpending"]),
    ("sigprocmask", &["rt_sigprocmask"]),
    ("sigqueue", &["rt_sigqueueinfo"]),
    ("sigsuspend", &["rt_sigsuspend"]),
    ("sigtimedwait", &["rt_sigtimedwait"]),
    ("sigwait", &["rt_sigtimedwait"]),
    ("sigwaitinfo", &["rt_sigtimedwait"]),
    ("statvfs", &["statfs"]),
    ("wait", &["wait4"]),
    ("wait3", &["wait4"]),
    ("waitpid", &["wait4"]),
];

/// Functions that are named as a system call and do something else: C's `syslog` writes to a socket.
const OTHERS: [&str; 2] = ["clone", "syslog"];

/// The system calls of which one does the work of this function; none when it is no wrapper.
pub(super) fn calls_of(function: &str) -> Vec<&'static str> {
    // Large-file names are the same calls.
    let plain = function.strip_suffix("64").unwrap_or(function);
    if let Some((_, calls)) = WRAPPERS.iter().find(|(name, _)| *name == plain) {
        return calls.to_vec();
    }
    if OTHERS.contains(&function) {
        return Vec::new();
    }
    let same = [function, plain].into_iter().find_map(number_of);
    same.and_then(name_of).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: &str, expected: &[&str]) {
        assert_eq!(calls_of(function), expected, "{function}");
    }

    #[test]
    fn calls_behind_functions() {
        check("epoll_wait", &["epoll_wait"]);
        check("mmap64", &["mmap"]);
        check("pread64", &["pread64"]);
        check("signalfd", &["signalfd4", "signalfd"]);
        check("printf", &[]);
        check("syslog", &[]);
    }

    #[test]
    fn every_call_of_the_table_exists() {
        for (name, calls) in WRAPPERS {
            for call in *calls {
                assert!(number_of(call).is_some(), "{name}: {call}");
            }
        }
    }
}
