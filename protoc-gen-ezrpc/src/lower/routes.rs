//! `google.api.http` bindings, checked against the messages they bind.

use prost_types::field_descriptor_proto::{Label, Type as ProtoType};
use prost_types::{DescriptorProto, FieldDescriptorProto, MethodDescriptorProto};

use super::context::{Cx, Place};
use super::method::OPTIONS;
use super::route_facts;
use crate::diagnostic::{At, Noted};
use crate::model::{Route, Shape, Webapi};
use crate::options::{Given, HttpRule};
use crate::route::{self, Template, Variable};

/// Messages a path variable may fill: they are written as one scalar in JSON.
const SCALAR_MESSAGES: [&str; 12] = [
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "StringValue",
    "Timestamp",
    "UInt32Value",
    "UInt64Value",
];

/// What to do about a mistake that only servers make, also for those who cannot change the file.
const NOT_MINE: &str =
    "change one of the paths or its HTTP method, or generate clients only (`server=false`)";

/// A binding as [`duplicates`] sees it.
#[derive(Debug)]
pub(super) struct Binding {
    file: String,
    path: Vec<i32>,
    number: i32,
    method: String,
    route: String,
}

/// An RPC's rule before lowering.
pub(super) struct Source<'a> {
    pub(super) proto: &'a MethodDescriptorProto,
    pub(super) shape: Shape,
    pub(super) webapi: Webapi,
    /// `enable: false` is said: the bindings are checked, but answer nothing.
    pub(super) hidden: bool,
    pub(super) http: Option<&'a Given<HttpRule>>,
}

/// One rule being checked.
struct Rule<'a, 'b> {
    place: &'b Place<'a>,
    source: &'b Source<'b>,
    number: i32,
    /// The template, once known, to begin messages with.
    label: String,
}

/// Lowers the bindings of an RPC in order of declaration.
///
/// Those of bidirectional RPCs are checked and left out: HTTP with JSON cannot carry them, yet public APIs have them.
/// So are those of RPCs with an explicit `enable: false`.
pub(super) fn lower(cx: &mut Cx<'_>, place: &Place<'_>, source: Source<'_>) -> Vec<Route> {
    let Some(Given {
        value: first,
        number,
    }) = source.http
    else {
        return Vec::new();
    };
    let mut routes = Vec::new();
    for (depth, http) in
        std::iter::once((0, first)).chain(first.additional.iter().map(|http| (1, http)))
    {
        let mut rule = Rule {
            place,
            source: &source,
            number: *number,
            label: String::new(),
        };
        if depth > 0 && !http.additional.is_empty() {
            rule.error(cx, "additional_bindings inside additional_bindings")
                .help("list all further bindings in the outer rule");
        }
        routes.extend(rule.lower(cx, http));
    }
    if source.is_served() {
        return routes;
    }
    if source.shape == Shape::BidiStreaming && !source.hidden && cx.input.params.server {
        let message = format!(
            "the google.api.http rule of `{}` is left out: HTTP with JSON cannot carry streams both ways",
            place.plain_name()
        );
        cx.report
            .warn(place.option(OPTIONS, *number), message)
            .help("remove the rule; the method stays callable over gRPC");
    }
    Vec::new()
}

/// Reports bindings of one service that would answer the same requests; without a server nothing answers.
///
/// Those of two services are left to the server that gets both: public APIs have such twins.
pub(super) fn duplicates(cx: &mut Cx<'_>) {
    if !cx.input.params.server {
        return;
    }
    for bindings in std::mem::take(&mut cx.bindings).into_values() {
        let Some((first, rest)) = bindings.split_first() else {
            continue;
        };
        for Binding {
            file,
            path,
            number,
            method,
            route,
        } in rest
        {
            let Some(file) = cx.input.files.get(file) else {
                continue;
            };
            let place = Place {
                file: &file.proto,
                path: path.clone(),
                full_name: method.clone(),
            };
            let other = match *method == first.method {
                true => format!("its `{}`", first.route),
                false => format!("`{}` of `{}`", first.route, first.method),
            };
            let message = format!("`{route}` of `{method}` matches the same requests as {other}");
            cx.report
                .error(place.option(OPTIONS, *number), message)
                .help(NOT_MINE);
        }
    }
}

