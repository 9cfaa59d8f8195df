//! The head of an outgoing call: what goes along with every call, and what gRPC adds.

use std::sync::OnceLock;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE, USER_AGENT};

use super::compression::{self, Encoding};
use super::grpc::timeout;
use super::headers::{
    APPLICATION_GRPC, BAGGAGE, EZRPC_PATH, EZRPC_TTL, GRPC_ACCEPT_ENCODING, GRPC_ENCODING,
    GRPC_TIMEOUT, TRAILERS,
};
use super::trace;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::method::Method;

/// The longest call path sent, in bytes, its last entry and a count not among them.
const PATH_LIMIT: usize = 1024;
/// What the first entries of a long one may take of it.
const PATH_START: usize = 256;
/// The longest `baggage` forwarded, in bytes: what W3C asks for at least.
const BAGGAGE_LIMIT: usize = 8192;
/// Begins the entry of a process that serves no call itself.
const PROCESS: &str = "(";
/// Names the service this process is, for callers that are no server.
const NAME_VARIABLE: &str = "EZRPC_SERVICE";

/// Domain and reason of the error of a call that goes in a circle.
pub(crate) const LOOP_DETECTED: (&str, &str) = ("ezrpc", "LOOP_DETECTED");
/// Its HTTP status, for which gRPC has no code of its own.
pub(crate) const LOOP_STATUS: u16 = 508;

/// Name and version of the process's first server.
static SERVER: OnceLock<(String, String)> = OnceLock::new();

/// Says what this process calls itself in user agents and call paths; the first server to say so wins.
pub(crate) fn identify(name: &str, version: &str) {
    // A second server in one process does not rename it.
    let _ = SERVER.set((name.to_owned(), version.to_owned()));
}

/// What this process calls itself: its first server's name, `EZRPC_SERVICE`, or the program's.
pub(crate) fn name() -> &'static str {
    static OTHERWISE: OnceLock<String> = OnceLock::new();
    match SERVER.get() {
        Some((name, _)) => name,
        // Kept apart: a call before the first server is bound must not settle it.
        None => OTHERWISE.get_or_init(|| {
            let named = std::env::var(NAME_VARIABLE)
                .ok()
                .filter(|name| !name.is_empty());
            named.or_else(program).unwrap_or_else(|| "unknown".into())
        }),
    }
}

fn program() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    Some(program.file_stem()?.to_string_lossy().into_owned())
}

/// The version of the process's first server; empty if it has none, or there is none.
pub(crate) fn version() -> &'static str {
    SERVER.get().map_or("", |(_, version)| version)
}

/// Writes what goes along with every call made with `ctx`, local ones too.
///
/// # Errors
/// [`Code::Aborted`] if the hop budget is used up; [`Code::InvalidArgument`] if the context's own metadata
/// could not be taken.
pub(crate) fn common(ctx: &Context, method: &Method) -> Result<HeaderMap> {
    // Room for gRPC's own, so that nothing is moved later.
    let mut headers = HeaderMap::with_capacity(12);
    let inbound = ctx.origin().metadata().headers();
    ctx.trace_context().next().write(&mut headers);
    // From outsiders too: W3C's context goes in and out. Its size is bounded, and nothing here acts on it.
    pass_on(BAGGAGE, BAGGAGE_LIMIT, inbound, &mut headers);
    let path = call_path(ctx);
    let Some(left) = ctx.hops().checked_sub(1) else {
        return Err(loop_detected(&path, method));
    };
    headers.insert(EZRPC_PATH, path);
    headers.insert(EZRPC_TTL, ttl(left));
    if let Some(own) = ctx.outgoing() {
        if let Some(error) = &own.error {
            return Err(Error::bare(Code::InvalidArgument, error.clone()));
        }
        // What the caller says of a trace replaces what would be said by default.
        for name in own.metadata.headers().keys() {
            headers.remove(name);
        }
        for (name, value) in own.metadata.headers() {
            headers.append(name, value.clone());
        }
    }
    Ok(headers)
}

/// Forwards the values of a header, or none of them if they are too long together.
fn pass_on(name: HeaderName, limit: usize, inbound: &HeaderMap, headers: &mut HeaderMap) {
    let values = inbound.get_all(&name);
    if values.iter().map(HeaderValue::len).sum::<usize>() > limit {
        return;
    }
    for value in values {
        headers.append(name.clone(), value.clone());
    }
}

fn ttl(hops: u32) -> HeaderValue {
    const BELOW_DEFAULT: [&str; 16] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
    ];
    match BELOW_DEFAULT.get(hops as usize) {
        Some(text) => HeaderValue::from_static(text),
        None => HeaderValue::from(hops),
    }
}

