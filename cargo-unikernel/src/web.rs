//! The door to the network: nothing else in the tool connects to anything but its own guests.

use std::io::Read;
use std::time::Duration;

use crate::error::{Error, Result};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a server may think before it answers.
const ANSWER: Duration = Duration::from_secs(60);
/// How long the answer itself may take: 256 MiB at 75 KiB a second.
const BODY: Duration = Duration::from_secs(3600);
/// Most redirects that are followed.
const MAX_REDIRECTS: u32 = 10;

/// What a server answered.
pub enum Reply {
    /// The content, from this offset on.
    Content {
        /// Offset of the first byte that comes.
        at: u64,
        /// Bytes that are to come, where the server says so.
        len: Option<u64>,
        /// The bytes.
        body: Box<dyn Read>,
    },
    /// The offset that was asked for lies behind the content's end, or is not what came: only the whole helps.
    AskForAll,
}

/// Asks for what lies at an address (`http` or `https`), from an offset on. Redirects are followed; the usual variables name a
/// proxy (`HTTPS_PROXY`, `NO_PROXY`).
///
/// # Errors
/// When nobody answers, or not with the content.
pub fn get(url: &str, from: u64) -> Result<Reply> {
    let failed = |why: String| Error::input(why).context(format!("can't fetch `{url}`"));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .timeout_recv_body(Some(BODY))
        .max_redirects(MAX_REDIRECTS)
        .http_status_as_error(false)
        .user_agent(concat!("cargo-unikernel/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
    }
    let response = request.call().map_err(|error| failed(error.to_string()))?;
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let status = response.status();
    let at = match status.as_u16() {
        200 => 0,
        206 if content_start(header("content-range").as_deref()) == Some(from) => from,
        206 | 416 => return Ok(Reply::AskForAll),
        _ => return Err(failed(format!("the server answered {status}"))),
    };
    let len = header("content-length").and_then(|len| len.parse().ok());
    Ok(Reply::Content {
        at,
        len,
        body: Box::new(response.into_body().into_reader()),
    })
}

/// The first offset of `bytes 100-199/200` (RFC 9110 §14.4).
fn content_start(range: Option<&str>) -> Option<u64> {
    let (start, _) = range?.strip_prefix("bytes ")?.split_once('-')?;
    start.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::content_start;

    #[test]
    fn content_range_names_the_first_offset() {
        let check = |range: &str, expected| assert_eq!(content_start(Some(range)), expected);
        check("bytes 100-199/200", Some(100));
        check("bytes 0-0/*", Some(0));
        check("bytes */200", None);
        check("100-199/200", None);
        assert_eq!(content_start(None), None);
    }
}
