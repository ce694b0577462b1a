//! Memory: mmap(2), mprotect(2), munmap(2), brk(2), madvise(2), mremap(2), msync(2).

use linux_raw_sys::general as linux;
use unikernel_machine::space::Protection;

use super::arg::Fd;
use crate::errno::{Errno, SysResult};
use crate::fs::contents::MAX_SIZE;
use crate::fs::device::Device;
use crate::fs::node::Kind;
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;
use crate::memory::area::{Area, Backing, FileBacking, MayWrite, Role, Sharing};
use crate::memory::map::{Place, Promise};
use crate::memory::remap::MayMove;
use crate::memory::{PAGE, Pages};

/// `PROT_SEM` has no effect on x86 but is allowed.
const KNOWN_PROTECTION: u32 =
    linux::PROT_READ | linux::PROT_WRITE | linux::PROT_EXEC | linux::PROT_SEM;

/// Where a write to a mapping can be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visible {
    /// In the mapping alone (`MAP_PRIVATE`).
    Here,
    /// In the file too (`MAP_SHARED`).
    InFile,
}

pub(super) fn mmap(
    kernel: &mut Kernel,
    address: u64,
    len: u64,
    protection: u32,
    flags: u32,
    fd: i32,
    offset: u64,
) -> SysResult {
    if flags & linux::MAP_HUGETLB != 0
        || flags & linux::MAP_GROWSDOWN != 0
        || !offset.is_multiple_of(PAGE)
    {
        return Err(Errno::EINVAL);
    }
    let place = if flags & linux::MAP_FIXED_NOREPLACE != 0 {
        Place::FixedIfFree(address)
    } else if flags & linux::MAP_FIXED != 0 {
        Place::Fixed(address)
    } else {
        Place::Hint(address)
    };
    let visible = match flags & linux::MAP_TYPE {
        linux::MAP_PRIVATE => Visible::Here,
        linux::MAP_SHARED | linux::MAP_SHARED_VALIDATE => Visible::InFile,
        _ => return Err(Errno::EINVAL),
    };
    let protection = protection_of(protection)?;
    let area = if flags & linux::MAP_ANONYMOUS != 0 {
        // Shared with nobody: there is one process.
        Area::anonymous(protection)
    } else {
        let fd = Fd(usize::try_from(fd).map_err(|_| Errno::EBADF)?);
        let file = kernel.open_file(fd)?;
        offset
            .checked_add(len)
            .filter(|end| *end <= MAX_SIZE)
            .ok_or(Errno::EOVERFLOW)?;
        file_area(&file, protection, offset, visible)?
    };
    let promise = if flags & linux::MAP_NORESERVE != 0 {
        Promise::None
    } else {
        Promise::Checked
    };
    let address = kernel.memory.map(place, len, area, promise)?;
    usize::try_from(address).map_err(|_| Errno::ENOMEM)
}

fn file_area(
    file: &OpenFile,
    protection: Protection,
    offset: u64,
    visible: Visible,
) -> Result<Area, Errno> {
    if file.is_name() {
        return Err(Errno::EBADF);
    }
    if !file.is_readable()
        || (visible == Visible::InFile
            && protection.contains(Protection::WRITE)
            && !file.is_writable())
    {
        return Err(Errno::EACCES);
    }
    let node = match &file.target {
        Target::Device(Device::Zero, _) => return Ok(Area::anonymous(protection)),
        Target::Node(node) if matches!(node.kind, Kind::File(_)) => node.clone(),
        _ => return Err(Errno::ENODEV),
    };
    let is_sealed =
        matches!(&node.kind, Kind::File(contents) if !contents.borrow().may_be_written());
    if is_sealed && visible == Visible::InFile && protection.contains(Protection::WRITE) {
        return Err(Errno::EPERM);
    }
    let may_write = if file.is_writable() && !is_sealed {
        MayWrite::Yes
    } else {
        MayWrite::No
    };
    Ok(Area {
        protection,
        backing: Backing::File(FileBacking {
            node,
            first: offset / PAGE,
            sharing: match visible {
                Visible::Here => Sharing::Private,
                Visible::InFile => Sharing::Shared(may_write),
            },
        }),
        role: Role::Mapped,
    })
}

