use super::part::tests::osv_loader;
use super::*;

fn source() -> Source {
    Source {
        from: "/somewhere/loader.img".to_owned(),
        sha256: None,
    }
}

/// What a file with these bytes holds.
fn found(bytes: &[u8]) -> Result<Vec<Found>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any name");
    fs::write_bytes(&path, bytes).unwrap();
    bring(&path)
}

fn other_loader() -> Vec<u8> {
    let mut bytes = osv_loader();
    bytes.push(7);
    bytes
}

#[test]
fn kernel_is_found_by_kind_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(&folder.path().join("kernels"));
    assert_eq!(store.list().unwrap(), []);
    let loader = found(&osv_loader()).unwrap();
    let (kernel, written) = store.add(&loader, DEFAULT, &source()).unwrap();
    assert_eq!(written, Written::Changed);
    let part = kernel.part("loader.img").unwrap();
    assert_eq!(part.read().unwrap(), osv_loader());
    assert_eq!(part.facts.source, source());
    let again = store.add(&loader, DEFAULT, &source()).unwrap();
    assert_eq!(again, (kernel.clone(), Written::Unchanged));
    assert_eq!(store.find("osv", None).unwrap(), kernel);
    assert_eq!(store.list().unwrap(), std::slice::from_ref(&kernel));
    let error = kernel.part("loader.elf").unwrap_err();
    assert!(error.hint_text().unwrap().contains("kernel add"));
}

#[test]
fn one_is_chosen_without_a_name_and_of_several_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let add = |bytes: &[u8], name| store.add(&found(bytes).unwrap(), name, &source()).unwrap();
    add(&osv_loader(), "one");
    assert_eq!(store.find("osv", None).unwrap().name, "one");
    add(&other_loader(), "two");
    let error = store.find("osv", None).unwrap_err().to_string();
    assert!(error.contains("`one`, `two`"), "{error}");
    assert_eq!(store.find("osv", Some("two")).unwrap().name, "two");
    add(&other_loader(), DEFAULT);
    assert_eq!(store.find("osv", None).unwrap().name, DEFAULT);
    store.remove("osv", "two").unwrap();
    assert!(store.find("osv", Some("two")).is_err());
    assert!(store.remove("osv", "two").is_err());
}

#[test]
fn missing_kernel_names_the_command_that_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let check = |kind, name, message: &str, hint: &str| {
        let error = store.find(kind, name).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint_text().unwrap().contains(hint), "{error:?}");
    };
    let fetch = "cargo unikernel kernel fetch URL --sha256 HEX";
    check("osv", None, "no kernel `osv`", fetch);
    check("nanos", Some("old"), "`nanos/old`", "HEX --name old");
    check(
        "linux",
        None,
        "no kind of kernel",
        "`builtin`, `nanos`, `osv`",
    );
}

#[test]
fn what_is_refused_leaves_the_store_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let loader = found(&osv_loader()).unwrap();
    for name in ["", "..", ".hidden", "-x", "a/b", "a b", &"x".repeat(65)] {
        assert!(store.add(&loader, name, &source()).is_err(), "{name}");
    }
    assert!(!folder.path().join("osv").exists());
    store.add(&loader, DEFAULT, &source()).unwrap();
    let before = store.list().unwrap();
    let other = found(&other_loader()).unwrap();
    let error = store.add(&other, DEFAULT, &source()).unwrap_err();
    assert!(
        error.to_string().contains("another `loader.img`"),
        "{error}"
    );
    assert_eq!(store.list().unwrap(), before);
}

#[test]
fn changed_file_and_broken_record_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path());
    let loader = found(&osv_loader()).unwrap();
    let (kernel, _) = store.add(&loader, DEFAULT, &source()).unwrap();
    let part = kernel.part("loader.img").unwrap();
    fs::write_bytes(&part.path, b"something else").unwrap();
    let error = part.read().unwrap_err().to_string();
    assert!(error.contains("was changed"), "{error}");
    let record = folder.path().join("osv/default/entry.json");
    for text in [
        "{",
        "{}",
        "{\"files\":{\"../../x\":{\"sha256\":\"\",\"len\":0,\"source\":{\"from\":\"\"}}}}",
    ] {
        fs::write_bytes(&record, text.as_bytes()).unwrap();
        let error = store.list().unwrap_err().to_string();
        assert!(error.contains("is broken"), "{error}");
    }
    store.remove("osv", DEFAULT).unwrap();
    assert_eq!(store.list().unwrap(), []);
}
