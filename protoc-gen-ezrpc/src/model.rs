//! The resolved model between lowering and emission: plain data, every name already Rust.
//!
//! Lowering builds it once, with every check made; emission prints it and asks no questions.
//! Types are held as Rust paths in text, as seen from the module of the package they are used in.

/// Everything one run generates, packages in order of their names.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The packages to write, sorted by proto name.
    pub packages: Vec<Package>,
    /// Files that are imported, directly or not, but not written (services and comments removed), sorted by
    /// name. prost-build asks them whether a field's type is `Copy` or recursive.
    pub imports: Vec<prost_types::FileDescriptorProto>,
    /// Types that live in other crates, as prost-build takes them: `.google.rpc.Status` to its Rust path.
    /// The parameter's and those of the bundled files; without `.google.protobuf`.
    pub extern_paths: Vec<(String, String)>,
}

/// One proto package: one Rust module, one generated file.
#[derive(Debug, Default)]
pub(crate) struct Package {
    /// Proto name: `shop.v1`; empty for files without a package.
    pub name: String,
    /// Rust module path, keyword-safe: `["shop", "v1"]`; empty for files without a package.
    pub module: Vec<String>,
    /// Services in order of file name, then of declaration.
    pub services: Vec<Service>,
    /// Messages, nested ones after their parent; map entries left out.
    pub messages: Vec<Message>,
    /// Enums, top-level and nested.
    pub enums: Vec<Enum>,
    /// The package's files, sorted by name.
    pub files: Vec<File>,
    /// Rust paths of the `descriptors` functions of imported packages, as seen from this module, sorted.
    pub descriptor_links: Vec<String>,
}

/// One `.proto` file of a package.
#[derive(Debug, Default)]
pub(crate) struct File {
    /// Import name: `shop/v1/product.proto`.
    pub name: String,
    /// The encoded `FileDescriptorProto`, canonical, without source info.
    pub descriptor: Vec<u8>,
    /// What prost-build generates messages from: services removed. Of its source info only `leading_comments`
    /// are read: sanitised rustdoc, printed line by line as `///{line}`, so with their leading space.
    pub messages: prost_types::FileDescriptorProto,
}

/// One service.
#[derive(Debug)]
pub(crate) struct Service {
    /// Sanitised rustdoc lines, each with its leading space, if any.
    pub doc: Vec<String>,
    /// Full proto name: `shop.v1.Product`.
    pub full_name: String,
    /// Trait name: `Product`.
    pub ident: String,
    /// Server type: `ProductServer`.
    pub server: String,
    /// Client type: `ProductClient`.
    pub client: String,
    /// Function that returns the process-wide client: `product`.
    pub function: String,
    /// Static that holds the facts: `PRODUCT_SERVICE`.
    pub facts: String,
    /// `(ezbuy.service).desc`; empty if unset.
    pub desc: String,
    /// Whether `option deprecated = true` is set.
    pub deprecated: bool,
    /// Methods in order of declaration; the index is the method's number at run time.
    pub methods: Vec<Method>,
}

/// One RPC.
#[derive(Debug)]
pub(crate) struct Method {
    /// Sanitised rustdoc lines.
    pub doc: Vec<String>,
    /// `/shop.v1.Product/GetItem`
    pub path: String,
    /// `get_item`: unique in its service, keyword-safe, no clash with the client's own functions.
    pub ident: String,
    /// Rust path of the request message.
    pub input: String,
    /// Rust path of the response message.
    pub output: String,
    /// Which sides stream.
    pub shape: Shape,
    /// Whether `option deprecated = true` is set.
    pub deprecated: bool,
    /// `idempotency_level`.
    pub idempotency: Idempotency,
    /// `(ezbuy.timeout)`.
    pub timeout: Timeout,
    /// `(ezbuy.webapi)`, merged over the service's.
    pub webapi: Webapi,
    /// google.api.http bindings in order of declaration, additional ones after the first.
    pub routes: Vec<Route>,
    /// How an upload goes into the messages of the request stream.
    pub upload_stream: Option<UploadStream>,
}

/// How the chunks of an upload go into the messages of a request stream, with the proto names of the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UploadStream {
    /// A oneof of a message with what comes before the file, and of bytes.
    Oneof { meta: String, chunk: String },
    /// A bytes field, beside others perhaps.
    Flat { data: String },
    /// The message is a google.api.HttpBody.
    HttpBody,
    /// A field is a google.api.HttpBody.
    HttpBodyField { field: String },
}

