//! The request message of a google.api.http route: made of path, query and body.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::http_body;
use super::query::Pairs;
use crate::codec::json;
use crate::codec::json::bind::{self, Binder, File, Set, Value};
use crate::codec::{Codec, Message, proto};
use crate::error::{Code, Error, Result};
use crate::method::Route;
use crate::protocol::content_type::ContentType;
use crate::protocol::wire::Wire;
use crate::reply::ReplyKind;

/// What a matched route says of a request.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) route: &'static Route,
    /// Field paths and what the path has for them, decoded.
    pub(crate) path: Vec<(&'static str, String)>,
    /// As it stands in the request target, not decoded.
    pub(crate) query: Option<String>,
    /// The body is a form whose pairs stand for those of the query: a POST in place of a GET.
    pub(crate) form_as_query: bool,
    pub(crate) media: Media,
}

/// What the body of a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Media {
    /// A message or a value, in the codec of the wire.
    Message,
    /// `application/x-www-form-urlencoded`
    Form,
    /// The bytes of a google.api.HttpBody of this media type; empty if the request does not say.
    Raw(String),
}

/// What a server makes of names it does not know, and of values that come twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// Unknown names in queries and forms are refused.
    pub(crate) strict_query: bool,
    /// A body where the route has none is refused.
    pub(crate) strict_body: bool,
    /// A field that comes twice, by path, body or query, is refused.
    pub(crate) reject_collisions: bool,
    /// Query parameters that are no fields.
    pub(crate) system_params: Vec<Cow<'static, str>>,
}

impl Media {
    /// Says what the body of a request is for a route; `None` if the route takes no such media type.
    pub(crate) fn of(route: &Route, content: ContentType, headers: &HeaderMap) -> Option<Self> {
        if route.is_raw_request() {
            let header = headers
                .get(CONTENT_TYPE)
                .and_then(|value| value.to_str().ok());
            return Some(Self::Raw(header.unwrap_or_default().to_owned()));
        }
        match content {
            ContentType::Message(_) | ContentType::Missing => Some(Self::Message),
            _ if route.body_field().is_empty() => Some(Self::Message),
            ContentType::Form => Some(Self::Form),
            _ => None,
        }
    }
}

impl Binding {
    /// Makes the request of its parts.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`], naming the part and the field.
    pub(crate) fn message<M: Message>(&self, body: Bytes, wire: &Wire) -> Result<M> {
        let mut message = M::default();
        let request = Request {
            binding: self,
            message: &mut message,
            binder: Binder::default(),
            named: Vec::new(),
            wire,
        };
        match (self.route.body_field(), wire.codec, &self.media) {
            ("*", Codec::Proto, Media::Message) => {
                let mut message = proto::decode::<M>(body, Code::InvalidArgument)?;
                let mut request = Request {
                    message: &mut message,
                    ..request
                };
                request.fill(Bytes::new())?;
                Ok(message)
            }
            _ => {
                let mut request = request;
                request.fill(body)?;
                Ok(message)
            }
        }
    }
}

impl Binding {
    /// Encodes a reply, or the field of it that the route sends.
    ///
    /// # Errors
    /// [`Code::Internal`] if it has no JSON form; [`Code::InvalidArgument`] with HTTP status 406 if the field is no
    /// message and the caller wants the protobuf encoding.
    pub(crate) fn reply<M: Message>(&self, mut reply: M, wire: &Wire) -> Result<ReplyKind> {
        if self.route.is_raw_response() {
            return Ok(ReplyKind::Raw(Box::new(http_body::whole(
                reply, self.route,
            ))));
        }
        let field = self.route.response_field();
        if wire.reply_codec == Codec::Json || field.is_empty() {
            return wire.encode(&reply).map(ReplyKind::Message);
        }
        match bind::encode_field(&mut reply, field, &wire.settings.json) {
            Some(data) => Ok(ReplyKind::Message(data.into())),
            None => {
                let text =
                    format!("{field} has no protobuf form of its own: accept application/json");
                Err(bad(text).with_http_status(406))
            }
        }
    }
}

