//! Address spaces, compared with what Linux's man pages say.

use alloc::string::String;
use core::fmt::Write;

use unikernel_machine::address::{USER_END, UserAddr};
use unikernel_machine::space::Protection;
use unikernel_machine::testing::set_frames;
use unikernel_machine::user::Access;

use super::advise::LockedPages;
use super::area::{Area, Promise, Role};
use super::fault::Refusal;
use super::layout::{Layout, STACK_LIMIT, numbers};
use super::place::Place;
use super::protect::{From, READ_WRITE};
use super::remap::{Left, Target};
use super::{AddressSpace, PAGE, Pages};
use crate::errno::Errno;

const AT: u64 = 0x1000_0000;

fn space() -> AddressSpace {
    AddressSpace::new(Layout::new(numbers(7))).unwrap()
}

fn map(
    space: &mut AddressSpace,
    place: Place,
    pages: u64,
    protection: Protection,
) -> Result<u64, Errno> {
    space.map(place, pages * PAGE, Area::anonymous(protection))
}

/// Zeros to read and write that may be more than there is.
fn unpromised() -> Area {
    let mut area = Area::anonymous(READ_WRITE);
    area.promise = Promise::None;
    area
}

/// The areas near [`AT`], as `first+count protection`.
fn describe(space: &AddressSpace) -> String {
    let mut text = String::new();
    for (pages, area) in space.areas() {
        let first = pages.start - AT / PAGE;
        write!(
            text,
            "{first}+{} {:?}; ",
            pages.count(),
            area.protection.bits()
        )
        .unwrap();
    }
    text.trim_end_matches("; ").into()
}

#[test]
fn neighbours_that_are_alike_become_one() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 2, READ_WRITE).unwrap();
    map(&mut space, Place::Fixed(AT + 4 * PAGE), 2, READ_WRITE).unwrap();
    map(&mut space, Place::Fixed(AT + 2 * PAGE), 2, READ_WRITE).unwrap();
    assert_eq!(describe(&space), "0+6 3");
}

#[test]
fn unmapping_splits() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 6, READ_WRITE).unwrap();
    space.unmap_bytes(AT + 2 * PAGE, PAGE).unwrap();
    assert_eq!(describe(&space), "0+2 3; 3+3 3");
    space.unmap_bytes(AT, 10 * PAGE).unwrap();
    assert_eq!(describe(&space), "");
    assert_eq!(space.unmap_bytes(AT, PAGE), Ok(()));
}

#[test]
fn unmapping_wants_pages() {
    let mut space = space();
    assert_eq!(space.unmap_bytes(AT + 1, PAGE), Err(Errno::EINVAL));
    assert_eq!(space.unmap_bytes(AT, 0), Err(Errno::EINVAL));
    assert_eq!(space.unmap_bytes(AT, u64::MAX), Err(Errno::EINVAL));
    assert_eq!(space.unmap_bytes(USER_END, PAGE), Err(Errno::EINVAL));
}

#[test]
fn protecting_splits_and_joins() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 6, READ_WRITE).unwrap();
    space
        .protect(AT + PAGE, PAGE, Protection::READ, From::Address)
        .unwrap();
    assert_eq!(describe(&space), "0+1 3; 1+1 1; 2+4 3");
    space
        .protect(AT + 5 * PAGE, PAGE, Protection::empty(), From::Address)
        .unwrap();
    assert_eq!(describe(&space), "0+1 3; 1+1 1; 2+3 3; 5+1 0");
    space
        .protect(AT, 6 * PAGE, READ_WRITE, From::Address)
        .unwrap();
    assert_eq!(describe(&space), "0+6 3");
}

#[test]
fn protecting_a_hole_fails() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 1, READ_WRITE).unwrap();
    assert_eq!(
        space.protect(AT, 2 * PAGE, Protection::READ, From::Address),
        Err(Errno::ENOMEM)
    );
    assert_eq!(
        space.protect(AT + 8, PAGE, Protection::READ, From::Address),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        space.protect(AT, 0, Protection::READ, From::Address),
        Ok(())
    );
}

#[test]
fn fixed_place_replaces() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 4, READ_WRITE).unwrap();
    space.write(UserAddr(AT + PAGE), b"x").unwrap();
    map(&mut space, Place::Fixed(AT + PAGE), 1, Protection::READ).unwrap();
    assert_eq!(describe(&space), "0+1 3; 1+1 1; 2+2 3");
    let mut byte = [1];
    space.read(UserAddr(AT + PAGE), &mut byte).unwrap();
    assert_eq!(byte, [0]);
}

