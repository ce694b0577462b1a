//! The table of system calls: the only list of them.
//!
//! A line is `NUMBER NAME => FUNCTION, LEVEL "what is missing";` (the levels: [`unikernel_abi::support::Level`]). It becomes an
//! arm of the dispatch and a line of [`SUPPORT`], so neither can tell what the other doesn't.
use super::arg::Handler;
use super::{
    advice, attributes, control, copy, descriptor, directory, file, io, lock, memfd, memory,
    metadata, missing, names, open, poll, process, rename, signal, signal_send, signal_wait, stat,
    sync, system, thread, time, timer, user, watch, xattr,
};
use crate::errno::SysResult;
use crate::kernel::Kernel;

macro_rules! syscalls {
    ($($number:literal $name:ident => $function:path, $level:ident $($note:literal)?;)*) => {
        /// What a number does. Each reads the arguments that it has: a call without any shall not pay for those of others.
        static CALLS: [fn(&mut Kernel) -> SysResult; CALLS_LEN] = {
            let mut calls: [fn(&mut Kernel) -> SysResult; CALLS_LEN] = [missing; CALLS_LEN];
            let mut has_line = [false; CALLS_LEN];
            $(
                assert!(!has_line[$number], concat!("two lines for ", $number));
                has_line[$number] = true;
                calls[$number] = |kernel| {
                    let args = kernel.thread.context.syscall().args;
                    $function.call(kernel, &args)
                };
            )*
            calls
        };

        /// The support statement ([`unikernel_abi::support`]).
        pub const SUPPORT: &str = concat!(
            "unikernel-support 1 x86_64-linux\n",
            $(stringify!($number), " ", stringify!($name), " ", stringify!($level), $(" ", $note,)? "\n",)*
        );
    };
}

/// Behind the highest number.
const CALLS_LEN: usize = 453;

/// Does the system call with this number, which the thread is in.
#[inline]
pub(crate) fn dispatch(kernel: &mut Kernel, number: u64) -> SysResult {
    let line = usize::try_from(number).ok();
    match line.and_then(|line| CALLS.get(line)) {
        Some(call) => call(kernel),
        None => missing(kernel),
    }
}