/// Adds what a gRPC request says; `encoding` is that of its messages, where the caller takes compressed replies.
pub(crate) fn grpc(headers: &mut HeaderMap, limit: Option<Duration>, encoding: Option<Encoding>) {
    headers.insert(TE, TRAILERS);
    headers.insert(CONTENT_TYPE, APPLICATION_GRPC);
    headers.insert(USER_AGENT, user_agent());
    if let Some(limit) = limit
        && let Ok(value) = HeaderValue::try_from(timeout::format(limit))
    {
        headers.insert(GRPC_TIMEOUT, trace::once(value));
    }
    if let Some(encoding) = encoding {
        let accepted = HeaderValue::from_static(compression::SUPPORTED);
        headers.insert(GRPC_ACCEPT_ENCODING, accepted);
        if encoding != Encoding::Identity {
            headers.insert(GRPC_ENCODING, encoding.name());
        }
    }
}

fn user_agent() -> HeaderValue {
    static SERVERS: OnceLock<HeaderValue> = OnceLock::new();
    static OTHERWISE: OnceLock<HeaderValue> = OnceLock::new();
    once_named(&SERVERS, &OTHERWISE)
        .get_or_init(|| {
            let own = concat!("ezrpc/", env!("CARGO_PKG_VERSION"));
            HeaderValue::try_from(product(name(), version()) + " " + own)
                .unwrap_or(HeaderValue::from_static(own))
        })
        .clone()
}

/// The place for what is made of the process's name: another one once a server has given it its own.
fn once_named(
    servers: &'static OnceLock<HeaderValue>,
    otherwise: &'static OnceLock<HeaderValue>,
) -> &'static OnceLock<HeaderValue> {
    match SERVER.get() {
        Some(_) => servers,
        None => otherwise,
    }
}

/// `{name}/{version}`, or the name alone.
fn product(name: &str, version: &str) -> String {
    match version {
        "" => token(name),
        version => format!("{}/{}", token(name), token(version)),
    }
}

/// A name with what would end it replaced.
fn token(name: &str) -> String {
    let keep = |c: char| c.is_ascii_graphic() && !matches!(c, ';' | ',');
    name.chars()
        .map(|c| if keep(c) { c } else { '_' })
        .collect()
}

impl Context {
    /// Returns the services the calls passed that led here, the first one first and this one last: `(job);shop.Order`. A
    /// process that serves no call itself stands in brackets; of a long path the middle is counted: `a.A;+7;b.B`.
    ///
    /// As callers say over gRPC; over other protocols it begins here.
    pub fn call_path(&self) -> String {
        let path = call_path(self);
        path.to_str().unwrap_or_default().to_owned()
    }
}

/// The inbound path with this caller at its end.
fn call_path(ctx: &Context) -> HeaderValue {
    let inbound = ctx.metadata().headers().get(EZRPC_PATH);
    let inbound = inbound
        .and_then(|path| path.to_str().ok())
        .unwrap_or_default();
    match (inbound, ctx.method()) {
        ("", Some(serving)) => HeaderValue::from_static(serving.service()),
        ("", None) => process_path(),
        (_, serving) => {
            let own = serving.map_or_else(name, Method::service);
            let path = bounded(inbound, own);
            HeaderValue::try_from(path).unwrap_or_else(|_| process_path())
        }
    }
}

/// The path of a call that comes of no other: `(shop-job)`.
fn process_path() -> HeaderValue {
    static SERVERS: OnceLock<HeaderValue> = OnceLock::new();
    static OTHERWISE: OnceLock<HeaderValue> = OnceLock::new();
    let value = once_named(&SERVERS, &OTHERWISE).get_or_init(|| {
        let path = format!("{PROCESS}{})", token(name()));
        HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("(unknown)"))
    });
    value.clone()
}

/// Whether a call was made by a handler of ours, which will hear of its error and can tell it, by its own word.
pub(crate) fn is_from_handler(inbound: &HeaderMap) -> bool {
    let path = inbound.get(EZRPC_PATH).map(HeaderValue::as_bytes);
    let last = path.and_then(|path| path.rsplit(|byte| *byte == b';').next());
    last.is_some_and(|last| !last.starts_with(PROCESS.as_bytes()))
}

/// Whether an error is what a caller's own limits ask for: its deadline has passed, or its hop budget is used up.
pub(crate) fn is_asked_for(error: &Error, context: &Context) -> bool {
    let by_caller = context.by_caller();
    match error.code() {
        // Not that of a call which the handler has made, with a limit of its own.
        Code::DeadlineExceeded => by_caller.deadline && context.remaining() == Some(Duration::ZERO),
        Code::Aborted => by_caller.hops && error.reason() == LOOP_DETECTED.1,
        _ => false,
    }
}

