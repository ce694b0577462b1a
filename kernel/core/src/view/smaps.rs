//! How much memory each area has taken (proc_pid_smaps(5), proc_pid_smaps_rollup(5)).
//!
//! Nobody else maps the pages, so all are private and each counts fully. What is not counted is left out: which pages were
//! referenced, and which of them are large.

use alloc::format;
use alloc::string::String;

use unikernel_machine::frame::LARGE;
use unikernel_machine::space::Protection;

use super::Text;
use crate::kernel::Kernel;
use crate::memory::area::{Area, Large, Locked, Role};
use crate::memory::usage::Taken;
use crate::memory::{PAGE, Pages, budget};

/// The text of an area with a path of usual length.
const LEN: usize = 1024;

pub(super) fn smaps(kernel: &mut Kernel) -> Text {
    budget::allow_bytes(kernel.memory.areas().count().saturating_mul(LEN))?;
    let mut text = alloc::vec::Vec::new();
    for (pages, area) in kernel.memory.areas() {
        let taken = kernel.memory.taken(pages, area);
        text.extend_from_slice(&kernel.area_line(pages, area));
        let sizes = [
            ("Size", pages.count()),
            ("KernelPageSize", 1),
            ("MMUPageSize", 1),
        ];
        let locked = locked(area, taken);
        text.extend_from_slice(lines(&sizes).as_bytes());
        text.extend_from_slice(lines(&counts(taken)).as_bytes());
        text.extend_from_slice(lines(&[("Locked", locked)]).as_bytes());
        let may_be_large = u8::from(may_be_large(pages, area));
        let flags = flags(area);
        let rest = format!("THPeligible:    {may_be_large:>8}\nVmFlags: {flags}\n");
        text.extend_from_slice(rest.as_bytes());
    }
    Ok(text)
}

pub(super) fn rollup(kernel: &mut Kernel) -> Text {
    let (mut all, mut of_files, mut kept) = (Taken::default(), 0_u64, 0_u64);
    let (mut start, mut end) = (None, 0);
    for (pages, area) in kernel.memory.areas() {
        let taken = kernel.memory.taken(pages, area);
        all.add(taken);
        of_files = of_files.saturating_add(taken.pages.saturating_sub(taken.own));
        kept = kept.saturating_add(locked(area, taken));
        start = start.or(Some(pages.address()));
        end = pages.end.saturating_mul(PAGE);
    }
    let head = format!("{:08x}-{end:08x} ---p 00000000 00:00 0", start.unwrap_or(0));
    let mut text = format!("{head:<73}[rollup]\n");
    text.push_str(&lines(&counts(all)));
    let parts = [
        ("Pss_Anon", all.own),
        ("Pss_File", of_files),
        ("Locked", kept),
    ];
    text.push_str(&lines(&parts));
    super::bytes(text)
}

/// What is told of an area and of all together, in pages.
fn counts(taken: Taken) -> [(&'static str, u64); 11] {
    [
        ("Rss", taken.pages),
        ("Pss", taken.pages),
        ("Pss_Dirty", taken.dirty),
        ("Shared_Clean", 0),
        ("Shared_Dirty", 0),
        ("Private_Clean", taken.pages.saturating_sub(taken.dirty)),
        ("Private_Dirty", taken.dirty),
        ("Anonymous", taken.own),
        // Pages that may be freed are freed at once, and there is nothing to swap to.
        ("LazyFree", 0),
        ("Swap", 0),
        ("SwapPss", 0),
    ]
}

/// Lines of sizes in pages.
fn lines(sizes: &[(&str, u64)]) -> String {
    let line = |(name, pages): &(&str, u64)| {
        let label = format!("{name}:");
        format!("{label:<16}{:>8} kB\n", pages.saturating_mul(PAGE / 1024))
    };
    sizes.iter().map(line).collect()
}

fn locked(area: &Area, taken: Taken) -> u64 {
    match area.locked {
        Locked::No => 0,
        Locked::AtOnce | Locked::OnFault => taken.pages,
    }
}

fn may_be_large(pages: Pages, area: &Area) -> bool {
    let fits = pages.start.next_multiple_of(LARGE).saturating_add(LARGE) <= pages.end;
    fits && area.file().is_none() && !area.grows() && area.large != Large::Never
}

/// Two letters each: what may be done, what it may become, and what was asked for it.
fn flags(area: &Area) -> String {
    let has = |protection| area.protection.contains(protection);
    let all = [
        ("rd", has(Protection::READ)),
        ("wr", has(Protection::WRITE)),
        ("ex", has(Protection::EXECUTE)),
        ("sh", area.is_shared()),
        ("mr", true),
        ("mw", !area.is_never_writable()),
        ("me", true),
        ("ms", area.is_shared()),
        ("gd", matches!(area.role, Role::Stack | Role::GrowsDown)),
        ("lo", area.locked != Locked::No),
        ("ac", area.takes_memory()),
        ("hg", area.large == Large::Asked),
        ("nh", area.large == Large::Never),
    ];
    let set = all.into_iter().filter(|(_, is_set)| *is_set);
    set.map(|(name, _)| format!("{name} ")).collect()
}