syscalls! {
    0 read => io::read, full;
    1 write => io::write, partial "no SIGPIPE: what the host no longer reads is dropped";
    2 open => open::open, partial "O_DIRECT is EINVAL; no O_ASYNC; no access times, as mounted noatime";
    3 close => descriptor::close, full;
    4 stat => stat::stat, full;
    5 fstat => stat::fstat, full;
    6 lstat => stat::lstat, full;
    7 poll => poll::poll, full;
    8 lseek => io::lseek, full;
    9 mmap => memory::mmap, partial "MAP_HUGETLB has no pages (ENOMEM); MAP_GROWSDOWN not of files";
    10 mprotect => memory::mprotect, full;
    11 munmap => memory::munmap, full;
    12 brk => memory::brk, full;
    13 rt_sigaction => signal::rt_sigaction, full;
    14 rt_sigprocmask => signal::rt_sigprocmask, full;
    15 rt_sigreturn => signal::rt_sigreturn, full;
    16 ioctl => control::ioctl, partial "TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX";
    17 pread64 => io::pread64, full;
    18 pwrite64 => io::pwrite64, full;
    19 readv => io::readv, full;
    20 writev => io::writev, full;
    21 access => metadata::access, full;
    24 sched_yield => thread::sched_yield, full;
    25 mremap => memory::mremap, full;
    26 msync => advice::msync, full;
    27 mincore => advice::mincore, full;
    28 madvise => advice::madvise, partial "no MADV_REMOVE, MADV_MERGEABLE, MADV_COLLAPSE, MADV_HWPOISON: EINVAL; MADV_FREE frees at once";
    32 dup => descriptor::dup, full;
    33 dup2 => descriptor::dup2, full;
    34 pause => signal_wait::pause, full;
    35 nanosleep => time::nanosleep, full;
    36 getitimer => timer::getitimer, full;
    37 alarm => timer::alarm, full;
    38 setitimer => timer::setitimer, partial "user time holds all processor time";
    39 getpid => process::getpid, full;
    40 sendfile => copy::sendfile, full;
    56 clone => process::clone, refused "no processes (UK001); threads are missing";
    57 fork => process::fork, refused "no processes (UK001)";
    58 vfork => process::vfork, refused "no processes (UK001)";
    59 execve => process::execve, refused "no other programs (UK002)";
    60 exit => process::exit, full;
    61 wait4 => process::wait4, full;
    62 kill => signal_send::kill, partial "signals that stop a process are EPERM";
    63 uname => system::uname, full;
    72 fcntl => descriptor::fcntl, partial "no leases, F_NOTIFY, F_SETOWN, F_SETSIG; no pipe sizes";
    73 flock => lock::flock, full;
    74 fsync => sync::fsync, full;
    75 fdatasync => sync::fdatasync, full;
    76 truncate => file::truncate, full;
    77 ftruncate => file::ftruncate, full;
    79 getcwd => directory::getcwd, full;
    80 chdir => directory::chdir, full;
    81 fchdir => directory::fchdir, full;
    82 rename => rename::rename, full;
    83 mkdir => names::mkdir, full;
    84 rmdir => names::rmdir, full;
    85 creat => open::creat, full;
    86 link => names::link, full;
    87 unlink => names::unlink, full;
    88 symlink => names::symlink, full;
    89 readlink => names::readlink, full;
    90 chmod => attributes::chmod, full;
    91 fchmod => attributes::fchmod, full;
    92 chown => attributes::chown, full;
    93 fchown => attributes::fchown, full;
    94 lchown => attributes::lchown, full;
    95 umask => attributes::umask, full;
    96 gettimeofday => time::gettimeofday, full;
    97 getrlimit => system::getrlimit, full;
    98 getrusage => system::getrusage, partial "user time holds all processor time; no counts of faults and switches";
    99 sysinfo => system::sysinfo, full;
    100 times => time::times, partial "user time holds all processor time";
    102 getuid => user::getuid, full;
    104 getgid => user::getgid, full;
    107 geteuid => user::geteuid, full;
    108 getegid => user::getegid, full;
    110 getppid => process::getppid, full;
    111 getpgrp => process::getpgrp, full;
    112 setsid => process::setsid, full;
    115 getgroups => user::getgroups, full;
    118 getresuid => user::getresuid, full;
    120 getresgid => user::getresgid, full;
    121 getpgid => process::getpgid, full;
    124 getsid => process::getsid, full;
    127 rt_sigpending => signal::rt_sigpending, full;
    128 rt_sigtimedwait => signal_wait::rt_sigtimedwait, full;
    129 rt_sigqueueinfo => signal_send::rt_sigqueueinfo, partial "as kill";
    130 rt_sigsuspend => signal_wait::rt_sigsuspend, full;
    131 sigaltstack => signal::sigaltstack, full;
    132 utime => attributes::utime, full;
    133 mknod => names::mknod, partial "regular files and the devices of this kernel; others, FIFOs and sockets are EPERM";
    137 statfs => stat::statfs, full;
    138 fstatfs => stat::fstatfs, full;
    149 mlock => advice::mlock, full;
    150 munlock => advice::munlock, full;
    151 mlockall => advice::mlockall, full;
    152 munlockall => advice::munlockall, full;
    157 prctl => thread::prctl, partial "PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS";
    158 arch_prctl => thread::arch_prctl, partial "ARCH_SET_FS, ARCH_GET_FS, ARCH_SET_GS, ARCH_GET_GS";
    160 setrlimit => system::setrlimit, partial "only RLIMIT_NOFILE can be changed";
    161 chroot => directory::chroot, full;
    162 sync => sync::sync, full;
    186 gettid => process::gettid, full;
    187 readahead => sync::readahead, full;
    188 setxattr => xattr::setxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    189 lsetxattr => xattr::lsetxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    190 fsetxattr => xattr::fsetxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    191 getxattr => xattr::getxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    192 lgetxattr => xattr::lgetxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    193 fgetxattr => xattr::fgetxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    194 listxattr => xattr::listxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    195 llistxattr => xattr::llistxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    196 flistxattr => xattr::flistxattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    197 removexattr => xattr::removexattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    198 lremovexattr => xattr::lremovexattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    199 fremovexattr => xattr::fremovexattr, partial "the file system has no extended attributes: EOPNOTSUPP, and an empty list";
    200 tkill => signal_send::tkill, partial "as kill";
    201 time => time::time, full;
    202 futex => thread::futex, partial "WAIT, WAKE, WAIT_BITSET, WAKE_BITSET for the one thread that there is";
    204 sched_getaffinity => thread::sched_getaffinity, full;
    217 getdents64 => directory::getdents64, full;
    218 set_tid_address => thread::set_tid_address, full;
    221 fadvise64 => sync::fadvise64, full;
    222 timer_create => timer::timer_create, partial "CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, the program's processor time; no alarm clocks";
    223 timer_settime => timer::timer_settime, full;
    224 timer_gettime => timer::timer_gettime, full;
    225 timer_getoverrun => timer::timer_getoverrun, full;
    226 timer_delete => timer::timer_delete, full;
    228 clock_gettime => time::clock_gettime, partial "no clocks of other processes; coarse clocks are exact";
    229 clock_getres => time::clock_getres, full;
    230 clock_nanosleep => time::clock_nanosleep, partial "CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME";
    231 exit_group => process::exit_group, full;
    234 tgkill => signal_send::tgkill, partial "as kill";
    235 utimes => attributes::utimes, full;
    247 waitid => process::waitid, full;
    253 inotify_init => watch::inotify_init, refused "nobody else changes files; as a Linux built without inotify";
    254 inotify_add_watch => watch::inotify_add_watch, partial "no descriptor is an inotify instance: EINVAL";
    255 inotify_rm_watch => watch::inotify_rm_watch, partial "no descriptor is an inotify instance: EINVAL";
    257 openat => open::openat, partial "O_DIRECT is EINVAL; no O_ASYNC; no access times, as mounted noatime";
    258 mkdirat => names::mkdirat, full;
    259 mknodat => names::mknodat, partial "as mknod";
    260 fchownat => attributes::fchownat, full;
    261 futimesat => attributes::futimesat, full;
    262 newfstatat => stat::newfstatat, full;
    263 unlinkat => names::unlinkat, full;
    264 renameat => rename::renameat, full;
    265 linkat => names::linkat, full;
    266 symlinkat => names::symlinkat, full;
    267 readlinkat => names::readlinkat, full;
    268 fchmodat => attributes::fchmodat, full;
    269 faccessat => metadata::faccessat, full;
    271 ppoll => poll::ppoll, full;
    273 set_robust_list => thread::set_robust_list, full;
    274 get_robust_list => thread::get_robust_list, full;
    275 splice => copy::splice, partial "there are no pipes: EINVAL";
    276 tee => copy::tee, partial "there are no pipes: EINVAL";
    277 sync_file_range => sync::sync_file_range, full;
    278 vmsplice => copy::vmsplice, partial "there are no pipes: EBADF";
    280 utimensat => attributes::utimensat, full;
    285 fallocate => file::fallocate, partial "no FALLOC_FL_COLLAPSE_RANGE, INSERT_RANGE, UNSHARE_RANGE: EOPNOTSUPP";
    292 dup3 => descriptor::dup3, full;
    294 inotify_init1 => watch::inotify_init, refused "nobody else changes files; as a Linux built without inotify";
    295 preadv => io::preadv, full;
    296 pwritev => io::pwritev, full;
    297 rt_tgsigqueueinfo => signal_send::rt_tgsigqueueinfo, partial "as kill";
    302 prlimit64 => system::prlimit64, partial "only RLIMIT_NOFILE can be changed";
    306 syncfs => sync::syncfs, full;
    309 getcpu => thread::getcpu, full;
    316 renameat2 => rename::renameat2, partial "no RENAME_WHITEOUT: EINVAL";
    318 getrandom => system::getrandom, full;
    319 memfd_create => memfd::memfd_create, partial "no MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC: EINVAL";
    322 execveat => process::execveat, refused "no other programs (UK002)";
    325 mlock2 => advice::mlock2, full;
    326 copy_file_range => copy::copy_file_range, full;
    327 preadv2 => io::preadv2, partial "RWF_NOWAIT on files only";
    328 pwritev2 => io::pwritev2, partial "RWF_NOWAIT on files only";
    329 pkey_mprotect => memory::pkey_mprotect, partial "no keys: only -1";
    330 pkey_alloc => memory::pkey_alloc, partial "no keys: ENOSPC, as on a processor without them";
    331 pkey_free => memory::pkey_free, partial "no keys: EINVAL";
    332 statx => stat::statx, partial "no birth time";
    334 rseq => thread::rseq, refused "no restartable sequences; the C library does without";
    435 clone3 => process::clone3, refused "no processes (UK001); threads are missing";
    436 close_range => descriptor::close_range, full;
    437 openat2 => open::openat2, partial "as openat; RESOLVE_IN_ROOT follows no link to a descriptor";
    439 faccessat2 => metadata::faccessat2, full;
    452 fchmodat2 => attributes::fchmodat2, full;
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use unikernel_abi::support::{HEADER, Level, parse};

    use super::SUPPORT;

    #[test]
    fn statement_can_be_parsed() {
        assert!(SUPPORT.starts_with(HEADER));
        let entries: Vec<_> = parse(SUPPORT).expect("every line is right").collect();
        assert!(entries.len() > 100);
        assert!(entries.is_sorted_by_key(|entry| entry.number));
        for entry in entries {
            let needs_note = matches!(entry.level, Level::Partial | Level::Stub);
            assert!(!needs_note || !entry.note.is_empty(), "{}", entry.name);
        }
    }

    #[test]
    fn numbers_are_those_of_linux() {
        use linux_raw_sys::general as linux;
        for (number, name) in [
            (linux::__NR_mmap, "mmap"),
            (linux::__NR_tgkill, "tgkill"),
            (linux::__NR_statx, "statx"),
            (linux::__NR_faccessat2, "faccessat2"),
            (linux::__NR_getdents64, "getdents64"),
            (linux::__NR_utimensat, "utimensat"),
        ] {
            assert!(
                SUPPORT.contains(&std::format!("\n{number} {name} ")),
                "{name}"
            );
        }
    }
}