#[test]
fn fixed_places_that_are_refused() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 1, READ_WRITE).unwrap();
    assert_eq!(
        map(&mut space, Place::FixedIfFree(AT), 1, READ_WRITE),
        Err(Errno::EEXIST)
    );
    assert_eq!(
        map(&mut space, Place::Fixed(AT + 1), 1, READ_WRITE),
        Err(Errno::EINVAL)
    );
    assert_eq!(
        map(&mut space, Place::Fixed(0), 1, READ_WRITE),
        Err(Errno::EPERM)
    );
    assert_eq!(
        map(&mut space, Place::Fixed(USER_END), 1, READ_WRITE),
        Err(Errno::ENOMEM)
    );
    assert_eq!(
        map(&mut space, Place::Hint(0), 0, READ_WRITE),
        Err(Errno::EINVAL)
    );
}

#[test]
fn places_without_a_hint_go_downwards() {
    let mut space = space();
    let first = map(&mut space, Place::Hint(0), 2, READ_WRITE).unwrap();
    let second = map(&mut space, Place::Hint(0), 3, Protection::READ).unwrap();
    assert_eq!(first, space.layout().mapped_top * PAGE - 2 * PAGE);
    assert_eq!(second, first - 3 * PAGE);
    space.unmap_bytes(first, 2 * PAGE).unwrap();
    assert_eq!(map(&mut space, Place::Hint(0), 2, READ_WRITE), Ok(first));
    assert_eq!(map(&mut space, Place::Hint(AT + 5), 1, READ_WRITE), Ok(AT));
    assert_ne!(map(&mut space, Place::Hint(AT), 1, READ_WRITE), Ok(AT));
}

#[test]
fn reservation_of_gigabytes_costs_nothing() {
    set_frames(64);
    let mut space = space();
    let at = space
        .map(
            Place::Hint(0),
            8 << 30,
            Area::anonymous(Protection::empty()),
        )
        .unwrap();
    space
        .protect(at + (4 << 30), PAGE, READ_WRITE, From::Address)
        .unwrap();
    space.write(UserAddr(at + (4 << 30)), b"x").unwrap();
    assert_eq!(space.unmap_bytes(at, 8 << 30), Ok(()));
}

#[test]
fn more_than_there_is_is_refused() {
    set_frames(100);
    let mut space = space();
    assert_eq!(
        map(&mut space, Place::Hint(0), 101, READ_WRITE),
        Err(Errno::ENOMEM)
    );
    assert!(space.map(Place::Hint(0), 101 * PAGE, unpromised()).is_ok());
    let at = map(&mut space, Place::Hint(0), 101, Protection::empty()).unwrap();
    assert_eq!(
        space.protect(at, 101 * PAGE, READ_WRITE, From::Address),
        Err(Errno::ENOMEM)
    );
}

#[test]
fn touching_makes_pages_until_there_are_none() {
    set_frames(60);
    let mut space = space();
    let at = space.map(Place::Hint(0), 60 * PAGE, unpromised()).unwrap();
    let touch = |space: &mut AddressSpace, page: u64| {
        space.resolve(UserAddr(at + page * PAGE), Access::Write)
    };
    let made = (0..60)
        .take_while(|page| touch(&mut space, *page).is_ok())
        .count();
    assert_eq!(made, 12);
    assert_eq!(touch(&mut space, 20), Err(Refusal::OutOfMemory));
    space
        .forget(
            Pages::of_bytes(at, 60 * PAGE).unwrap(),
            LockedPages::Refused,
        )
        .unwrap();
    assert_eq!(touch(&mut space, 20), Ok(()));
}

#[test]
fn accesses_that_are_refused() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 1, Protection::READ).unwrap();
    assert_eq!(
        space.resolve(UserAddr(AT), Access::Write),
        Err(Refusal::Denied)
    );
    assert_eq!(
        space.resolve(UserAddr(AT), Access::Execute),
        Err(Refusal::Denied)
    );
    assert_eq!(
        space.resolve(UserAddr(AT + PAGE), Access::Read),
        Err(Refusal::NotMapped)
    );
    assert_eq!(
        space.resolve(UserAddr(u64::MAX), Access::Read),
        Err(Refusal::NotMapped)
    );
    assert_eq!(
        space.read(UserAddr(u64::MAX), &mut [0; 4]),
        Err(Errno::EFAULT)
    );
    assert_eq!(space.write(UserAddr(AT), b"x"), Err(Errno::EFAULT));
}

