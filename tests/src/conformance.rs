//! The Conformance service: answers as its requests ask, and tells what it saw of them.

use std::time::Duration;

use ezrpc::wkt::Any;
use ezrpc::{Code, Context, Error, Metadata, Result, Streaming};
use prost::Message;

use crate::proto::e2e::conformance::{
    Conformance, Failure, Header, Payload, RequestInfo, StreamDefinition, StreamRequest,
    StreamResponse, UnaryDefinition, UnaryRequest, UnaryResponse, unary_definition,
};

/// The service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Service;

const PACKAGE: &str = "type.googleapis.com/e2e.conformance";

/// A request as a detail.
pub fn unary_any(request: &UnaryRequest) -> Any {
    any("UnaryRequest", request)
}

fn any(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("{PACKAGE}.{name}"),
        value: message.encode_to_vec(),
    }
}

/// Headers as a list, names in order.
pub fn list(metadata: &Metadata) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    for (name, value) in metadata.iter() {
        match headers.iter_mut().find(|header| header.name == name) {
            Some(header) => header.value.push(value.to_owned()),
            None => headers.push(Header {
                name: name.to_owned(),
                value: vec![value.to_owned()],
            }),
        }
    }
    headers.sort_by(|a, b| a.name.cmp(&b.name));
    headers
}

fn info(ctx: &Context, requests: Vec<Any>) -> RequestInfo {
    RequestInfo {
        headers: list(ctx.metadata()),
        timeout_ms: ctx.remaining().map(|left| left.as_millis() as i64),
        requests,
    }
}

fn set(metadata: &mut Metadata, headers: &[Header]) -> Result<()> {
    for header in headers {
        for value in &header.value {
            match header.name.ends_with("-bin") {
                true => metadata.append_bin(&header.name, value.as_bytes())?,
                false => metadata.append(&header.name, value)?,
            }
        }
    }
    Ok(())
}

/// The error asked for; its last detail is what was seen of the request.
fn failure(failure: &Failure, info: Option<&RequestInfo>) -> Error {
    let code = Code::from_number(failure.code.into()).unwrap_or(Code::Unknown);
    let error = Error::new(code, failure.message.clone().unwrap_or_default());
    let details = failure.details.iter().cloned();
    let info = info.map(|info| any("RequestInfo", info));
    details.chain(info).fold(error, Error::with_detail)
}

async fn pause(milliseconds: u32) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
    }
}

async fn answer(
    ctx: &Context,
    definition: UnaryDefinition,
    requests: Vec<Any>,
) -> Result<UnaryResponse> {
    ctx.reply()
        .with_headers(|headers| set(headers, &definition.headers))?;
    ctx.reply()
        .with_trailers(|trailers| set(trailers, &definition.trailers))?;
    let info = info(ctx, requests);
    pause(definition.delay_ms).await;
    let data = match definition.response {
        Some(unary_definition::Response::Error(error)) => return Err(failure(&error, Some(&info))),
        Some(unary_definition::Response::Data(data)) => data,
        None => Default::default(),
    };
    Ok(UnaryResponse {
        payload: Some(Payload {
            data,
            info: Some(info),
        }),
    })
}

/// The replies of a definition, with what was seen in the first.
fn replies(
    ctx: &Context,
    definition: StreamDefinition,
    requests: Vec<Any>,
) -> Streaming<StreamResponse> {
    let (sender, replies) = Streaming::channel(1);
    let mut info = Some(info(ctx, requests));
    tokio::spawn(async move {
        for data in definition.data {
            pause(definition.delay_ms).await;
            let payload = Some(Payload {
                data,
                info: info.take(),
            });
            if sender.send(Ok(StreamResponse { payload })).await.is_err() {
                return;
            }
        }
        if let Some(error) = definition.error {
            pause(definition.delay_ms).await;
            // The caller may be gone.
            let _ = sender.send(Err(failure(&error, info.as_ref()))).await;
        }
    });
    replies
}

fn set_stream(ctx: &Context, definition: &StreamDefinition) -> Result<()> {
    ctx.reply()
        .with_headers(|headers| set(headers, &definition.headers))?;
    ctx.reply()
        .with_trailers(|trailers| set(trailers, &definition.trailers))
}

/// Answers each request with the definition's next data, as it comes.
async fn duplex(
    ctx: &Context,
    definition: StreamDefinition,
    first: Any,
    mut requests: Streaming<StreamRequest>,
) -> Result<Streaming<StreamResponse>> {
    let (sender, replies) = Streaming::channel(1);
    let ctx = ctx.clone();
    tokio::spawn(async move {
        let mut seen = first;
        for data in definition.data {
            let payload = Some(Payload {
                data,
                info: Some(info(&ctx, vec![seen])),
            });
            if sender.send(Ok(StreamResponse { payload })).await.is_err() {
                return;
            }
            seen = match requests.message().await {
                Ok(Some(request)) => any("StreamRequest", &request),
                Ok(None) => break,
                Err(error) => {
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
        }
        if let Some(error) = definition.error {
            let _ = sender.send(Err(failure(&error, None))).await;
        }
    });
    Ok(replies)
}

impl Conformance for Service {
    async fn unary(&self, ctx: &Context, request: UnaryRequest) -> Result<UnaryResponse> {
        let seen = vec![unary_any(&request)];
        answer(ctx, request.definition.unwrap_or_default(), seen).await
    }

    async fn idempotent_unary(
        &self,
        ctx: &Context,
        request: UnaryRequest,
    ) -> Result<UnaryResponse> {
        self.unary(ctx, request).await
    }

    async fn server_stream(
        &self,
        ctx: &Context,
        request: StreamRequest,
    ) -> Result<Streaming<StreamResponse>> {
        let seen = vec![any("StreamRequest", &request)];
        let definition = request.definition.unwrap_or_default();
        set_stream(ctx, &definition)?;
        Ok(replies(ctx, definition, seen))
    }

    async fn client_stream(
        &self,
        ctx: &Context,
        mut requests: Streaming<UnaryRequest>,
    ) -> Result<UnaryResponse> {
        let (mut seen, mut definition) = (Vec::new(), None);
        while let Some(request) = requests.message().await? {
            seen.push(unary_any(&request));
            definition.get_or_insert(request.definition.unwrap_or_default());
        }
        answer(ctx, definition.unwrap_or_default(), seen).await
    }

    async fn bidi_stream(
        &self,
        ctx: &Context,
        mut requests: Streaming<StreamRequest>,
    ) -> Result<Streaming<StreamResponse>> {
        let Some(first) = requests.message().await? else {
            return Ok(Streaming::empty());
        };
        let mut seen = vec![any("StreamRequest", &first)];
        let full = first.full_duplex;
        let definition = first.definition.unwrap_or_default();
        set_stream(ctx, &definition)?;
        if full {
            return duplex(ctx, definition, seen.remove(0), requests).await;
        }
        while let Some(request) = requests.message().await? {
            seen.push(any("StreamRequest", &request));
        }
        Ok(replies(ctx, definition, seen))
    }

    async fn unimplemented(&self, _: &Context, _: UnaryRequest) -> Result<UnaryResponse> {
        Err(Error::unimplemented("Unimplemented is not implemented"))
    }
}
