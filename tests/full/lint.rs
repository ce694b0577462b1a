//! The lint on Debian's mosquitto 2.0.11: what is known of it on each kernel.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::cli::Cli;
use tests::workspace;

use super::debian::sysroot;

const PACKAGES: [&str; 21] = [
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
];

/// By rule and library (empty: the program), the symbols; and the levels that occur.
fn found(report: &Value) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for finding in report["findings"].as_array().expect("findings") {
        let key = (text(&finding["rule"]), text(&finding["library"]));
        found
            .entry(key)
            .or_default()
            .insert(text(&finding["symbol"]));
    }
    found
}

#[test]
fn mosquitto_on_osv_and_nanos() {
    let root = sysroot("mosquitto", &PACKAGES);
    let linted = Cli::new(
        workspace::root(),
        ["lint", "--kernel", "osv,nanos", "--message-format", "json"],
    )
    .arg("--sysroot")
    .arg(&root)
    .arg(root.join("usr/sbin/mosquitto"))
    .run();
    let text = linted.expect_status(0).stdout_text();
    let document: Value = serde_json::from_str(&text).expect("one document");
    let osv = found(&document["reports"][0]);
    let of = |rule: &str, library: &str| {
        let symbols = osv.get(&(rule.to_owned(), library.to_owned()));
        symbols.map_or_else(Vec::new, |symbols| {
            symbols.iter().map(String::as_str).collect()
        })
    };
    // What the program itself lacks: glibc's asynchronous look-up of addresses.
    assert_eq!(
        of("UK005", ""),
        ["gai_cancel", "gai_error", "getaddrinfo_a"]
    );
    assert!(of("UK005", "libdlt.so.2").contains(&"mq_open"));
    assert!(of("UK005", "libcap.so.2").contains(&"getxattr"));
    assert!(of("UK005", "libkrb5.so.3").contains(&"res_nsearch"));
    assert_eq!(of("UK001", ""), ["fork"]);
    for library in [
        "libcap.so.2",
        "libdlt.so.2",
        "libgpg-error.so.0",
        "libsystemd.so.0",
        "libwrap.so.0",
    ] {
        assert_eq!(of("UK001", library), ["fork"], "{library}");
        assert!(!of("UK002", library).is_empty(), "{library}");
    }
    // Strong ones and no other: the weak ones' answer says so.
    let lacking: BTreeSet<&str> = document["reports"][0]["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["rule"] == "UK005")
        .filter(|finding| {
            !finding["answer"]
                .as_str()
                .unwrap_or_default()
                .contains("weak")
        })
        .filter_map(|finding| finding["symbol"].as_str())
        .collect();
    assert_eq!(lacking.len(), 38, "{lacking:?}");
    for report in document["reports"].as_array().expect("reports") {
        for finding in report["findings"].as_array().expect("findings") {
            // Nothing here is an error: the broker was seen to run on both.
            assert_ne!(finding["level"], "error", "{finding}");
            assert_ne!(finding["library"], "libc.so.6", "{finding}");
        }
    }
    let nanos = found(&document["reports"][1]);
    assert!(nanos.contains_key(&("UK001".to_owned(), String::new())));
}