impl Source<'_> {
    fn is_served(&self) -> bool {
        !self.hidden && self.shape != Shape::BidiStreaming
    }
}

impl Rule<'_, '_> {
    fn at(&self) -> At {
        self.place.option(OPTIONS, self.number)
    }

    fn error<'c>(&self, cx: &'c mut Cx<'_>, message: impl std::fmt::Display) -> Noted<'c> {
        cx.report.error(self.at(), self.says(message))
    }

    fn warn<'c>(&self, cx: &'c mut Cx<'_>, message: impl std::fmt::Display) -> Noted<'c> {
        cx.report.warn(self.at(), self.says(message))
    }

    fn says(&self, message: impl std::fmt::Display) -> String {
        let method = self.place.plain_name();
        match self.label.as_str() {
            "" => format!("google.api.http of `{method}`: {message}"),
            label => format!("`{label}` of `{method}`: {message}"),
        }
    }

    fn lower(&mut self, cx: &mut Cx<'_>, http: &HttpRule) -> Option<Route> {
        let Some((verb, path)) = &http.pattern else {
            self.error(cx, "no pattern")
                .help("set one of get, put, post, delete, patch, or custom { kind, path }");
            return None;
        };
        self.label = format!("{verb} {path}");
        if !route::is_token(verb) {
            self.error(cx, format!("{verb:?} is no HTTP method"))
                .help("write it in letters, or `*` for every method");
        }
        self.check_body(cx, verb, &http.body);
        self.check_response_body(cx, &http.response_body);
        let template = match route::parse(path) {
            Ok(template) => template,
            Err(error) => {
                self.error(cx, format!("column {}: {}", error.column, error.message))
                    .help("a template is written like `/v1/{name=shelves/*}/books:list`");
                return None;
            }
        };
        self.check_variables(cx, &template, &http.body);
        self.note(cx, verb, template);
        Some(route_facts::route(
            cx,
            self.source.proto,
            (verb, path),
            http,
        ))
    }

    /// Keeps the binding to compare it with all others.
    fn note(&self, cx: &mut Cx<'_>, verb: &str, template: Template) {
        if !self.source.is_served() {
            return;
        }
        let binding = Binding {
            file: self.place.file.name().to_owned(),
            path: self.place.path.clone(),
            number: self.number,
            method: self.place.plain_name().to_owned(),
            route: self.label.clone(),
        };
        let service = self
            .place
            .full_name
            .rsplit_once('.')
            .map_or("", |(service, _)| service);
        let key = (service.to_owned(), verb.to_owned(), template.shape);
        cx.bindings.entry(key).or_default().push(binding);
    }

    fn check_body(&self, cx: &mut Cx<'_>, verb: &str, body: &str) {
        let help = "remove `body`, which leaves the fields to the query, or use post";
        let help = match verb {
            "GET" | "HEAD" => Some(help.to_owned()),
            "DELETE" if !cx.input.params.allow_delete_body => {
                Some(format!("{help},\nor set the parameter `allow_delete_body`"))
            }
            _ => None,
        };
        if let Some(help) = help.filter(|_| !body.is_empty()) {
            self.error(cx, format!("{verb} takes no body, but `body` is {body:?}"))
                .help(help);
        }
        if !matches!(body, "" | "*") {
            self.check_top_level(cx, "body", body, self.source.proto.input_type());
        }
    }

    fn check_response_body(&self, cx: &mut Cx<'_>, body: &str) {
        if !body.is_empty() {
            self.check_top_level(cx, "response_body", body, self.source.proto.output_type());
        }
    }

    fn check_top_level(&self, cx: &mut Cx<'_>, option: &str, name: &str, message: &str) {
        let Some(descriptor) = cx.types.message(message) else {
            return;
        };
        if find(descriptor, name).is_some() {
            return;
        }
        let message = message.trim_start_matches('.');
        let noted = self.error(
            cx,
            format!("`{option}` names `{name}`, which is no field of `{message}`"),
        );
        noted.help(match name.contains('.') {
            true => format!("`{option}` takes a field of the message itself, no path into it"),
            false => near(descriptor, name),
        });
    }

