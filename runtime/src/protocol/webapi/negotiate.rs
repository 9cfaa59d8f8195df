//! What the caller wants to be answered with: `Accept`, and `?alt=sse`.

use http::HeaderMap;
use http::header::ACCEPT;

use super::options::{Options, StreamFormat};
use crate::codec::Codec;
use crate::protocol::form::Form;

/// How the replies of a streaming method go to this caller.
pub(crate) fn stream_form(headers: &HeaderMap, query: Option<&str>, options: &Options) -> Form {
    let usual = match options.streams {
        StreamFormat::Lines | StreamFormat::LinesAsJson => Form::Lines,
        StreamFormat::Array => Form::Array,
    };
    if options.alt_sse && query.is_some_and(asks_for_events) {
        return Form::Events;
    }
    let wanted = best(headers, |media| match media {
        "text/event-stream" => Some(Form::Events),
        "application/x-ndjson" | "application/jsonl" | "application/ndjson" => Some(Form::Lines),
        "application/json" | "application/*" | "*/*" => Some(usual),
        _ => None,
    });
    wanted.unwrap_or(usual)
}

fn asks_for_events(query: &str) -> bool {
    query.split('&').any(|pair| pair == "alt=sse")
}

/// How a unary reply is written on a google.api.http route. Types nobody here can write leave it at JSON.
pub(crate) fn reply_codec(headers: &HeaderMap, request: Codec) -> Codec {
    if !headers.contains_key(ACCEPT) {
        return request;
    }
    let wanted = best(headers, |media| match media {
        "application/proto" | "application/protobuf" | "application/x-protobuf" => {
            Some(Codec::Proto)
        }
        "application/json" => Some(Codec::Json),
        "application/*" | "*/*" => Some(request),
        _ => None,
    });
    wanted.unwrap_or(Codec::Json)
}

/// What the heaviest media range of `Accept` that `meaning` knows stands for; the first of equal ones.
fn best<T>(headers: &HeaderMap, meaning: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut found: Option<(T, f32)> = None;
    let values = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|v| v.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let (media, parameters) = range.split_once(';').unwrap_or((range, ""));
        let weight = weight(parameters);
        if weight <= found.as_ref().map_or(0.0, |(_, weight)| *weight) {
            continue;
        }
        if let Some(meant) = meaning(&media.trim().to_ascii_lowercase()) {
            found = Some((meant, weight));
        }
    }
    found.map(|(meant, _)| meant)
}

/// The `q` of a media range, 1 if there is none that can be read.
fn weight(parameters: &str) -> f32 {
    let mut pairs = parameters.split(';').filter_map(|p| p.split_once('='));
    let q = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    q.and_then(|(_, value)| value.trim().parse().ok())
        .filter(|weight: &f32| (0.0..=1.0).contains(weight))
        .unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accept(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !value.is_empty() {
            headers.insert(ACCEPT, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn events_only_for_those_who_prefer_them() {
        let rows = [
            ("", Form::Lines),
            ("*/*", Form::Lines),
            ("application/json", Form::Lines),
            ("application/jsonl", Form::Lines),
            ("text/html", Form::Lines),
            ("text/event-stream", Form::Events),
            ("Text/Event-Stream; charset=utf-8", Form::Events),
            ("text/event-stream, */*;q=0.1", Form::Events),
            ("application/json, text/event-stream", Form::Lines),
            ("application/json;q=0.5, text/event-stream", Form::Events),
            ("text/event-stream;q=0", Form::Lines),
        ];
        for (value, form) in rows {
            let options = Options::default();
            assert_eq!(stream_form(&accept(value), None, &options), form, "{value}");
        }
    }

    #[test]
    fn an_array_only_for_those_who_do_not_ask_for_lines() {
        let options = Options {
            streams: StreamFormat::Array,
            ..Options::default()
        };
        let rows = [
            ("", Form::Array),
            ("application/json", Form::Array),
            ("application/x-ndjson", Form::Lines),
            ("text/event-stream", Form::Events),
        ];
        for (value, form) in rows {
            assert_eq!(stream_form(&accept(value), None, &options), form, "{value}");
        }
    }

    #[test]
    fn alt_sse_counts_where_it_is_switched_on() {
        let mut options = Options::default();
        let form = |query, options: &Options| stream_form(&accept("*/*"), Some(query), options);
        assert_eq!(form("a=1&alt=sse", &options), Form::Lines);
        options.alt_sse = true;
        assert_eq!(form("a=1&alt=sse", &options), Form::Events);
        assert_eq!(form("alt=json", &options), Form::Lines);
    }

    #[test]
    fn proto_for_those_who_ask_for_it() {
        use Codec::{Json, Proto};
        let rows = [
            ("", Json, Json),
            ("", Proto, Proto),
            ("*/*", Proto, Proto),
            ("application/json", Proto, Json),
            ("application/x-protobuf", Json, Proto),
            ("application/json;q=0.9, application/proto", Json, Proto),
            ("image/png", Proto, Json),
        ];
        for (value, request, reply) in rows {
            assert_eq!(reply_codec(&accept(value), request), reply, "{value}");
        }
    }
}
