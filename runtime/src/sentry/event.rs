//! One failed call as an event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ::sentry::protocol::{
    Context, Event, Exception, Frame as SentryFrame, Level, Request, Stacktrace, TraceContext,
};
use http::header::{CONTENT_TYPE, HOST, HeaderName, USER_AGENT};

use super::{host, scrub};
use crate::error::{Error, Frame};
use crate::observe::Ended;
use crate::protocol::headers::{EZRPC_PATH, EZRPC_TTL, GRPC_TIMEOUT, TRACEPARENT};
use crate::protocol::outbound;

/// Writes an event with this fingerprint.
pub(super) fn of(
    ended: &Ended<'_>,
    error: &Error,
    fingerprint: Vec<Cow<'static, str>>,
) -> Event<'static> {
    let method = ended.method();
    let places: Vec<Place> = error.frames().iter().map(Place::of).collect();
    let mut event = Event::new();
    event.level = Level::Error;
    event.transaction = Some(method.to_owned());
    event.logger = Some("ezrpc".to_owned());
    event.server_name = host::name().map(Cow::Borrowed);
    event.fingerprint = Cow::Owned(fingerprint);
    event.exception = vec![Exception {
        ty: format!(
            "{method}:{}",
            error
                .frames()
                .first()
                .map_or_else(String::new, Frame::to_string)
        ),
        value: Some(message(error)),
        stacktrace: stacktrace(&places),
        ..Exception::default()
    }]
    .into();
    event.tags = tags(ended, error);
    for (key, value) in ended.fields() {
        let value = scrub::value(&key, scrub::cut(&value, scrub::TEXT));
        event.extra.insert(format!("field.{key}"), value.into());
    }
    event.request = Some(request(ended));
    if let Some(trace) = trace(ended) {
        event
            .contexts
            .insert("trace".to_owned(), Context::from(trace));
    }
    event
}

/// What the error says, its cause behind it.
fn message(error: &Error) -> String {
    let text = match error.cause_beside_message() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    scrub::text(scrub::cut(&text, scrub::TEXT)).into_owned()
}

/// A frame taken apart; those of other processes come as text.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    rpc: String,
    file: String,
    line: u32,
}

impl Place {
    fn of(frame: &Frame) -> Self {
        let text = frame.to_string();
        let (rpc, place) = match text
            .strip_suffix(')')
            .and_then(|text| text.rsplit_once(" ("))
        {
            Some((rpc, place)) => (rpc, place),
            None => ("", text.as_str()),
        };
        match place
            .rsplit_once(':')
            .map(|(file, line)| (file, line.parse()))
        {
            Some((file, Ok(line))) => Self {
                rpc: rpc.to_owned(),
                file: file.to_owned(),
                line,
            },
            _ => Self {
                rpc: text,
                file: String::new(),
                line: 0,
            },
        }
    }
}

/// What errors of one kind have in common: method, and the file and RPC the error is from. Lines move with every release,
/// messages with every call. An error that was made in no handler has its code in place of the RPC.
pub(super) fn fingerprint(method: &str, error: &Error) -> Vec<Cow<'static, str>> {
    let mut places = error.frames().iter().map(Place::of).peekable();
    let file = places.peek().map(|place| place.file.clone());
    let rpc = places
        .map(|place| place.rpc)
        .find(|rpc| !rpc.is_empty())
        .unwrap_or_else(|| error.code().name().to_owned());
    let parts = [method.to_owned(), file.unwrap_or_default(), rpc];
    parts.map(Cow::Owned).into()
}

/// Sentry wants the outermost first.
fn stacktrace(places: &[Place]) -> Option<Stacktrace> {
    if places.is_empty() {
        return None;
    }
    let frames = places.iter().rev().map(|place| SentryFrame {
        function: Some(&place.rpc).filter(|rpc| !rpc.is_empty()).cloned(),
        filename: Some(&place.file).filter(|file| !file.is_empty()).cloned(),
        lineno: (place.line > 0).then(|| place.line.into()),
        in_app: Some(true),
        ..SentryFrame::default()
    });
    Some(Stacktrace {
        frames: frames.collect(),
        ..Stacktrace::default()
    })
}

