//! The services of `e2e.rest`: they answer with what they were sent.

use ezrpc::google::api::HttpBody;
use ezrpc::{Context, Error, Result, Streaming};

use crate::proto::e2e::rest::{Bit, Bodies, Everything, File, Seen, StreamRequest, UpdateRequest};

/// The Everything service.
#[derive(Debug, Clone, Default)]
pub struct Echoes;

impl Everything for Echoes {
    async fn create(&self, _: &Context, req: Bit) -> Result<Bit> {
        Ok(req)
    }

    async fn post(&self, _: &Context, req: Bit) -> Result<Bit> {
        Ok(req)
    }

    async fn get(&self, _: &Context, req: Bit) -> Result<Bit> {
        Ok(req)
    }

    async fn deep_path_echo(&self, _: &Context, req: Bit) -> Result<Bit> {
        Ok(req)
    }

    async fn update(&self, _: &Context, req: UpdateRequest) -> Result<UpdateRequest> {
        Ok(req)
    }

    async fn watch(&self, _: &Context, req: Bit) -> Result<Streaming<Bit>> {
        Ok(Streaming::from_iter([req, Bit::default()]))
    }
}

/// How long the pieces of a stream are.
pub const PIECE: u64 = 64 << 10;

/// The Bodies service.
#[derive(Debug, Clone, Default)]
pub struct Files;

fn seen(name: String, body: HttpBody, note: String) -> Seen {
    Seen {
        name,
        content_type: body.content_type,
        size: i64::try_from(body.data.len()).unwrap_or(i64::MAX),
        note,
        data: body.data.slice(..body.data.len().min(16)),
    }
}

fn body(content_type: &str, data: &'static [u8]) -> HttpBody {
    HttpBody {
        content_type: content_type.into(),
        data: data.into(),
        extensions: Vec::new(),
    }
}

/// A body of the kind that `name` asks for.
fn stored(name: &str) -> Result<HttpBody> {
    match name {
        "page" => Ok(body("text/html; charset=utf-8", b"<p>\0\xff</p>")),
        "untyped" => Ok(body("", b"\x01\x02")),
        "odd" => Ok(body("text/plain\r\nx: y", b"x")),
        "empty" => Ok(HttpBody::default()),
        _ => Err(Error::not_found("no such file")),
    }
}

impl Bodies for Files {
    async fn upload(&self, _: &Context, req: HttpBody) -> Result<Seen> {
        Ok(seen(String::new(), req, String::new()))
    }

    async fn replace(&self, _: &Context, req: File) -> Result<Seen> {
        Ok(seen(req.name, req.content.unwrap_or_default(), req.note))
    }

    async fn download(&self, ctx: &Context, req: File) -> Result<HttpBody> {
        ctx.reply().header("x-name", &req.name)?;
        stored(&req.name)
    }

    async fn fetch(&self, _: &Context, req: File) -> Result<File> {
        let content = match req.name.as_str() {
            "unset" => None,
            name => Some(stored(name)?),
        };
        Ok(File { content, ..req })
    }

    async fn stream(&self, _: &Context, req: StreamRequest) -> Result<Streaming<HttpBody>> {
        let size = u64::try_from(req.size).unwrap_or_default();
        if req.fail_early {
            return Ok(Streaming::new(Pieces::failing()));
        }
        Ok(Streaming::new(Pieces {
            at: 0,
            size,
            fail: req.fail,
        }))
    }
}

/// The bytes of a stream; see [`crate::upload::pattern`].
struct Pieces {
    at: u64,
    size: u64,
    fail: bool,
}

impl Pieces {
    fn failing() -> Self {
        Self {
            at: 0,
            size: 0,
            fail: true,
        }
    }
}

impl futures_core::Stream for Pieces {
    type Item = Result<HttpBody>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let (at, left) = (self.at, self.size - self.at);
        let next = match left {
            0 if self.fail => Some(Err(Error::unavailable("the disk is gone"))),
            0 => None,
            _ => {
                let length = usize::try_from(left.min(PIECE)).unwrap_or_default();
                let data = crate::upload::patterned(at, length);
                // Only the first one counts.
                let content_type = if at == 0 { "video/mp4" } else { "text/plain" };
                self.at += data.len() as u64;
                Some(Ok(HttpBody {
                    content_type: content_type.into(),
                    data,
                    extensions: Vec::new(),
                }))
            }
        };
        std::task::Poll::Ready(next)
    }
}
