//! Frames, written and read back.

extern crate std;

use std::vec::Vec;

use super::*;

const AT: Place<'static> = Place {
    module: b"/hello",
    offset: 0x1139,
};

const EACH: [Report<'static>; 14] = [
    Report::Started {
        entry_tsc: 5,
        program_tsc: 7,
    },
    Report::Exited { status: 42 },
    Report::Killed { signal: 6 },
    Report::Fault {
        signal: 11,
        code: 1,
        address: 0,
        access: 1,
        at: AT,
        instruction: &[0xc7, 0x00],
    },
    Report::Refused {
        number: 57,
        rule: b"UK001",
        at: AT,
    },
    Report::Unknown {
        number: 425,
        at: AT,
    },
    Report::CannotStart {
        reason: b"no such file",
    },
    Report::Panic { reason: b"" },
    Report::OutOfMemory { total: 1 << 23 },
    Report::Stack {
        registers: &[7; 8 * REGISTERS],
        at: 0x7000,
        bytes: &[1, 2, 3],
        modules: Places(&[2, 0, 0, 0, b'/', b'a', 7, 0, 0, 0, 0, 0, 0, 0]),
    },
    Report::Called {
        thread: 1,
        number: 0,
        args: [1, 2, 3, 4, 5, 6],
        memory: Pieces(&[1, 1, 0, b'x']),
    },
    Report::Returned {
        thread: 1,
        result: 1,
        memory: Pieces(&[]),
    },
    Report::Signalled {
        signal: 11,
        code: 1,
        about: 9,
    },
    Report::Held {
        start: 1,
        program: 2,
        interpreter: 3,
    },
];

#[test]
fn round_trip() {
    let mut bytes = Vec::new();
    for report in EACH {
        report.encode(&mut bytes);
    }
    let mut rest = &bytes[..];
    for report in EACH {
        let Decoded::Report(found, used) = decode(rest) else {
            panic!("{report:?} is not read back");
        };
        assert_eq!(found, report);
        rest = &rest[used..];
    }
    assert!(rest.is_empty());
}

#[test]
fn every_truncation_is_incomplete() {
    let mut bytes = Vec::new();
    EACH[3].encode(&mut bytes);
    for len in 0..bytes.len() {
        assert_eq!(decode(&bytes[..len]), Decoded::Incomplete, "{len} bytes");
    }
}

#[test]
fn places_one_after_the_other() {
    let mut bytes = Vec::new();
    let other = Place {
        module: b"",
        offset: 9,
    };
    Places::put(&mut bytes, AT);
    Places::put(&mut bytes, other);
    let all: Vec<_> = Places(&bytes).iter().collect();
    assert_eq!(all, [AT, other]);
    let cut: Vec<_> = Places(&bytes[..bytes.len() - 1]).iter().collect();
    assert_eq!(cut, [AT]);
}

#[test]
fn noise_is_broken() {
    assert_eq!(decode(b"SeaBIOS (version 1.16)"), Decoded::Broken);
    assert_eq!(decode(&[0x52, 0x55, 99, 0, 0, 0, 0, 0]), Decoded::Broken);
    assert_eq!(
        decode(&[0x52, 0x55, 1, 0, 255, 255, 255, 255]),
        Decoded::Broken
    );
}

#[test]
fn fault_without_its_instruction_is_one() {
    let mut bytes = Vec::new();
    let fault = Report::Fault {
        signal: 11,
        code: 1,
        address: 5,
        access: 0,
        at: AT,
        instruction: &[],
    };
    fault.encode(&mut bytes);
    let expected = bytes.clone();
    // The length of the instruction's bytes, which come last, is left out.
    bytes.truncate(bytes.len() - 4);
    let len = u32::try_from(bytes.len() - HEADER).unwrap();
    bytes[4..8].copy_from_slice(&len.to_le_bytes());
    let Decoded::Report(report, used) = decode(&bytes) else {
        panic!("it is broken");
    };
    assert_eq!((report, used), (fault, expected.len() - 4));
}