    fn check_variables(&self, cx: &mut Cx<'_>, template: &Template, body: &str) {
        for variable in &template.variables {
            self.check_variable(cx, variable);
            if variable.path == body {
                self.error(cx, format!("`{body}` is both a path variable and the body"))
                    .help("remove it from one of them; `body: \"*\"` takes all fields the path does not");
            }
        }
        let Source { shape, webapi, .. } = self.source;
        let stream = *shape == Shape::ClientStreaming && !webapi.upload && cx.input.params.server;
        if stream && !template.variables.is_empty() {
            self.error(cx, "the request is a stream, so no message takes the path variables").help(
                "set `upload: true` in (ezbuy.webapi), which sends them ahead, or use a path without variables,\n\
                 or generate clients only (`server=false`)",
            );
        }
    }

    /// Follows a variable's path to a field that holds one scalar.
    fn check_variable(&self, cx: &mut Cx<'_>, Variable { path, column }: &Variable) {
        let mut message = self.source.proto.input_type().to_owned();
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            let Some(descriptor) = cx.types.message(&message) else {
                return;
            };
            let Some(field) = find(descriptor, part) else {
                let help = near(descriptor, part);
                let message = message.trim_start_matches('.');
                self.error(
                    cx,
                    format!("column {column}: `{part}` of `{{{path}}}` is no field of `{message}`"),
                )
                .help(help);
                return;
            };
            let last = parts.peek().is_none();
            if let Some(reason) = unfit(cx, field, last) {
                self.error(
                    cx,
                    format!("column {column}: `{part}` of `{{{path}}}` {reason}"),
                )
                .help("bind a single scalar, enum, wrapper, Timestamp, Duration or FieldMask");
                return;
            }
            // An upload sends the member with the variables ahead of the one with its file.
            let ahead = self.source.shape == Shape::ClientStreaming;
            if let Some(oneof) = oneof(descriptor, field).filter(|_| !ahead) {
                let place = format!("column {column}: `{part}` of `{{{path}}}`");
                let message =
                    format!("{place} is a member of oneof `{oneof}`: no other can be set");
                self.warn(cx, message)
                    .help("take the field out of the oneof, or leave it to the query or the body");
            }
            field.type_name().clone_into(&mut message);
        }
    }
}

/// Why a path cannot bind a field, or lead through it.
fn unfit(cx: &Cx<'_>, field: &FieldDescriptorProto, last: bool) -> Option<&'static str> {
    let is_message = matches!(field.r#type(), ProtoType::Message | ProtoType::Group);
    let scalar = |name: &str| SCALAR_MESSAGES.contains(&name);
    if cx.types.map_entry(field.type_name()).is_some() {
        Some("is a map")
    } else if field.label() == Label::Repeated {
        Some("is repeated")
    } else if last
        && is_message
        && !field
            .type_name()
            .strip_prefix(".google.protobuf.")
            .is_some_and(scalar)
    {
        Some("is a message")
    } else if !last && !is_message {
        Some("is no message")
    } else {
        None
    }
}

/// The oneof that a field is a member of; one made for `optional` is none.
fn oneof<'a>(message: &'a DescriptorProto, field: &FieldDescriptorProto) -> Option<&'a str> {
    let index = field.oneof_index.filter(|_| !field.proto3_optional())?;
    let oneof = message.oneof_decl.get(usize::try_from(index).ok()?)?;
    Some(oneof.name())
}

pub(super) fn find<'a>(
    message: &'a DescriptorProto,
    name: &str,
) -> Option<&'a FieldDescriptorProto> {
    message.field.iter().find(|field| field.name() == name)
}

/// What could be meant: the field of that JSON name, or else the list.
fn near(message: &DescriptorProto, name: &str) -> String {
    let same = message.field.iter().find(|field| field.json_name() == name);
    if let Some(field) = same {
        return format!("write it as the proto file does: `{}`", field.name());
    }
    let fields: Vec<String> = message
        .field
        .iter()
        .take(8)
        .map(|field| format!("`{}`", field.name()))
        .collect();
    match (fields.is_empty(), message.field.len() > 8) {
        (true, _) => format!("`{}` has no fields", message.name()),
        (false, true) => format!("`{}` has {}, ...", message.name(), fields.join(", ")),
        (false, false) => format!("`{}` has {}", message.name(), fields.join(", ")),
    }
}
