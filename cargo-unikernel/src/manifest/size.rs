//! Sizes as people write them: a number of bytes, or one with K, M or G (powers of 1024).

use serde::Deserialize;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Written")]
pub struct Size(pub u64);

/// A size in TOML: a string or a number.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a size such as \"64M\" or a number of bytes"
)]
enum Written {
    Text(String),
    Bytes(u64),
}

impl TryFrom<Written> for Size {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Bytes(bytes) => Ok(Self(bytes)),
            Written::Text(text) => text.parse(),
        }
    }
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let (digits, unit) = match trimmed.char_indices().last() {
            Some((at, 'K' | 'k')) => (&trimmed[..at], 1 << 10),
            Some((at, 'M' | 'm')) => (&trimmed[..at], 1 << 20),
            Some((at, 'G' | 'g')) => (&trimmed[..at], 1 << 30),
            _ => (trimmed, 1),
        };
        let number: Option<u64> = digits.parse().ok();
        number
            .and_then(|number| number.checked_mul(unit))
            .map(Self)
            .ok_or_else(|| {
                format!("`{text}` is no size: write a number of bytes, or one with K, M or G")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_1024() {
        let check = |text: &str, expected| {
            assert_eq!(
                text.parse::<Size>().ok().map(|size| size.0),
                expected,
                "{text}"
            );
        };
        check("4096", Some(4096));
        check("64M", Some(64 << 20));
        check("1g", Some(1 << 30));
        check("8K", Some(8192));
        check("M", None);
        check("64MB", None);
        check("-1", None);
        check("1.5G", None);
        check("99999999999G", None);
    }
}
