//! Everything that can be added is a file in a folder and an entry in a sorted list: the two must agree.

use tests::workspace;

/// Things of one kind.
struct Registry {
    /// Their folder; its `mod.rs` has the list.
    folder: &'static str,
    /// The list's name.
    list: &'static str,
    /// The type of an entry: a file that has a static of this type is an entry.
    kind: &'static str,
}

const fn registry(folder: &'static str, list: &'static str, kind: &'static str) -> Registry {
    Registry { folder, list, kind }
}

const REGISTRIES: [Registry; 6] = [
    registry("cargo-unikernel/src/archive", "ARCHIVES", "Archive"),
    registry("cargo-unikernel/src/image", "FORMATS", "ImageFormat"),
    registry("cargo-unikernel/src/kernel", "KERNELS", "KernelTarget"),
    registry("cargo-unikernel/src/lint/rules", "RULES", "Rule"),
    registry("cargo-unikernel/src/vmm", "VMMS", "Vmm"),
    registry("tests/full/cases", "CASES", "Case"),
];

/// The modules that the list names, in its order.
fn listed(text: &str, list: &str) -> Vec<String> {
    let start = format!("static {list}: ");
    let body = text
        .split(&start)
        .nth(1)
        .unwrap_or_else(|| panic!("no `{start}`"));
    let body = body.split_once('=').map_or(body, |(_, value)| value);
    let body = body.split_once(';').map_or(body, |(value, _)| value);
    let words = body.split([',', '[', ']', '&']);
    words
        .filter_map(|word| word.trim().split_once("::"))
        .map(|(module, _)| module.to_owned())
        .collect()
}

/// The modules of the folder that hold an entry, sorted.
fn present(folder: &str, kind: &str) -> Vec<String> {
    let entry = format!(": {kind} = {kind} {{");
    let files = workspace::rust_files();
    let inside = files
        .iter()
        .filter_map(|path| Some((path, path.strip_prefix(folder)?.strip_prefix('/')?)));
    inside
        .filter(|(path, _)| workspace::read(path).contains(&entry))
        .filter_map(|(_, name)| name.split(['/', '.']).next().map(str::to_owned))
        .collect()
}

#[test]
fn each_list_is_its_folder_sorted() {
    for Registry { folder, list, kind } in REGISTRIES {
        let present = present(folder, kind);
        assert!(!present.is_empty(), "{folder} holds no `{kind}`");
        let listed = listed(&workspace::read(&format!("{folder}/mod.rs")), list);
        assert_eq!(listed, present, "`{list}` in {folder}/mod.rs");
    }
}
