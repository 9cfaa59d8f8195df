//! Extensions to typed options. The only file that spells extension names.
//!
//! An extension is found by its full name in the descriptors of the run, never by its number: teams have copies of
//! `ezbuy/option.proto` with other numbers, fewer fields and plain bools, where `false` cannot be told from unset.

use std::borrow::Cow;

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, EnumValueDescriptor, ExtensionDescriptor, Kind,
    MethodDescriptor, ServiceDescriptor, Value,
};

use crate::model::{Timeout, Webapi};

const WEBAPI: &str = "ezbuy.webapi";
const TIMEOUT: &str = "ezbuy.timeout";
const SERVICE: &str = "ezbuy.service";
const ERRORS: &str = "ezbuy.errors";
const ERROR: &str = "ezbuy.error";
const HTTP: &str = "google.api.http";

/// What an extension must be to be read: its name, what it extends, and whether it is a message or a string.
const SHAPES: [(&str, &str, &str); 6] = [
    (WEBAPI, "google.protobuf.MethodOptions", "message"),
    (TIMEOUT, "google.protobuf.MethodOptions", "string"),
    (HTTP, "google.protobuf.MethodOptions", "message"),
    (SERVICE, "google.protobuf.ServiceOptions", "message"),
    (ERRORS, "google.protobuf.EnumOptions", "message"),
    (ERROR, "google.protobuf.EnumValueOptions", "message"),
];

/// Numbers of the extensions `ezbuy/option.proto` declares, as ezrpc ships it.
const SHIPPED: [(&str, u32); 5] = [
    (WEBAPI, 711_845),
    (TIMEOUT, 711_847),
    (SERVICE, 711_845),
    (ERRORS, 711_845),
    (ERROR, 711_845),
];

/// The extensions of one run.
#[derive(Debug)]
pub(crate) struct Extensions {
    webapi: Option<ExtensionDescriptor>,
    timeout: Option<ExtensionDescriptor>,
    http: Option<ExtensionDescriptor>,
    service: Option<ExtensionDescriptor>,
    errors: Option<ExtensionDescriptor>,
    error: Option<ExtensionDescriptor>,
}

/// A value and the field number of the option that gave it, to find its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given<T> {
    /// The value.
    pub(crate) value: T,
    /// The extension's number.
    pub(crate) number: i32,
}

/// `ezbuy.WebapiOption` before merging: what is said, and what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct WebapiPatch {
    /// Reachable over HTTP.
    pub(crate) enable: Option<bool>,
    /// Takes uploads.
    pub(crate) upload: Option<bool>,
    /// Open to callers without credentials.
    pub(crate) public: Option<bool>,
}

impl WebapiPatch {
    /// This one's fields, and where it is silent, `below`'s.
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            enable: self.enable.or(below.enable),
            upload: self.upload.or(below.upload),
            public: self.public.or(below.public),
        }
    }

    /// The merged option; what nobody said is off.
    pub(crate) fn merged(self) -> Webapi {
        Webapi {
            enable: self.enable.unwrap_or_default(),
            upload: self.upload.unwrap_or_default(),
            public: self.public.unwrap_or_default(),
        }
    }
}

/// The options of an RPC.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct MethodOptions {
    /// `(ezbuy.webapi)`.
    pub(crate) webapi: Option<Given<WebapiPatch>>,
    /// `(ezbuy.timeout)` as written.
    pub(crate) timeout: Option<Given<String>>,
    /// `(google.api.http)`.
    pub(crate) http: Option<Given<HttpRule>>,
}

/// The options of a service.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceOptions {
    /// `(ezbuy.service).webapi`, what methods take over.
    pub(crate) webapi: WebapiPatch,
    /// The extension's number.
    pub(crate) number: i32,
    /// `(ezbuy.service).desc`.
    pub(crate) desc: String,
}

/// `google.api.HttpRule` as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HttpRule {
    /// HTTP method and path template, if a pattern is set.
    pub(crate) pattern: Option<(String, String)>,
    /// `body`.
    pub(crate) body: String,
    /// `response_body`.
    pub(crate) response_body: String,
    /// `additional_bindings`.
    pub(crate) additional: Vec<HttpRule>,
}

