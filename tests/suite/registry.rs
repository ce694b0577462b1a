//! Everything that can be added is a file in a folder and an entry in a sorted list: the two must agree.

use tests::workspace;

/// A folder of things of one kind, the file with their list, and the list's name.
struct Registry {
    folder: &'static str,
    list: &'static str,
    name: &'static str,
    /// Files of the folder that are no entry.
    beside: &'static [&'static str],
}

const REGISTRIES: [Registry; 0] = [];

/// The words of a list that stand before `::` or `,`, in order.
fn entries(text: &str, name: &str) -> Vec<String> {
    let list = text.split(name).nth(1).expect("the list is in the file");
    let body = list.split_once('=').expect("a list has a value").1;
    let body = body.split("];").next().unwrap_or("");
    let words = body.split([',', '[', '&', '\n', ' ', '(', ')']);
    words
        .filter_map(|word| {
            word.trim()
                .split_once("::")
                .map(|(module, _)| module.to_owned())
        })
        .collect()
}

#[test]
fn each_list_is_its_folder_sorted() {
    for registry in REGISTRIES {
        let files = workspace::files();
        let mut modules: Vec<String> = files
            .iter()
            .filter_map(|path| path.strip_prefix(registry.folder)?.strip_prefix('/'))
            .map(|path| path.split(['/', '.']).next().unwrap_or(path).to_owned())
            .filter(|module| module != "mod" && !registry.beside.contains(&module.as_str()))
            .collect();
        modules.sort();
        modules.dedup();
        assert!(!modules.is_empty(), "{} is empty", registry.folder);
        let listed = entries(&workspace::read(registry.list), registry.name);
        assert_eq!(listed, modules, "`{}` in {}", registry.name, registry.list);
    }
}
