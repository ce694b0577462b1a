//! OSv's command line: options of the kernel, then the program and its arguments.
//!
//! Options are parted at blanks, and a backslash keeps what follows it (OSv, `core/commands.cc`, `loader_parse_cmdline`). Words
//! of the command may stand in double quotes, with C's escapes. Two things no quotes can hold: from `$` on, a word is taken for
//! the name of a variable, and bytes above 127 end the parser. Such a word comes through a variable of its own, which the
//! shim takes out of the environment before the program sees it.

mod parse;

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

pub(super) use parse::launch;

use crate::error::{Error, Result};
use crate::launch::Launch;
use crate::network::{Fixed, Network};

/// Bytes that the boot sector reads as the command line, its NUL included.
pub(super) const MAX_LEN: usize = 63 * 512;

/// Bytes of a command line, its NUL included, that reach a kernel which is started directly. QEMU's loader for that
/// (`pc-bios/optionrom/pvh_main.c`) leaves the line in a buffer below 0x2200, where its compiler put it: from 0x11c0 on in those
/// that were looked at. OSv reads it there only after it has written what it boots with to 0x1000 and the map of the memory to
/// 0x2000 (OSv, `arch/x64/pvh-boot.cc`), over it. This much is free of both wherever the buffer begins among the loader's
/// variables, the first of which lies at 0x5a0.
pub(super) const MAX_DIRECT_LEN: usize = 2048;

/// What each command line begins with: the file system is not looked for, a kernel that gives up ends the machine, and what the
/// image has in `/init` are files and no commands.
const ALWAYS: &str = "--rootfs=rofs --power-off-on-abort --noinit";

/// The variables that carry words are called so, with a number behind.
const CARRIED: &str = "UNIKERNEL_ARG";

/// The command line that starts `launch`, without a NUL.
///
/// # Errors
/// When a variable, an argument or the network can't be said on OSv's command line, or all of it is too long.
pub(super) fn compose(launch: &Launch) -> Result<Vec<u8>> {
    let mut line = Vec::from(ALWAYS);
    for option in network(&launch.network)? {
        line.push(b' ');
        line.extend(option.as_bytes());
    }
    for (name, value) in &launch.env {
        if name.starts_with(CARRIED) {
            return Err(Error::input(format!(
                "the environment variable `{name}` can't be given on osv: `{CARRIED}...` carry arguments there"
            )));
        }
        variable(&mut line, name, value)?;
    }
    let first = (launch.program != launch.name).then(|| launch.program.to_string());
    let name = launch.name.to_string();
    let own = first.into_iter().chain([name]).map(OsString::from);
    let words: Vec<OsString> = own.chain(launch.args.iter().cloned()).collect();
    let mut command = Vec::new();
    for (number, word) in words.iter().enumerate() {
        command.push(b' ');
        let is_plain = word.is_ascii() && !word.as_bytes().contains(&b'$');
        if is_plain {
            quote(&mut command, word)?;
        } else {
            let carrier = format!("{CARRIED}{number}");
            variable(&mut line, &carrier, word)?;
            command.extend(format!("${carrier}").bytes());
        }
    }
    line.extend(command);
    if line.len() >= MAX_LEN {
        return Err(Error::input(format!(
            "arguments and environment take {} bytes of OSv's command line, which has {}",
            line.len() + 1,
            MAX_LEN
        ))
        .hint("put what is long into a file ([files])"));
    }
    Ok(line)
}

/// The options of the network; none leaves it to DHCP.
fn network(network: &Network) -> Result<Vec<String>> {
    let fixed = match network {
        Network::Unsaid | Network::Dhcp => return Ok(Vec::new()),
        Network::Fixed(fixed) => fixed,
    };
    let v4 = |what: &str, address: IpAddr| match address {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(address) => Err(Error::input(format!(
            "[net] {what} = {address}: OSv speaks IPv4 only"
        ))),
    };
    let Fixed {
        address, prefix, ..
    } = *fixed;
    let address = v4("address", address)?;
    let mask = Ipv4Addr::from(u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0));
    let mut options = vec![format!("--ip=eth0,{address},{mask}")];
    if let Some(gateway) = fixed.gateway {
        options.push(format!("--defaultgw={}", v4("gateway", gateway)?));
    }
    if let Some(dns) = fixed.dns {
        options.push(format!("--nameserver={}", v4("dns", dns)?));
    }
    Ok(options)
}

/// Adds ` --env=NAME=VALUE`.
fn variable(line: &mut Vec<u8>, name: &str, value: &OsStr) -> Result<()> {
    if name.is_empty() || name.contains(['=', '\0']) || value.as_bytes().contains(&0) {
        return Err(Error::input(format!(
            "environment variable `{}` can't be given to a program: a name is not empty, without `=`, and neither name nor value has a NUL byte",
            name.escape_debug()
        )));
    }
    line.extend(b" --env=");
    for byte in [name.as_bytes(), b"=", value.as_bytes()].concat() {
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\\') {
            line.push(b'\\');
        }
        line.push(byte);
    }
    Ok(())
}

/// Adds a word, in quotes where it is not of letters, digits and a few signs.
fn quote(line: &mut Vec<u8>, word: &OsStr) -> Result<()> {
    let bytes = word.as_bytes();
    if bytes.contains(&0) {
        return Err(Error::input(format!(
            "the argument `{}` has a NUL byte",
            word.to_string_lossy().escape_debug()
        )));
    }
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:,=+@%".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(is_safe) {
        line.extend(bytes);
        return Ok(());
    }
    line.push(b'"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', *byte]),
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            b'\t' => line.extend(b"\\t"),
            byte => line.push(*byte),
        }
    }
    line.push(b'"');
    Ok(())
}

/// What a program's arguments are as text of an operating system.
fn os_string(bytes: Vec<u8>) -> OsString {
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests;
