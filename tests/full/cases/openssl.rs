//! Debian's openssl.

use super::{Case, Debian};
use crate::same::Program;

/// The case.
pub(super) static CASE: Case = Case {
    name: "openssl",
    about: "digests, ciphers, keys and signatures by openssl",
    packages: &["libc6", "libssl3", "openssl"],
    check,
};

const DIGESTS: [&str; 9] = [
    "-md5",
    "-sha1",
    "-sha256",
    "-sha384",
    "-sha512",
    "-sha3-256",
    "-blake2b512",
    "-sm3",
    "-shake128",
];
const CIPHERS: [&str; 8] = [
    "-aes-128-cbc",
    "-aes-256-ctr",
    "-aes-256-cbc",
    "-aria-128-cbc",
    "-camellia-256-cbc",
    "-chacha20",
    "-des-ede3-cbc",
    "-sm4-ctr",
];
/// A key of 32 bytes and a start of 16, in hexadecimal.
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn check(debian: &Debian) {
    let openssl = Program::of(
        debian,
        "usr/bin/openssl",
        &[("work/text", b"one line\n")],
        &[],
    );
    let text: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    for digest in DIGESTS {
        openssl.same_reading(&text, &["dgst", digest]);
    }
    openssl.same_reading(&text, &["dgst", "-sha256", "-hmac", "key"]);
    for cipher in CIPHERS {
        let words = ["enc", cipher, "-iv", &KEY[..32], "-K"];
        let key = match cipher {
            "-aes-128-cbc" | "-aria-128-cbc" | "-sm4-ctr" => &KEY[..32],
            "-des-ede3-cbc" => &KEY[..48],
            _ => KEY,
        };
        let hidden = openssl.same_reading(&text, &[&words[..], &[key, "-base64"]].concat());
        let back = openssl.same_reading(
            &hidden.stdout,
            &[&words[..], &[key, "-d", "-base64"]].concat(),
        );
        assert!(back.stdout == text, "{cipher}: what came back differs");
    }
    let words = [
        "enc",
        "-aes-256-cbc",
        "-pbkdf2",
        "-S",
        "0011223344556677",
        "-pass",
        "pass:secret",
    ];
    openssl.same_reading(&text, &words);
    openssl.same(&["prime", "-hex", "FFFFFFFFFFFFFFC5"]);
    openssl.same(&["asn1parse", "-genstr", "UTF8:word"]);
    openssl.same(&[
        "kdf",
        "-keylen",
        "32",
        "-kdfopt",
        "digest:SHA256",
        "-kdfopt",
        "pass:a",
        "-kdfopt",
        "salt:b",
        "PBKDF2",
    ]);
}
