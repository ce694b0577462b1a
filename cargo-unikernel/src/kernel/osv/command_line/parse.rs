//! Reading a command line as OSv does: what an image starts, whoever made it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};

use super::{CARRIED, os_string};
use crate::error::{Error, Result};
use crate::launch::Launch;
use crate::network::{Fixed, Network};
use crate::program::launcher;
use crate::root::RootPath;

/// What a command line starts.
///
/// # Errors
/// When it starts nothing, or several things, or what it starts has no path.
pub(in crate::kernel::osv) fn launch(line: &[u8]) -> Result<Launch> {
    let unfit = |why: &str| {
        let line = String::from_utf8_lossy(line).escape_debug().to_string();
        Error::input(format!("the command line `{line}` {why}"))
    };
    let (options, command) = options(line);
    let mut env = BTreeMap::new();
    let mut network = Network::Unsaid;
    for option in options {
        if let Some(variable) = option.strip_prefix(b"--env=") {
            let at = variable.iter().position(|byte| *byte == b'=');
            let (name, value) = variable.split_at(at.unwrap_or(variable.len()));
            let value = value.get(1..).unwrap_or_default().to_vec();
            env.insert(String::from_utf8_lossy(name).into_owned(), os_string(value));
        } else {
            told(&mut network, &String::from_utf8_lossy(&option));
        }
    }
    let words = words(command).ok_or_else(|| unfit("starts several programs, or is broken"))?;
    let mut words = words.into_iter().map(|word| expanded(word, &env));
    let first = words.next().ok_or_else(|| unfit("starts nothing"))?;
    let path = |word: &OsString| {
        let path = word.to_string_lossy();
        RootPath::parse(&path).map_err(|_| unfit("starts a program without saying where it lies"))
    };
    let program = path(&first)?;
    let name = match first == launcher::GUEST_PATH {
        true => words.next(),
        false => None,
    };
    let name = name.as_ref().map(path).transpose()?;
    let args = words.collect();
    env.retain(|name, _| !name.starts_with(CARRIED));
    Ok(Launch {
        name: name.unwrap_or_else(|| program.clone()),
        program,
        args,
        env,
        network,
    })
}

/// What an option says about the network.
fn told(network: &mut Network, option: &str) {
    let address = |text: &str| text.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    match (option.split_once('='), &mut *network) {
        (Some(("--ip", value)), _) => {
            let parts: Vec<&str> = value.split(',').collect();
            let [_, own, mask] = parts[..] else { return };
            let mask = mask.parse::<Ipv4Addr>().map(u32::from);
            if let (Some(own), Ok(mask)) = (address(own), mask) {
                *network = Network::Fixed(Fixed {
                    address: own,
                    prefix: u8::try_from(mask.leading_ones()).unwrap_or(32),
                    gateway: None,
                    dns: None,
                });
            }
        }
        (Some(("--defaultgw", value)), Network::Fixed(fixed)) => fixed.gateway = address(value),
        (Some(("--nameserver", value)), Network::Fixed(fixed)) => fixed.dns = address(value),
        _ => {}
    }
}

/// The options at the start, with backslashes taken away, and the rest.
fn options(line: &[u8]) -> (Vec<Vec<u8>>, &[u8]) {
    let is_blank = |byte: &u8| b" \t\n".contains(byte);
    let mut options = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if !rest.starts_with(b"-") {
            return (options, rest);
        }
        let (mut option, mut at) = (Vec::new(), 0);
        while let Some(byte) = rest.get(at).filter(|byte| !is_blank(byte)) {
            let escaped = rest.get(at + 1).filter(|_| *byte == b'\\');
            option.push(*escaped.unwrap_or(byte));
            at += if escaped.is_some() { 2 } else { 1 };
        }
        options.push(option);
        rest = rest.get(at..).unwrap_or_default();
    }
}

/// The words of a single command; `None` when it is broken, or more than one.
fn words(command: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = command.trim_ascii();
    while let Some(first) = rest.first() {
        let mut word = Vec::new();
        let is_quoted = *first == b'"';
        let mut at = usize::from(is_quoted);
        loop {
            match (rest.get(at), is_quoted) {
                (None, true) => return None,
                (None | Some(b' '), false) | (Some(b'"'), true) => break,
                (Some(b';' | b'&' | b'!'), false) => return None,
                (Some(byte), _) if !byte.is_ascii() => return None,
                (Some(b'\\'), _) if rest.get(at + 1).copied().and_then(unescaped).is_some() => {
                    word.extend(rest.get(at + 1).copied().and_then(unescaped));
                    at += 2;
                }
                (Some(byte), _) => {
                    word.push(*byte);
                    at += 1;
                }
            }
        }
        words.push(word);
        at += usize::from(is_quoted);
        rest = rest.get(at..).unwrap_or_default().trim_ascii_start();
    }
    Some(words)
}

/// C's escapes.
fn unescaped(byte: u8) -> Option<u8> {
    Some(match byte {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' | b'\'' | b'"' => byte,
        _ => return None,
    })
}

/// A word with its variable replaced: all behind the first `$` is a name.
fn expanded(word: Vec<u8>, env: &BTreeMap<String, OsString>) -> OsString {
    let Some(at) = word.iter().position(|byte| *byte == b'$') else {
        return os_string(word);
    };
    let (before, name) = word.split_at(at);
    let name = String::from_utf8_lossy(name.get(1..).unwrap_or_default());
    let mut expanded = os_string(before.to_vec());
    expanded.push(env.get(&*name).cloned().unwrap_or_default());
    expanded
}
