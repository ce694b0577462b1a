//! Memory: mmap(2), mprotect(2), munmap(2), brk(2), mremap(2), pkey_alloc(2) and its kin.

use alloc::rc::{Rc, Weak};
use core::cell::RefCell;

use linux_raw_sys::general as linux;
use unikernel_machine::space::Protection;

use super::arg::Fd;
use crate::errno::{Errno, SysResult};
use crate::fs::contents::{Contents, MAX_SIZE};
use crate::fs::device::Device;
use crate::fs::node::{Kind, Location, Mount};
use crate::fs::open::{OpenFile, Target};
use crate::kernel::Kernel;
use crate::memory::area::{Area, FileBacking, Locked, MayWrite, Promise, Role, Sharing};
use crate::memory::place::Place;
use crate::memory::protect::From;
use crate::memory::remap::{self, Left};
use crate::memory::{PAGE, budget};

/// `PROT_SEM` has no effect on x86 but is allowed.
const KNOWN_PROTECTION: u32 =
    linux::PROT_READ | linux::PROT_WRITE | linux::PROT_EXEC | linux::PROT_SEM;

/// What `MAP_SHARED_VALIDATE` knows of: Linux's `LEGACY_MAP_MASK`.
const VALIDATED: u32 = linux::MAP_TYPE
    | linux::MAP_FIXED
    | linux::MAP_ANONYMOUS
    | linux::MAP_32BIT
    | linux::MAP_DENYWRITE
    | linux::MAP_EXECUTABLE
    | linux::MAP_UNINITIALIZED
    | linux::MAP_GROWSDOWN
    | linux::MAP_LOCKED
    | linux::MAP_NORESERVE
    | linux::MAP_POPULATE
    | linux::MAP_NONBLOCK
    | linux::MAP_STACK
    | linux::MAP_HUGETLB
    | linux::MAP_HUGE_MASK << linux::MAP_HUGE_SHIFT;

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
    let has = |flag| flags & flag != 0;
    if !offset.is_multiple_of(PAGE) || len == 0 {
        return Err(Errno::EINVAL);
    }
    let file = if has(linux::MAP_ANONYMOUS) {
        None
    } else {
        let fd = Fd(usize::try_from(fd).map_err(|_| Errno::EBADF)?);
        Some(kernel.open_file(fd)?)
    };
    let visible = visibility(flags)?;
    if has(linux::MAP_HUGETLB) {
        // As on a Linux with `vm.nr_hugepages` 0: no pages are set aside for this.
        return Err(if file.is_none() {
            Errno::ENOMEM
        } else {
            Errno::EINVAL
        });
    }
    let place = if has(linux::MAP_FIXED_NOREPLACE) {
        Place::FixedIfFree(address)
    } else if has(linux::MAP_FIXED) {
        Place::Fixed(address)
    } else if has(linux::MAP_32BIT) {
        Place::Low(address)
    } else {
        Place::Hint(address)
    };
    // It is looked for before the file is looked at, as on Linux; what a file refuses is less than what has no place.
    kernel.memory.place(place, len)?;
    let protection = protection_of(protection);
    let promise = if has(linux::MAP_NORESERVE) {
        Promise::None
    } else {
        Promise::Checked
    };
    let mut area = match (file, visible) {
        (Some(file), _) => file_area(kernel, &file, protection, (offset, len), (visible, promise))?,
        (None, Visible::InFile) => shared_area(kernel, protection, len, promise)?,
        (None, Visible::Here) => Area::anonymous(protection),
    };
    if has(linux::MAP_GROWSDOWN) {
        if area.file().is_some() {
            return Err(Errno::EINVAL);
        }
        area.role = Role::GrowsDown;
    }
    if has(linux::MAP_LOCKED) {
        area.locked = Locked::AtOnce;
    }
    area.promise = promise;
    let address = kernel.memory.map(place, len, area)?;
    if has(linux::MAP_POPULATE) && !has(linux::MAP_NONBLOCK) {
        kernel.memory.populate_bytes(address, len);
    }
    usize::try_from(address).map_err(|_| Errno::ENOMEM)
}

fn visibility(flags: u32) -> Result<Visible, Errno> {
    match flags & linux::MAP_TYPE {
        linux::MAP_PRIVATE => Ok(Visible::Here),
        linux::MAP_SHARED => Ok(Visible::InFile),
        linux::MAP_SHARED_VALIDATE if flags & linux::MAP_ANONYMOUS != 0 => Err(Errno::EINVAL),
        // `MAP_SYNC` needs memory that is a disk.
        linux::MAP_SHARED_VALIDATE if flags & !VALIDATED != 0 => Err(Errno::EOPNOTSUPP),
        linux::MAP_SHARED_VALIDATE => Ok(Visible::InFile),
        _ => Err(Errno::EINVAL),
    }
}