#[test]
fn forgotten_pages_are_zeros() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 2, READ_WRITE).unwrap();
    space.write(UserAddr(AT), b"abc").unwrap();
    space
        .forget(Pages::of_bytes(AT, PAGE).unwrap(), LockedPages::Refused)
        .unwrap();
    let mut bytes = [1; 3];
    space.read(UserAddr(AT), &mut bytes).unwrap();
    assert_eq!(bytes, [0; 3]);
    assert_eq!(
        space.forget(Pages::of_bytes(AT, 3 * PAGE).unwrap(), LockedPages::Refused),
        Err(Errno::ENOMEM)
    );
}

#[test]
fn stack_grows_to_its_limit() {
    let mut space = space();
    let top = space.map_stack(4 * PAGE).unwrap();
    assert_eq!(
        space.resolve(UserAddr(top - 20 * PAGE), Access::Write),
        Ok(())
    );
    assert_eq!(
        space.resolve(UserAddr(top - STACK_LIMIT), Access::Write),
        Ok(())
    );
    assert_eq!(
        space.resolve(UserAddr(top - STACK_LIMIT - 1), Access::Write),
        Err(Refusal::NotMapped)
    );
    let (pages, area) = space.area_at(top - 1).unwrap();
    assert_eq!(pages.count(), STACK_LIMIT / PAGE);
    assert!(matches!(area.role, Role::Stack));
}

#[test]
fn stack_keeps_its_distance() {
    let mut space = space();
    let top = space.map_stack(PAGE).unwrap();
    map(&mut space, Place::Fixed(top - 300 * PAGE), 1, READ_WRITE).unwrap();
    assert_eq!(
        space.resolve(UserAddr(top - 20 * PAGE), Access::Write),
        Ok(())
    );
    assert_eq!(
        space.resolve(UserAddr(top - 60 * PAGE), Access::Write),
        Err(Refusal::NotMapped)
    );
}

#[test]
fn heap_moves_both_ways() {
    let mut space = space();
    space.start_heap(AT);
    let start = space.set_break(0);
    assert_eq!(space.set_break(start + 10_000), start + 10_000);
    space.write(UserAddr(start + 9_999), b"x").unwrap();
    assert_eq!(space.set_break(start + 1), start + 1);
    assert_eq!(space.set_break(start - 1), start + 1);
    assert_eq!(
        space.resolve(UserAddr(start + 5_000), Access::Read),
        Err(Refusal::NotMapped)
    );
    assert_eq!(space.set_break(u64::MAX), start + 1);
}

#[test]
fn heap_does_not_run_into_a_mapping() {
    let mut space = space();
    space.start_heap(AT);
    let start = space.set_break(0);
    map(&mut space, Place::Fixed(start + 4 * PAGE), 1, READ_WRITE).unwrap();
    assert_eq!(space.set_break(start + 3 * PAGE), start + 3 * PAGE);
    assert_eq!(space.set_break(start + 4 * PAGE), start + 3 * PAGE);
}

#[test]
fn remapping_shrinks_and_grows_in_place() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 4, READ_WRITE).unwrap();
    assert_eq!(
        space.remap(AT, 4 * PAGE, 2 * PAGE, Target::Stays, Left::Unmapped),
        Ok(AT)
    );
    assert_eq!(describe(&space), "0+2 3");
    assert_eq!(
        space.remap(AT, 2 * PAGE, 5 * PAGE, Target::Stays, Left::Unmapped),
        Ok(AT)
    );
    assert_eq!(describe(&space), "0+5 3");
    assert_eq!(
        space.remap(AT, 9 * PAGE, 10 * PAGE, Target::Anywhere, Left::Unmapped),
        Err(Errno::EFAULT)
    );
}

#[test]
fn remapping_takes_the_bytes_along() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 2, READ_WRITE).unwrap();
    map(&mut space, Place::Fixed(AT + 2 * PAGE), 1, Protection::READ).unwrap();
    space.write(UserAddr(AT + PAGE), b"kept").unwrap();
    assert_eq!(
        space.remap(AT, 2 * PAGE, 3 * PAGE, Target::Stays, Left::Unmapped),
        Err(Errno::ENOMEM)
    );
    let moved = space
        .remap(AT, 2 * PAGE, 3 * PAGE, Target::Anywhere, Left::Unmapped)
        .unwrap();
    let mut bytes = [0; 4];
    space.read(UserAddr(moved + PAGE), &mut bytes).unwrap();
    assert_eq!(&bytes, b"kept");
    assert_eq!(
        space.resolve(UserAddr(AT), Access::Read),
        Err(Refusal::NotMapped)
    );
    let placed = space
        .remap(
            moved,
            3 * PAGE,
            3 * PAGE,
            Target::Fixed(AT + 64 * PAGE),
            Left::Unmapped,
        )
        .unwrap();
    space.read(UserAddr(placed + PAGE), &mut bytes).unwrap();
    assert_eq!(&bytes, b"kept");
    assert_eq!(
        space.remap(
            placed,
            3 * PAGE,
            3 * PAGE,
            Target::Fixed(placed + PAGE),
            Left::Unmapped
        ),
        Err(Errno::EINVAL)
    );
}