/// Appends an entry. Beyond the limit the first ones stay, which say where the calls come from, and the last ones, which say
/// what circle they are in; those between are counted.
fn bounded(path: &str, own: &str) -> String {
    if path.len() + 1 + own.len() <= PATH_LIMIT {
        return [path, ";", own].concat();
    }
    let (mut entries, mut left_out) = (Vec::new(), 0_u32);
    for entry in path.split(';') {
        match entry.strip_prefix('+').and_then(|count| count.parse().ok()) {
            Some(count) => left_out = left_out.saturating_add(count),
            None => entries.push(entry),
        }
    }
    let start = fitting(entries.iter(), PATH_START);
    let end = fitting(entries[start..].iter().rev(), PATH_LIMIT - PATH_START);
    let between = entries.len() - start - end;
    let left_out = left_out.saturating_add(u32::try_from(between).unwrap_or(u32::MAX));
    let count = format!("+{left_out}");
    let count: &[&str] = if left_out > 0 { &[&count] } else { &[] };
    let (start, end) = (&entries[..start], &entries[start + between..]);
    [start, count, end, &[own]].concat().join(";")
}

/// How many entries fit.
fn fitting<'a>(entries: impl Iterator<Item = &'a &'a str>, room: usize) -> usize {
    let ends = entries.scan(0, |sum, entry| {
        *sum += entry.len() + 1;
        Some(*sum)
    });
    ends.take_while(|end| *end <= room).count()
}

/// The error of a call that would go round and round.
fn loop_detected(path: &HeaderValue, method: &Method) -> Error {
    let path = path.to_str().unwrap_or_default();
    let message = format!(
        "hop budget is used up, the calls probably go in a circle: {path};{}",
        method.service()
    );
    Error::bare(Code::Aborted, message)
        .inside()
        .with_reason(LOOP_DETECTED.0, LOOP_DETECTED.1)
        .with_http_status(LOOP_STATUS)
}

#[cfg(test)]
mod tests {
    use super::super::headers::{TRACEPARENT, TRACESTATE};
    use super::*;

    #[test]
    fn long_baggage_and_the_state_of_no_trace_stay_behind() {
        let sent = |entries: &[(HeaderName, &str)]| {
            let entries = entries.iter().map(|(name, value)| {
                let value = HeaderValue::from_str(value).expect("a value");
                (name.clone(), value)
            });
            let ctx = Context::inbound(crate::context::Inbound {
                method: &METHOD,
                route: None,
                deadline: None,
                by_caller: Default::default(),
                hops: 3,
                peer: None,
                certificates: None,
                start: std::time::Instant::now(),
                metadata: crate::Metadata::from_headers(entries.collect()),
            });
            let headers = common(&ctx, &METHOD).expect("headers");
            [TRACESTATE, BAGGAGE].map(|name| headers.contains_key(name))
        };
        static METHOD: Method = Method::new("/a.B/C", crate::Shape::Unary);
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let state = (TRACESTATE, "a=1");
        assert_eq!(sent(&[(TRACEPARENT, trace), state.clone()]), [true, false]);
        assert_eq!(sent(&[state, (BAGGAGE, "k=v")]), [false, true]);
        let long = "x".repeat(BAGGAGE_LIMIT / 2);
        assert_eq!(sent(&[(BAGGAGE, &long), (BAGGAGE, &long)]), [false, true]);
        assert_eq!(
            sent(&[(BAGGAGE, &long), (BAGGAGE, &long), (BAGGAGE, "k")]),
            [false; 2]
        );
    }

    #[test]
    fn a_call_path_keeps_its_start_and_its_end_and_counts_the_rest() {
        assert_eq!(bounded("a;b", "c"), "a;b;c");
        let services = |count: usize| vec!["shop.v1.Product"; count].join(";");
        let (start, end) = (services(16), services(48));
        let longer = format!("{start};a.A;b.B;{end}");
        assert_eq!(bounded(&longer, "x"), format!("{start};+2;{end};x"));
        let end = format!("{};x", services(47));
        let again = bounded(&bounded(&longer, "x"), "y");
        assert_eq!(again, format!("{start};+3;{end};y"));
        let many = format!("+4294967295;{longer}");
        assert_eq!(
            bounded(&many, "x"),
            bounded(&longer, "x").replace("+2", "+4294967295")
        );
        assert_eq!(bounded(&"a".repeat(2000), "x"), "+1;x");
    }
}
