//! Error numbers by name (`asm-generic/errno-base.h`, `errno.h`).

/// From 1 on; a number that has no name is `-`.
const NAMES: &str = "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY \
    EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE \
    EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI \
    EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV \
    ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC \
    EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT \
    EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET \
    ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE \
    EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED \
    EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON";

/// Results from here to -1 are errors.
const LARGEST: u64 = 4095;

/// `-1`, the name and the words of an error; `None` when the result is none.
pub(super) fn show(result: u64) -> Option<String> {
    let number = 0_u64
        .wrapping_sub(result)
        .checked_sub(1)
        .filter(|n| *n < LARGEST)?
        + 1;
    Some(match number {
        // What the program never sees: the call is made again, or fails with EINTR.
        512..=516 => "? ERESTARTSYS (To be restarted if SA_RESTART is set)".to_owned(),
        _ => format!("-1 {} ({})", name(number), words(number)),
    })
}

fn name(number: u64) -> String {
    let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let name = NAMES.split_whitespace().nth(index);
    let name = name.filter(|name| *name != "-");
    name.map_or_else(|| format!("ERRNO_{number}"), str::to_owned)
}

/// The C library's words, without what Rust puts behind them.
fn words(number: u64) -> String {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let text = std::io::Error::from_raw_os_error(number).to_string();
    match text.rsplit_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_names_and_words() {
        let check = |number: i64, expected: Option<&str>| {
            assert_eq!(show(number.cast_unsigned()).as_deref(), expected);
        };
        check(-2, Some("-1 ENOENT (No such file or directory)"));
        check(-38, Some("-1 ENOSYS (Function not implemented)"));
        check(-110, Some("-1 ETIMEDOUT (Connection timed out)"));
        check(-133, Some("-1 EHWPOISON (Memory page has hardware error)"));
        check(0, None);
        check(1, None);
        check(-4096, None);
        check(i64::MIN, None);
    }
}
