//! Where a manifest names each guest file: what is wrong with one shows only when the root tree is planned.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::raw::Raw;
use crate::place::Place;
use crate::root::RootPath;

impl Raw {
    /// The same with the places of its files; it was read from this text, at these keys from the top.
    #[must_use]
    pub(super) fn placed(mut self, path: &Path, text: &Arc<str>, keys: &[&str]) -> Self {
        let Ok(top) = DeTable::parse(text) else {
            return self;
        };
        let mut table = Some(top.get_ref());
        for key in keys {
            table = table.and_then(|table| below(table, key));
        }
        if let Some(table) = table {
            self.place(path, text, table);
        }
        self
    }

    fn place(&mut self, path: &Path, text: &Arc<str>, table: &DeTable<'_>) {
        self.places = below(table, "files").map_or_else(BTreeMap::new, |files| {
            let places = files.iter().filter_map(|(guest, file)| {
                let place = Place {
                    path: path.to_owned(),
                    text: text.clone(),
                    span: file.span(),
                };
                Some((RootPath::parse(guest.get_ref()).ok()?, place))
            });
            places.collect()
        });
        for (name, raw) in &mut self.bin {
            if let Some(table) = below(table, "bin").and_then(|bins| below(bins, name)) {
                raw.place(path, text, table);
            }
        }
    }
}

fn below<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    match table.get(key)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, keys: &[&str], raw: Raw) -> Vec<(String, String)> {
        let placed = raw.placed(Path::new("a.toml"), &text.into(), keys);
        let shown = |(path, place): (&RootPath, &Place)| {
            let first = place.to_string().lines().next().unwrap().to_owned();
            (path.to_string(), first)
        };
        let bins = placed.bin.values().flat_map(|raw| &raw.places);
        placed.places.iter().chain(bins).map(shown).collect()
    }

    #[test]
    fn each_file_has_the_place_of_its_value() {
        let text = "[files]\n\"/a\" = \"x\"\n[bin.tool.files]\n\"/b\" = { host = \"y\" }\n";
        let raw: Raw = toml::from_str(text).unwrap();
        let expected = [("/a", " --> a.toml:2:8"), ("/b", " --> a.toml:4:8")];
        let expected = expected.map(|(path, place)| (path.to_owned(), place.to_owned()));
        assert_eq!(lines(text, &[], raw), expected);
    }

    #[test]
    fn table_may_lie_deep() {
        let text = "[package.metadata.unikernel]\nfiles.\"/a\" = \"x\"\n";
        let keys = ["package", "metadata", "unikernel"];
        let expected = ("/a".to_owned(), " --> a.toml:2:14".to_owned());
        assert_eq!(lines(text, &keys, Raw::default()), [expected]);
        assert_eq!(lines(text, &["workspace"], Raw::default()), []);
    }
}
