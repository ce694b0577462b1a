//! A folder's content: blocks, each with its entries in front and their names behind them.
//!
//! Names are sorted by bytes over the whole folder, so that a reader can search by halves, first for the block, then in it.

use super::BLOCK;
use super::inode::Kind;

/// Length of `struct erofs_dirent` in bytes: number `u64`, offset of the name `u16`, kind `u8`, 0.
const ENTRY: usize = 12;

/// Length of a folder's content in bytes: whole blocks, and the used part of the last one.
pub(super) fn len<T>(names: &[(&str, T)]) -> u64 {
    let (mut blocks, mut used) = (0, 0);
    for (name, _) in names {
        let more = (ENTRY + name.len()) as u64;
        if used + more > BLOCK {
            blocks += BLOCK;
            used = 0;
        }
        used += more;
    }
    blocks + used
}

/// The content of a folder with these sorted names, their inodes' numbers and kinds.
pub(super) fn encode(names: Vec<(&str, u64, Kind)>) -> Vec<u8> {
    let mut content = Vec::new();
    let mut rest = &names[..];
    while !rest.is_empty() {
        let mut used = 0;
        let fit = rest.iter().take_while(|(name, ..)| {
            used += ENTRY + name.len();
            used as u64 <= BLOCK
        });
        let (block, behind) = rest.split_at(fit.count());
        encode_block(block, &mut content);
        rest = behind;
        if !rest.is_empty() {
            let whole = (content.len() as u64).next_multiple_of(BLOCK);
            content.resize(usize::try_from(whole).unwrap_or(content.len()), 0);
        }
    }
    content
}

fn encode_block(names: &[(&str, u64, Kind)], content: &mut Vec<u8>) {
    let mut name_at = names.len() * ENTRY;
    for (name, nid, kind) in names {
        content.extend(nid.to_le_bytes());
        // Offsets are below the 4,096 bytes of a block.
        content.extend(u16::try_from(name_at).unwrap_or(u16::MAX).to_le_bytes());
        content.extend([*kind as u8, 0]);
        name_at += name.len();
    }
    for (name, ..) in names {
        content.extend(name.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_that_of_the_content() {
        for n in [0, 1, 2, 200, 300, 5000] {
            let names: Vec<_> = (0..n).map(|i| format!("name-{i:05}")).collect();
            let sized: Vec<_> = names.iter().map(|name| (name.as_str(), ())).collect();
            let encoded = names.iter().map(|name| (name.as_str(), 7, Kind::File));
            assert_eq!(len(&sized), encode(encoded.collect()).len() as u64, "{n}");
        }
    }

    #[test]
    fn entries_stand_before_names() {
        let content = encode(vec![(".", 1, Kind::Folder), ("ab", 2, Kind::Link)]);
        let expected = [
            1, 0, 0, 0, 0, 0, 0, 0, 24, 0, 2, 0, //
            2, 0, 0, 0, 0, 0, 0, 0, 25, 0, 7, 0, //
            b'.', b'a', b'b',
        ];
        assert_eq!(content, expected);
    }
}