impl Extensions {
    /// Looks the extensions up; a mistake in their declaration is told with the extension it is in.
    pub(crate) fn new(pool: &DescriptorPool) -> (Self, Vec<(ExtensionDescriptor, String)>) {
        let mut wrong = Vec::new();
        let mut find = |name: &str| {
            let extension = pool.get_extension_by_name(name)?;
            let (_, extendee, shape) = SHAPES.iter().find(|(known, ..)| *known == name)?;
            match misdeclared(&extension, extendee, shape) {
                Some(reason) => {
                    wrong.push((extension, reason));
                    None
                }
                None => Some(extension),
            }
        };
        let extensions = Self {
            webapi: find(WEBAPI),
            timeout: find(TIMEOUT),
            http: find(HTTP),
            service: find(SERVICE),
            errors: find(ERRORS),
            error: find(ERROR),
        };
        (extensions, wrong)
    }

    /// Reads the options of an RPC.
    pub(crate) fn method(&self, method: &MethodDescriptor) -> MethodOptions {
        if method.method_descriptor_proto().options.is_none() {
            return MethodOptions::default();
        }
        let options = method.options();
        MethodOptions {
            webapi: given(&options, self.webapi.as_ref()).map(|given| given.map(webapi)),
            timeout: given(&options, self.timeout.as_ref()).map(|given| given.map(text)),
            http: given(&options, self.http.as_ref())
                .map(|given| given.map(|value| rule(value, 0))),
        }
    }

    /// Reads the options of a service.
    pub(crate) fn service(&self, service: &ServiceDescriptor) -> ServiceOptions {
        let options = service.options();
        let Some(Given { value, number }) = given(&options, self.service.as_ref()) else {
            return ServiceOptions::default();
        };
        let Some(message) = value.as_message() else {
            return ServiceOptions::default();
        };
        ServiceOptions {
            number,
            webapi: field(message, "webapi")
                .map(|value| webapi(&value))
                .unwrap_or_default(),
            desc: string(message, "desc"),
        }
    }

    /// Reads `(ezbuy.errors).domain` of an enum.
    pub(crate) fn error_domain(&self, descriptor: &EnumDescriptor) -> Option<Given<String>> {
        let options = descriptor.options();
        let domain = |value: &Value| {
            value
                .as_message()
                .map(|message| string(message, "domain"))
                .unwrap_or_default()
        };
        given(&options, self.errors.as_ref()).map(|given| given.map(domain))
    }

    /// Reads `(ezbuy.error)` of an enum value: code and message.
    pub(crate) fn error_code(
        &self,
        descriptor: &EnumValueDescriptor,
    ) -> Option<Given<(u64, String)>> {
        let options = descriptor.options();
        let code = |value: &Value| match value.as_message() {
            Some(message) => (number(message, "code"), string(message, "message")),
            None => (0, String::new()),
        };
        given(&options, self.error.as_ref()).map(|given| given.map(code))
    }
}

/// Whether a file declares what the shipped `ezbuy/option.proto` declares, number by number.
pub(crate) fn is_shipped(pool: &DescriptorPool) -> bool {
    let same = |(name, number)| {
        pool.get_extension_by_name(name)
            .is_none_or(|found| found.number() == number)
    };
    SHIPPED.into_iter().all(same)
}

/// What to do about two extensions on one number.
pub(crate) fn number_clash_help(names: &[&str; 2]) -> &'static str {
    if names.contains(&HTTP) && names.iter().any(|name| name.starts_with("ezbuy.")) {
        "72295728 is registered for google.api.http; take the ezbuy/option.proto that ezrpc ships in place of yours:\n\
         it uses 711845, options are found by name, and nothing else in your files changes"
    } else {
        "give one of them another number"
    }
}

