//! The lint on Debian's mosquitto 2.0.11: what is known of it on each kernel.

use std::collections::BTreeSet;

use super::{Case, Debian};
use crate::findings::{Findings, text};

/// The case.
pub(super) static CASE: Case = Case {
    name: "mosquitto_debian",
    about: "what is known of Debian's broker on osv and nanos",
    packages: &[
        "libc6",
        "libcap2",
        "libcjson1",
        "libcom-err2",
        "libdlt2",
        "libgcrypt20",
        "libgpg-error0",
        "libgssapi-krb5-2",
        "libk5crypto3",
        "libkeyutils1",
        "libkrb5-3",
        "libkrb5support0",
        "liblz4-1",
        "liblzma5",
        "libnsl2",
        "libssl3",
        "libsystemd0",
        "libtirpc3",
        "libwrap0",
        "libzstd1",
        "mosquitto",
    ],
    check,
};

fn check(debian: &Debian) {
    let root = debian.root();
    let program = root.join("usr/sbin/mosquitto");
    let [osv, nanos] = Findings::of(&program, &root, ["osv", "nanos"]);
    // What the program itself lacks: glibc's asynchronous look-up of addresses.
    assert_eq!(
        osv.symbols("UK005", ""),
        ["gai_cancel", "gai_error", "getaddrinfo_a"]
    );
    assert!(osv.symbols("UK005", "libdlt.so.2").contains(&"mq_open"));
    assert!(osv.symbols("UK005", "libcap.so.2").contains(&"getxattr"));
    assert!(
        osv.symbols("UK005", "libkrb5.so.3")
            .contains(&"res_nsearch")
    );
    assert_eq!(osv.symbols("UK001", ""), ["fork"]);
    for library in [
        "libcap.so.2",
        "libdlt.so.2",
        "libgpg-error.so.0",
        "libsystemd.so.0",
        "libwrap.so.0",
    ] {
        assert_eq!(osv.symbols("UK001", library), ["fork"], "{library}");
        assert!(!osv.symbols("UK002", library).is_empty(), "{library}");
    }
    // Strong ones and no other: the weak ones' answer says so.
    let lacking: BTreeSet<&str> = osv
        .all()
        .iter()
        .filter(|finding| finding["rule"] == "UK005")
        .filter(|finding| !text(&finding["answer"]).contains("weak"))
        .map(|finding| text(&finding["symbol"]))
        .collect();
    assert_eq!(lacking.len(), 37, "{lacking:?}");
    // OSv's default build exports it, so it is not missing everywhere.
    assert!(!lacking.contains("__openat64_2"), "{lacking:?}");
    for finding in osv.all().iter().chain(nanos.all()) {
        assert_ne!(finding["library"], "libc.so.6", "{finding}");
    }
    for finding in osv.all().iter().filter(|it| it["rule"] == "UK001") {
        assert_eq!(
            finding["answer"], "is a stub: -1, errno untouched",
            "{finding}"
        );
    }
    assert_eq!(nanos.symbols("UK001", ""), ["fork"]);
}