#[test]
fn remapping_to_absurd_lengths_is_refused() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 2, READ_WRITE).unwrap();
    let mut check = |old: u64, new: u64, expected: Result<u64, Errno>| {
        for target in [Target::Stays, Target::Anywhere] {
            let found = space.remap(AT, old, new, target, Left::Unmapped);
            assert_eq!(found, expected, "{old:#x} to {new:#x}");
        }
    };
    check(PAGE, 1 << 47, Err(Errno::EINVAL));
    check(PAGE, u64::MAX - PAGE + 1, Err(Errno::EINVAL));
    check(PAGE, u64::MAX, Err(Errno::EINVAL));
    check(1 << 48, PAGE, Err(Errno::EINVAL));
    check(1 << 47, 1 << 46, Err(Errno::EINVAL));
    check(USER_END - PAGE, USER_END - PAGE, Ok(AT));
    check(USER_END - PAGE, USER_END, Err(Errno::EFAULT));
}

#[test]
fn what_was_not_promised_may_be_more_than_there_is() {
    set_frames(100);
    let mut space = space();
    let (size, mut area) = (1 << 32, unpromised());
    area.protection = Protection::empty();
    let at = space.map(Place::Hint(0), size, area).unwrap();
    assert_eq!(space.protect(at, size, READ_WRITE, From::Address), Ok(()));
    let moved = space.remap(at, size, 2 * size, Target::Anywhere, Left::Unmapped);
    assert!(moved.is_ok());
    let promised = map(&mut space, Place::Hint(0), 60, READ_WRITE).unwrap();
    let grown = space.remap(
        promised,
        60 * PAGE,
        200 * PAGE,
        Target::Anywhere,
        Left::Unmapped,
    );
    assert_eq!(grown, Err(Errno::ENOMEM));
}

#[test]
fn copies_end_where_memory_does() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 3, READ_WRITE).unwrap();
    let end = AT + 3 * PAGE;
    let bytes: alloc::vec::Vec<u8> = (0..3 * PAGE).map(|i| (i % 251) as u8).collect();
    for skew in [0, 1, 63, 64, 65, PAGE - 1, PAGE, PAGE + 5] {
        let (from, room) = (UserAddr(AT + skew), (3 * PAGE - skew) as usize);
        space
            .forget(Pages::of_bytes(AT, 3 * PAGE).unwrap(), LockedPages::Refused)
            .unwrap();
        assert_eq!(space.write_some(from, &bytes), room, "at {skew}");
        let mut read = bytes.clone();
        read.fill(255);
        assert_eq!(space.read_some(from, &mut read), room, "at {skew}");
        assert_eq!(read[..room], bytes[..room]);
        assert!(read[room..].iter().all(|byte| *byte == 255));
        assert_eq!(space.zero_some(from, bytes.len()), room, "at {skew}");
        let whole = space.write(from, &bytes);
        assert_eq!(whole.is_ok(), skew == 0, "at {skew}");
    }
    assert_eq!(space.write_some(UserAddr(end), b"x"), 0);
    assert_eq!(space.read_some(UserAddr(u64::MAX), &mut [0; 4]), 0);
}

#[test]
fn texts_end_with_a_nul() {
    let mut space = space();
    map(&mut space, Place::Fixed(AT), 2, READ_WRITE).unwrap();
    space.write(UserAddr(AT + PAGE - 3), b"path\0").unwrap();
    assert_eq!(
        space.read_text(UserAddr(AT + PAGE - 3)),
        Ok(b"path".to_vec())
    );
    space.write(UserAddr(AT + 2 * PAGE - 2), b"ab").unwrap();
    assert_eq!(
        space.read_text(UserAddr(AT + 2 * PAGE - 2)),
        Err(Errno::EFAULT)
    );
    space.write(UserAddr(AT), &[b'x'; 5000]).unwrap();
    assert_eq!(space.read_text(UserAddr(AT)), Err(Errno::ENAMETOOLONG));
}