/// Reads a time limit: `<n>ms`, `<n>s`, `<n>m` or `none`.
pub(crate) fn timeout(text: &str) -> Option<Timeout> {
    if text == "none" {
        return Some(Timeout::None);
    }
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let count: u64 = digits.parse().ok().filter(|count| plain && *count > 0)?;
    count.checked_mul(unit).map(Timeout::Millis)
}

impl<T> Given<T> {
    fn map<U>(self, f: impl FnOnce(&T) -> U) -> Given<U> {
        Given {
            value: f(&self.value),
            number: self.number,
        }
    }
}

fn misdeclared(extension: &ExtensionDescriptor, extendee: &str, shape: &str) -> Option<String> {
    let name = extension.full_name();
    if extension.containing_message().full_name() != extendee {
        return Some(format!(
            "`{name}` must extend {extendee}, not {}",
            extension.containing_message().full_name()
        ));
    }
    let fits = match extension.kind() {
        Kind::Message(_) => shape == "message",
        Kind::String => shape == "string",
        _ => false,
    };
    let article = format!("`{name}` must be one {shape}");
    (!fits || extension.is_list() || extension.is_map()).then_some(article)
}

fn given(
    options: &DynamicMessage,
    extension: Option<&ExtensionDescriptor>,
) -> Option<Given<Value>> {
    let extension = extension?;
    if extension.containing_message() != options_descriptor(options)
        || !options.has_extension(extension)
    {
        return None;
    }
    let value = options.get_extension(extension).into_owned();
    Some(Given {
        value,
        number: i32::try_from(extension.number()).ok()?,
    })
}

fn options_descriptor(options: &DynamicMessage) -> prost_reflect::MessageDescriptor {
    use prost_reflect::ReflectMessage as _;
    options.descriptor()
}

/// A field of an option by name: its value if it is set, or unset but telling (a plain `true`).
fn field<'a>(message: &'a DynamicMessage, name: &str) -> Option<Cow<'a, Value>> {
    message
        .has_field_by_name(name)
        .then(|| message.get_field_by_name(name))
        .flatten()
}

/// Of a plain bool only `true` is ever set, so `false` means unset there.
fn webapi(value: &Value) -> WebapiPatch {
    let flag = |name| {
        value
            .as_message()
            .and_then(|message| field(message, name))
            .and_then(|value| value.as_bool())
    };
    WebapiPatch {
        enable: flag("enable"),
        upload: flag("upload"),
        public: flag("public"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn string(message: &DynamicMessage, name: &str) -> String {
    field(message, name)
        .map(|value| text(&value))
        .unwrap_or_default()
}

fn number(message: &DynamicMessage, name: &str) -> u64 {
    match field(message, name).as_deref() {
        Some(Value::U32(number)) => u64::from(*number),
        Some(Value::U64(number)) => *number,
        Some(Value::I32(number)) => u64::try_from(*number).unwrap_or_default(),
        Some(Value::I64(number)) => u64::try_from(*number).unwrap_or_default(),
        _ => 0,
    }
}

/// Reads a rule; bindings nested below an additional one are kept one level deep, enough to refuse them.
fn rule(value: &Value, depth: u32) -> HttpRule {
    let Some(message) = value.as_message() else {
        return HttpRule::default();
    };
    let verbs = ["get", "put", "post", "delete", "patch"];
    let fixed = verbs
        .into_iter()
        .filter(|verb| message.has_field_by_name(verb));
    let mut patterns = fixed.map(|verb| (verb.to_ascii_uppercase(), string(message, verb)));
    let custom = || {
        let custom = field(message, "custom")?;
        let custom = custom.as_message()?;
        Some((string(custom, "kind"), string(custom, "path")))
    };
    let nested = field(message, "additional_bindings").filter(|_| depth < 2);
    let nested = nested
        .as_deref()
        .and_then(Value::as_list)
        .unwrap_or_default();
    HttpRule {
        pattern: patterns.next().or_else(custom),
        body: string(message, "body"),
        response_body: string(message, "response_body"),
        additional: nested.iter().map(|value| rule(value, depth + 1)).collect(),
    }
}

#[cfg(test)]
mod tests;