fn protection_of(bits: u32) -> Result<Protection, Errno> {
    if bits & !KNOWN_PROTECTION != 0 {
        return Err(Errno::EINVAL);
    }
    let pairs = [
        (linux::PROT_READ, Protection::READ),
        (linux::PROT_WRITE, Protection::WRITE),
        (linux::PROT_EXEC, Protection::EXECUTE),
    ];
    Ok(pairs
        .into_iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(_, protection)| protection)
        .collect())
}

pub(super) fn mprotect(kernel: &mut Kernel, address: u64, len: u64, protection: u32) -> SysResult {
    kernel
        .memory
        .protect(address, len, protection_of(protection)?)?;
    Ok(0)
}

pub(super) fn munmap(kernel: &mut Kernel, address: u64, len: u64) -> SysResult {
    kernel.memory.unmap_bytes(address, len)?;
    Ok(0)
}

pub(super) fn brk(kernel: &mut Kernel, wanted: u64) -> SysResult {
    usize::try_from(kernel.memory.set_break(wanted)).map_err(|_| Errno::ENOMEM)
}

pub(super) fn madvise(kernel: &mut Kernel, address: u64, len: u64, advice: u32) -> SysResult {
    if !address.is_multiple_of(PAGE) {
        return Err(Errno::EINVAL);
    }
    if !is_advice(advice) {
        return Err(Errno::EINVAL);
    }
    if len == 0 {
        return Ok(0);
    }
    let pages = Pages::of_bytes(address, len).ok_or(Errno::EINVAL)?;
    match advice {
        // Those whose pages may be freed at any time are freed now.
        linux::MADV_DONTNEED | linux::MADV_FREE => kernel.memory.forget(pages)?,
        _ if kernel.memory.is_mapped(pages) => {}
        _ => return Err(Errno::ENOMEM),
    }
    Ok(0)
}

/// Advice that may be ignored, and the two that are not. What promises an effect (`MADV_REMOVE`, `MADV_WIPEONFORK`,
/// `MADV_POPULATE_READ` and the like) is not among them.
fn is_advice(advice: u32) -> bool {
    matches!(
        advice,
        linux::MADV_NORMAL
            | linux::MADV_RANDOM
            | linux::MADV_SEQUENTIAL
            | linux::MADV_WILLNEED
            | linux::MADV_DONTNEED
            | linux::MADV_FREE
            | linux::MADV_DONTFORK
            | linux::MADV_DOFORK
            | linux::MADV_MERGEABLE
            | linux::MADV_UNMERGEABLE
            | linux::MADV_HUGEPAGE
            | linux::MADV_NOHUGEPAGE
            | linux::MADV_DONTDUMP
            | linux::MADV_DODUMP
            | linux::MADV_COLD
            | linux::MADV_PAGEOUT
    )
}

pub(super) fn mremap(
    kernel: &mut Kernel,
    address: u64,
    old_len: u64,
    new_len: u64,
    flags: u32,
    target: u64,
) -> SysResult {
    if flags & !(linux::MREMAP_MAYMOVE | linux::MREMAP_FIXED) != 0 {
        return Err(Errno::EINVAL);
    }
    let may_move = if flags & linux::MREMAP_MAYMOVE != 0 {
        MayMove::Yes
    } else {
        MayMove::No
    };
    let placed = match (flags & linux::MREMAP_FIXED != 0, may_move) {
        (true, MayMove::No) => return Err(Errno::EINVAL),
        (true, MayMove::Yes) => kernel.memory.remap_to(address, old_len, new_len, target)?,
        (false, may_move) => kernel.memory.remap(address, old_len, new_len, may_move)?,
    };
    usize::try_from(placed).map_err(|_| Errno::ENOMEM)
}

pub(super) fn msync(kernel: &mut Kernel, address: u64, len: u64, flags: u32) -> SysResult {
    let both = linux::MS_SYNC | linux::MS_ASYNC;
    if !address.is_multiple_of(PAGE)
        || flags & !(both | linux::MS_INVALIDATE) != 0
        || flags & both == both
    {
        return Err(Errno::EINVAL);
    }
    if len == 0 {
        return Ok(0);
    }
    // A shared page is the file's own: there is nothing to write back.
    let pages = Pages::of_bytes(address, len).ok_or(Errno::ENOMEM)?;
    if kernel.memory.is_mapped(pages) {
        Ok(0)
    } else {
        Err(Errno::ENOMEM)
    }
}