fn tags(ended: &Ended<'_>, error: &Error) -> BTreeMap<String, String> {
    let reason = match (error.domain(), error.reason()) {
        ("", reason) => reason.to_owned(),
        (domain, reason) => format!("{domain}/{reason}"),
    };
    let tags = [
        ("method", Some(ended.method())),
        ("protocol", Some(ended.caller.protocol)),
        ("code", Some(error.code().name())),
        (
            "reason",
            Some(reason.as_str()).filter(|_| !error.reason().is_empty()),
        ),
        ("caller", ended.principal()),
        ("service", Some(outbound::name())),
    ];
    let tags = tags.into_iter();
    let mut tags: BTreeMap<String, String> = tags
        .filter_map(|(key, value)| Some((key.to_owned(), short(key, value?))))
        .collect();
    tags.insert("trace_id".to_owned(), ended.context.trace_id().to_string());
    tags
}

/// The value of a header or a tag.
fn short(name: &str, value: &str) -> String {
    scrub::value(name, scrub::cut(value, scrub::VALUE))
}

/// The headers that say how a call came, and not who sent it.
const HEADERS: [HeaderName; 7] = [
    CONTENT_TYPE,
    USER_AGENT,
    HOST,
    GRPC_TIMEOUT,
    EZRPC_TTL,
    EZRPC_PATH,
    TRACEPARENT,
];

fn request(ended: &Ended<'_>) -> Request {
    let headers = ended.context.metadata().headers();
    let known = HEADERS.into_iter().filter_map(|name| {
        let text = headers.get(&name)?.to_str().ok()?;
        Some((name.to_string(), short(name.as_str(), text)))
    });
    Request {
        headers: known.collect(),
        ..Request::default()
    }
}

fn trace(ended: &Ended<'_>) -> Option<TraceContext> {
    Some(TraceContext {
        trace_id: ended.context.trace_id().to_string().parse().ok()?,
        op: Some("rpc.server".to_owned()),
        ..TraceContext::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_kind_have_one_fingerprint() {
        let mut error = Error::bare(crate::Code::Internal, "of an interceptor");
        assert_eq!(fingerprint("/a.B/C", &error), ["/a.B/C", "", "internal"]);
        error.push_frame(Frame::remote("src/x.rs:7".into()));
        let expected = ["/a.B/C", "src/x.rs", "internal"];
        assert_eq!(fingerprint("/a.B/C", &error), expected);
        error.push_frame(Frame::remote("d.E/F (src/y.rs:7)".into()));
        error.push_frame(Frame::remote("a.B/C (src/z.rs:7)".into()));
        let expected = ["/a.B/C", "src/x.rs", "d.E/F"];
        assert_eq!(fingerprint("/a.B/C", &error), expected);
    }

    #[test]
    fn frames_of_other_processes_come_apart() {
        let place = |rpc: &str, file: &str, line| Place {
            rpc: rpc.into(),
            file: file.into(),
            line,
        };
        let of = |text: &str| Place::of(&Frame::remote(text.into()));
        assert_eq!(of("a.B/C (src/x.rs:7)"), place("a.B/C", "src/x.rs", 7));
        assert_eq!(of("src/x.rs:7"), place("", "src/x.rs", 7));
        assert_eq!(of("a.B/C"), place("a.B/C", "", 0));
        assert_eq!(
            of("... 3 frames left out ..."),
            place("... 3 frames left out ...", "", 0)
        );
        let here = Place::of(&Frame::here("a.B/C"));
        assert_eq!((here.rpc.as_str(), here.file.as_str()), ("a.B/C", file!()));
    }
}