fn file_area(
    kernel: &Kernel,
    file: &OpenFile,
    protection: Protection,
    (offset, len): (u64, u64),
    (visible, promise): (Visible, Promise),
) -> Result<Area, Errno> {
    offset
        .checked_add(len)
        .filter(|end| *end <= MAX_SIZE)
        .ok_or(Errno::EOVERFLOW)?;
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
        Target::Device(Device::Zero, _) if visible == Visible::Here => {
            return Ok(Area::anonymous(protection));
        }
        Target::Device(Device::Zero, _) => return shared_area(kernel, protection, len, promise),
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
    let backing = FileBacking {
        node,
        first: offset / PAGE,
        sharing: match visible {
            Visible::Here => Sharing::Private,
            Visible::InFile => Sharing::Shared(may_write),
        },
    };
    Ok(Area::of_file(protection, backing))
}

/// Shared anonymous memory: as on Linux a file without a name, so that all mappings of it are the same pages.
fn shared_area(
    kernel: &Kernel,
    protection: Protection,
    len: u64,
    promise: Promise,
) -> Result<Area, Errno> {
    budget::allow_kernel_memory()?;
    if promise == Promise::Checked {
        budget::allow_pages(len.div_ceil(PAGE))?;
    }
    let mut contents = Contents::new();
    contents.truncate(len.checked_next_multiple_of(PAGE).ok_or(Errno::ENOMEM)?)?;
    let node = kernel.tree.create(
        Mount::Unnamed,
        Kind::File(RefCell::new(contents)),
        linux::S_IFREG | 0o777,
        kernel.clock.now(),
    );
    // What `/proc/self/maps` shows; the parent is gone.
    *node.location.borrow_mut() = Some(Location {
        parent: Weak::new(),
        name: Rc::from(&b"/dev/zero"[..]),
    });
    let backing = FileBacking {
        node,
        first: 0,
        sharing: Sharing::Shared(MayWrite::Yes),
    };
    Ok(Area::of_file(protection, backing))
}

/// Bits that mean nothing are ignored, as mmap(2) does.
fn protection_of(bits: u32) -> Protection {
    const _: () = assert!(
        Protection::READ.bits() as u32 == linux::PROT_READ
            && Protection::WRITE.bits() as u32 == linux::PROT_WRITE
            && Protection::EXECUTE.bits() as u32 == linux::PROT_EXEC
    );
    let [low, ..] = bits.to_le_bytes();
    Protection::from_bits_truncate(low)
}

pub(super) fn mprotect(kernel: &mut Kernel, address: u64, len: u64, protection: u32) -> SysResult {
    let from = match protection & (linux::PROT_GROWSDOWN | linux::PROT_GROWSUP) {
        0 => From::Address,
        linux::PROT_GROWSDOWN => From::AreaStart,
        // Nothing grows upwards on x86.
        _ => return Err(Errno::EINVAL),
    };
    if protection & !(KNOWN_PROTECTION | linux::PROT_GROWSDOWN) != 0 {
        return Err(Errno::EINVAL);
    }
    kernel
        .memory
        .protect(address, len, protection_of(protection), from)?;
    Ok(0)
}

/// As on a processor without protection keys: only the key that all pages have, -1 for "as it is".
pub(super) fn pkey_mprotect(
    kernel: &mut Kernel,
    address: u64,
    len: u64,
    protection: u32,
    key: i32,
) -> SysResult {
    if key != -1 {
        return Err(Errno::EINVAL);
    }
    mprotect(kernel, address, len, protection)
}

/// There is no key to have.
pub(super) fn pkey_alloc(_kernel: &mut Kernel, flags: u64, rights: u64) -> SysResult {
    /// `PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE`.
    const RIGHTS: u64 = 3;
    if flags != 0 || rights & !RIGHTS != 0 {
        return Err(Errno::EINVAL);
    }
    Err(Errno::ENOSPC)
}

/// No key was had.
pub(super) fn pkey_free(_kernel: &mut Kernel, _key: i32) -> SysResult {
    Err(Errno::EINVAL)
}

pub(super) fn munmap(kernel: &mut Kernel, address: u64, len: u64) -> SysResult {
    kernel.memory.unmap_bytes(address, len)?;
    Ok(0)
}

pub(super) fn brk(kernel: &mut Kernel, wanted: u64) -> SysResult {
    usize::try_from(kernel.memory.set_break(wanted)).map_err(|_| Errno::ENOMEM)
}

pub(super) fn mremap(
    kernel: &mut Kernel,
    address: u64,
    old_len: u64,
    new_len: u64,
    flags: u32,
    target: u64,
) -> SysResult {
    let known = linux::MREMAP_MAYMOVE | linux::MREMAP_FIXED | linux::MREMAP_DONTUNMAP;
    if flags & !known != 0 {
        return Err(Errno::EINVAL);
    }
    let may_move = flags & linux::MREMAP_MAYMOVE != 0;
    let target = match (flags & linux::MREMAP_FIXED != 0, may_move) {
        (true, false) => return Err(Errno::EINVAL),
        (true, true) => remap::Target::Fixed(target),
        (false, true) => remap::Target::Anywhere,
        (false, false) => remap::Target::Stays,
    };
    let left = if flags & linux::MREMAP_DONTUNMAP != 0 {
        Left::Mapped
    } else {
        Left::Unmapped
    };
    let placed = kernel
        .memory
        .remap(address, old_len, new_len, target, left)?;
    usize::try_from(placed).map_err(|_| Errno::ENOMEM)
}