/// A request being made.
struct Request<'a> {
    binding: &'a Binding,
    message: &'a mut dyn json::Message,
    binder: Binder,
    /// The fields that the body names, where somebody asks.
    named: Vec<String>,
    wire: &'a Wire,
}

impl Request<'_> {
    fn fill(&mut self, body: Bytes) -> Result<()> {
        if self.binding.form_as_query {
            self.path()?;
            let form = form_text(&body)?;
            return self.pairs(form);
        }
        let form = match (&self.binding.media, self.binding.route.body_field()) {
            (_, "") => {
                self.check_no_body(&body)?;
                None
            }
            (Media::Form, _) => Some(body),
            (Media::Raw(content_type), field) => {
                self.raw(content_type, field, body)?;
                None
            }
            (Media::Message, field) => {
                self.body(field, body)?;
                None
            }
        };
        self.path()?;
        match (form, self.binding.route.body_field()) {
            (Some(form), field) => self.form(&form, field)?,
            (None, "" | "*") => {}
            (None, field) => self.binder.fix_field(self.message, field),
        }
        self.query()?;
        self.mask();
        Ok(())
    }

    /// A body that the route has no use for is read and dropped.
    fn check_no_body(&self, body: &Bytes) -> Result<()> {
        if self.rules().strict_body && !body.is_empty() {
            let route = self.binding.route;
            return Err(bad(format!(
                "{} {} takes no body",
                route.verb(),
                route.template()
            )));
        }
        Ok(())
    }

    /// A body of any media type, which goes into a google.api.HttpBody.
    fn raw(&mut self, content_type: &str, field: &str, data: Bytes) -> Result<()> {
        let file = File {
            filename: "",
            content_type,
            data,
        };
        let field = if field == "*" { "" } else { field };
        let options = &self.wire.settings.json;
        let set = self
            .binder
            .fix(self.message, field, Value::File(file), options);
        set.map(|_| ())
            .map_err(|error| bad(format!("body: {error}")))
    }

    /// A body that is the message, or the value of a field.
    fn body(&mut self, field: &str, body: Bytes) -> Result<()> {
        let options = &self.wire.settings.json;
        let json = body.trim_ascii();
        // curl sends nothing where it means `{}`. White space is data in protobuf.
        let empty = match self.wire.codec {
            Codec::Json => json.is_empty(),
            Codec::Proto => body.is_empty(),
        };
        if empty {
            return Ok(());
        }
        let route = self.binding.route;
        let record = !route.mask_field().is_empty() || self.rules().reject_collisions;
        let read = match (field, self.wire.codec) {
            ("*", _) if json == b"null" => {
                Err(json::Error::new("the body is null: send an object"))
            }
            ("*", _) if record => bind::read_recorded(self.message, json, options),
            ("*", _) => options.read_into(self.message, json).map(|()| Vec::new()),
            (_, Codec::Json) => bind::read_field(self.message, field, json, (options, record)),
            (_, Codec::Proto) => {
                let set = self
                    .binder
                    .fix(self.message, field, Value::Proto(body.clone()), options);
                set.map(|_| Vec::new())
            }
        };
        self.named = read.map_err(|error| bad(error.to_string()))?;
        Ok(())
    }

    fn path(&mut self) -> Result<()> {
        let options = &self.wire.settings.json;
        for (field, text) in &self.binding.path {
            if self.rules().reject_collisions && self.body_names(field) {
                return Err(collision(field));
            }
            let set = self
                .binder
                .fix(self.message, field, Value::Text(text), options);
            match set.map_err(|error| bad(format!("path variable {error}")))? {
                Set::Done | Set::Fixed => {}
                Set::Unknown => {
                    let message = format!("path variable {field} is no field of the request");
                    return Err(Error::bare(Code::Internal, message));
                }
            }
        }
        Ok(())
    }

    /// Whether the body has a value for a field.
    fn body_names(&self, field: &str) -> bool {
        let within = match self.binding.route.body_field() {
            "" => return false,
            "*" => Some(field),
            body => field
                .strip_prefix(body)
                .and_then(|rest| rest.strip_prefix('.')),
        };
        let covers = |name: &String| {
            let rest = within.and_then(|within| name.strip_prefix(within));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.named.iter().any(covers)
    }

    fn form(&mut self, form: &[u8], field: &str) -> Result<()> {
        for (number, pair) in Pairs::new(form_text(form)?).enumerate() {
            bound("form", number)?;
            let (key, value) = pair.map_err(|error| bad(format!("form: {}", error.message())))?;
            match field {
                "*" => self.set(&key, &value, "form field")?,
                _ => self.set(&format!("{field}.{key}"), &value, "form field")?,
            }
        }
        if field != "*" {
            self.binder.fix_field(self.message, field);
        }
        Ok(())
    }

    fn query(&mut self) -> Result<()> {
        match &self.binding.query {
            Some(query) => self.pairs(query),
            None => Ok(()),
        }
    }

    /// Takes the pairs of a query.
    fn pairs(&mut self, query: &str) -> Result<()> {
        let whole = self.binding.route.body_field() == "*";
        if whole && !self.rules().strict_query {
            return Ok(());
        }
        for (number, pair) in Pairs::new(query).enumerate() {
            bound("query", number)?;
            let (key, value) = pair.map_err(|error| bad(format!("query: {}", error.message())))?;
            if self.rules().system_params.contains(&key) {
                continue;
            }
            match whole {
                true => return Err(unknown("query parameter", &key)),
                false => self.set(&key, &value, "query parameter")?,
            }
        }
        Ok(())
    }

    /// Sets a field from a query or a form.
    fn set(&mut self, key: &str, value: &str, what: &str) -> Result<()> {
        let options = &self.wire.settings.json;
        let set = self
            .binder
            .set(self.message, key, Value::Text(value), options);
        match set.map_err(|error| bad(format!("{what} {error}")))? {
            Set::Unknown if self.rules().strict_query => Err(unknown(what, key)),
            Set::Fixed if self.rules().reject_collisions => Err(collision(key)),
            Set::Done | Set::Fixed | Set::Unknown => Ok(()),
        }
    }

    /// Fills the field mask of a PATCH, if the caller has left it empty.
    fn mask(&mut self) {
        let field = self.binding.route.mask_field();
        if field.is_empty() || self.named.is_empty() {
            return;
        }
        let options = &self.wire.settings.json;
        // It is a FieldMask, as the generator has seen, and so takes paths.
        let _ = Binder::default().fix(self.message, field, Value::Paths(&self.named), options);
    }

    fn rules(&self) -> &Rules {
        &self.wire.settings.rules
    }
}

/// The text of a form, which must not be JSON under a wrong name.
fn form_text(form: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(form).map_err(|_| bad("the form is not UTF-8".into()))?;
    if text.trim_start().starts_with('{') {
        let text = "the body is no form but looks like JSON: send Content-Type: application/json";
        return Err(bad(text.into()));
    }
    Ok(text)
}

/// The most values that a query or a form may have: each costs a search among the fields of the message.
const MOST_PAIRS: usize = 10_000;

/// Checks that there are not too many values.
fn bound(what: &str, number: usize) -> Result<()> {
    match number < MOST_PAIRS {
        true => Ok(()),
        false => Err(bad(format!("{what}: more than {MOST_PAIRS} values"))),
    }
}

fn bad(message: String) -> Error {
    Error::bare(Code::InvalidArgument, message)
}

#[cold]
fn unknown(what: &str, key: &str) -> Error {
    bad(format!("unknown {what} {key:?}"))
}

#[cold]
fn collision(field: &str) -> Error {
    bad(format!(
        "{field} is given twice: path, body and query may each have fields of their own"
    ))
}
