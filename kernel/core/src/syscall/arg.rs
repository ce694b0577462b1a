//! Arguments: from a register to a value of a type that says what it means.

use unikernel_machine::address::UserAddr;

use crate::errno::{Errno, SysResult};
use crate::kernel::Kernel;
use crate::process::signal::Signal;

/// A type that a register can be read as.
pub(crate) trait FromArg: Sized {
    /// Reads it, or says what is wrong with it.
    fn from_arg(raw: u64) -> Result<Self, Errno>;
}

/// A number that may be a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fd(pub(crate) usize);

/// Where a relative path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// The working directory (`AT_FDCWD`).
    Working,
    /// A directory that is open; the number may be bad, which matters only to a relative path.
    Open(i32),
}

/// The address of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathArg(pub(crate) UserAddr);

impl FromArg for u64 {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Ok(raw)
    }
}

impl FromArg for i64 {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Ok(raw.cast_signed())
    }
}

impl FromArg for usize {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Self::try_from(raw).map_err(|_| Errno::EINVAL)
    }
}

impl FromArg for u32 {
    /// The upper half of the register is not part of the argument.
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        let [a, b, c, d, ..] = raw.to_le_bytes();
        Ok(Self::from_le_bytes([a, b, c, d]))
    }
}

impl FromArg for i32 {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Ok(u32::from_arg(raw)?.cast_signed())
    }
}

impl FromArg for UserAddr {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Ok(Self(raw))
    }
}

impl FromArg for PathArg {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Ok(Self(UserAddr(raw)))
    }
}

impl FromArg for Fd {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        usize::try_from(i32::from_arg(raw)?)
            .map(Self)
            .map_err(|_| Errno::EBADF)
    }
}

impl FromArg for Base {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Ok(match i32::from_arg(raw)? {
            linux_raw_sys::general::AT_FDCWD => Self::Working,
            number => Self::Open(number),
        })
    }
}

impl FromArg for Signal {
    fn from_arg(raw: u64) -> Result<Self, Errno> {
        Self::new(u32::from_arg(raw)?).ok_or(Errno::EINVAL)
    }
}

/// A function that can be a line of the table.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a system call",
    note = "it must take `&mut Kernel` and up to six arguments that implement `FromArg`, and return `SysResult`"
)]
pub(crate) trait Handler<Args> {
    /// Reads the arguments and calls it.
    fn call(self, kernel: &mut Kernel, args: &[u64; 6]) -> SysResult;
}

macro_rules! handlers {
    ($(($($arg:ident)*))*) => {
        $(
            impl<F, $($arg: FromArg),*> Handler<($($arg,)*)> for F
            where
                F: FnOnce(&mut Kernel, $($arg),*) -> SysResult,
            {
                #[inline]
                #[expect(non_snake_case, reason = "one name for the type and its value keeps the macro readable")]
                fn call(self, kernel: &mut Kernel, args: &[u64; 6]) -> SysResult {
                    let [$($arg,)* ..] = *args;
                    self(kernel, $($arg::from_arg($arg)?),*)
                }
            }
        )*
    };
}

handlers! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E G) }

impl<F> Handler<()> for F
where
    F: FnOnce(&mut Kernel) -> SysResult,
{
    #[inline]
    fn call(self, kernel: &mut Kernel, _args: &[u64; 6]) -> SysResult {
        self(kernel)
    }
}
