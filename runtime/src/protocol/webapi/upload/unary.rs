//! A form as one message.

use std::future::poll_fn;

use super::content::Content;
use super::fields::{Fields, Part};
use super::form::Form;
use super::{Kind, Upload, decoded};
use crate::body::Body;
use crate::codec::Message;
use crate::error::{Code, Error, Result};
use crate::protocol::webapi::multipart::{Event, PartHead};
use crate::protocol::wire::Wire;

/// Reads a form into a message.
///
/// # Errors
/// HTTP status 400 for what is no form or fits no field, 408 for a caller who stalls, 413 over a bound, 415 for other text
/// than UTF-8; [`Code::Canceled`] if the caller is gone.
pub(crate) async fn message<M: Message>(body: Body, wire: &Wire) -> Result<M> {
    let Some(Upload {
        kind: Kind::Form { boundary },
        bounds,
        ..
    }) = wire.upload.as_deref()
    else {
        // Told apart when the request was let in.
        return Err(Error::bare(Code::Internal, "no form for one message"));
    };
    let body = decoded(body, wire, bounds)?;
    let field = wire.binding.as_ref().map_or("", |b| b.route.body_field());
    let prefix = match field {
        "" | "*" => String::new(),
        _ => format!("{field}."),
    };
    let mut fields = Fields::new(wire, &prefix);
    let form = Form::new(body, boundary, *bounds);
    let mut parts = parts(form, |head| fields.wants(head)).await?;
    if let Some(request) = fields.request(&mut parts) {
        fields.merge(&request.data)?;
    }
    fields.fill(parts)?;
    Ok(fields.message)
}

/// Reads all parts that mean something.
async fn parts(
    mut form: Form,
    mut wants: impl FnMut(&PartHead) -> Result<bool>,
) -> Result<Vec<Part>> {
    let (mut parts, mut content, mut head) = (Vec::new(), Content::default(), None);
    loop {
        match poll_fn(|cx| form.poll_event(cx)).await? {
            Event::Part(next) => head = wants(&next)?.then_some(next),
            Event::Data(data) if head.is_some() => content.push(data, form.left()),
            Event::Data(_) => {}
            Event::PartEnd => {
                let data = content.take();
                let part = head.take().map(|head| Part { head, data });
                if let Some(part) = part
                    && !part.is_void()?
                {
                    parts.push(part);
                }
            }
            Event::End => return Ok(parts),
        }
    }
}
