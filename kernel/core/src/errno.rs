//! The error numbers that a program sees, and nothing else.

use core::fmt;

use linux_raw_sys::errno;

/// What a system call gives: a number or an error number.
pub type SysResult = Result<usize, Errno>;

/// An error number of Linux (errno(3)). As wide as a result, so that a [`SysResult`] fits in two registers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Errno(usize);

impl Errno {
    /// A signal interrupted the call, and it is to be made again unless a handler runs that was installed without `SA_RESTART`
    /// (Linux's `ERESTARTSYS`). No program ever sees it.
    pub(crate) const RESTART: Self = Self(512);

    /// The value that goes into the program's `rax`: the number, negated.
    #[must_use]
    pub fn to_result(self) -> i64 {
        0_i64.wrapping_sub(self.0.cast_signed() as i64)
    }
}

macro_rules! errnos {
    ($($name:ident)*) => {
        impl Errno {
            $(
                #[doc = concat!("`", stringify!($name), "` of errno(3).")]
                pub const $name: Self = Self(errno::$name as usize);
            )*

            /// The name that errno(3) has for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    _ => "unknown error",
                }
            }
        }
    };
}

errnos! {
    E2BIG EACCES EAGAIN EBADF EBUSY ECHILD EEXIST EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE ENAMETOOLONG ENODEV ENOENT
    ENOEXEC ENOLCK ENOMEM ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EPERM ERANGE EROFS ESPIPE ESRCH ETIMEDOUT
    ETXTBSY EXDEV
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The value for the program's `rax`.
#[must_use]
pub fn encode(result: SysResult) -> i64 {
    match result {
        Ok(value) => value.cast_signed() as i64,
        Err(errno) => errno.to_result(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_negative_numbers() {
        assert_eq!(encode(Err(Errno::EPERM)), -1);
        assert_eq!(encode(Err(Errno::ENOSYS)), -38);
        assert_eq!(encode(Ok(0x7fff_f000_0000)), 0x7fff_f000_0000);
    }
}