/// Which sides of an RPC stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One request, one response.
    Unary,
    /// A stream of requests, one response.
    ClientStreaming,
    /// One request, a stream of responses.
    ServerStreaming,
    /// Streams both ways.
    BidiStreaming,
}

/// What a caller may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Idempotency {
    /// Nothing is said: never retried once sent.
    #[default]
    Unknown,
    /// Reads only.
    NoSideEffects,
    /// May be repeated.
    Idempotent,
}

/// The time limit a schema gives a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Timeout {
    /// Not said.
    #[default]
    Unset,
    /// `none`: no limit of its own.
    None,
    /// A limit in milliseconds.
    Millis(u64),
}

/// The merged `(ezbuy.webapi)` of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Webapi {
    /// Reachable over HTTP on its RPC path.
    pub enable: bool,
    /// Takes multipart and raw bodies.
    pub upload: bool,
    /// May be called over HTTP without credentials.
    pub public: bool,
}

/// One google.api.http binding, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Route {
    /// HTTP method in capitals: `GET`, `POST`, a custom kind, or `*`.
    pub verb: String,
    /// Path template as written.
    pub template: String,
    /// `body`: empty, `*`, or a field name.
    pub body: String,
    /// `response_body`: empty or a field name.
    pub response_body: String,
    /// What the body fills is a google.api.HttpBody.
    pub raw_request: bool,
    /// What is sent back is a google.api.HttpBody.
    pub raw_response: bool,
    /// The FieldMask field that a PATCH fills from its body.
    pub patch_mask: Option<String>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Message {
    /// Full proto name: `shop.v1.Order.Item`.
    pub full_name: String,
    /// Rust path as seen from the package's module: `order::Item`.
    pub path: String,
    /// Fields in order of declaration (a oneof's members where they are declared).
    pub fields: Vec<Field>,
}

/// One field, as JSON sees it.
#[derive(Debug)]
pub(crate) struct Field {
    /// The struct field that holds it; for a oneof member the oneof's: `r#type`, `self_`.
    pub ident: String,
    /// `json_name`, given or by protoc's rule.
    pub json_name: String,
    /// Name in the proto file.
    pub proto_name: String,
    /// How it is held.
    pub presence: Presence,
    /// What one value is (for a map: the value).
    pub kind: Kind,
    /// Whether `deprecated = true` is set, so that naming the Rust field would warn.
    pub deprecated: bool,
}

/// How a struct holds a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    /// proto3 scalar without `optional`: the zero value means unset.
    Implicit,
    /// `Option<T>`.
    Optional,
    /// proto2 `required`: a plain `T`.
    Required,
    /// `Vec<T>`.
    Repeated,
    /// `BTreeMap<key, T>`.
    Map(Kind),
    /// A member of a oneof.
    Oneof {
        /// Rust path of the oneof's enum: `order::Payment`.
        path: String,
        /// Its variant: `Card`.
        variant: String,
    },
}

/// What one value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Int32,
    Int64,
    Uint32,
    Uint64,
    Float,
    Double,
    Bool,
    String,
    Bytes,
    /// An enum, by the Rust path of its type.
    Enum(String),
    /// `google.protobuf.NullValue`.
    NullValue,
    /// A message, a group, a well-known type; wrappers are their scalar, optional.
    Message,
}

/// One enum.
#[derive(Debug)]
pub(crate) struct Enum {
    /// Rust path as seen from the package's module: `order::State`.
    pub path: String,
    /// Every name with its number, aliases too, in order of declaration.
    pub values: Vec<EnumValue>,
    /// Whether there are no numbers but these: enums of proto2.
    pub closed: bool,
    /// `(ezbuy.errors).domain`, if the enum lists error reasons.
    pub error_domain: Option<String>,
}

/// One name of an enum.
#[derive(Debug)]
pub(crate) struct EnumValue {
    /// Name in the proto file.
    pub name: String,
    /// Number.
    pub number: i32,
    /// `(ezbuy.error)`: seven-digit code and message, or where it gives none the name in words.
    pub error: Option<(u32, String)>,
}
