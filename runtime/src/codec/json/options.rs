//! What differs between uses: which input is refused, and how output looks.

use super::{Error, Message, Reader, Result, Types, Writer, pretty};

/// What most documents have room in: growing costs an allocator more than a few hundred bytes for a while.
const ROOM: usize = 512;

/// How to read and write JSON, and the doors to do so.
///
/// ```
/// # use ezrpc::{json, wkt::Duration};
/// let options = json::Options::new().strict().emit_defaults();
/// let duration: Duration = options.from_slice(b"\"1s\"")?;
/// # assert_eq!(options.to_string(&duration)?, "\"1s\"");
/// # Ok::<(), json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(super) strict: bool,
    pub(super) emit_defaults: bool,
    pub(super) enums_as_ints: bool,
    pub(super) proto_names: bool,
    pub(super) reject_duplicate_keys: bool,
    pub(super) pretty: bool,
    pub(super) types: Option<Types>,
}

impl Options {
    /// The defaults: unknown members and enum names are ignored, unset fields are left out, enums are names,
    /// keys are JSON names, the last of two equal keys counts, and `Any` holds well-known types only.
    pub const fn new() -> Self {
        Self {
            strict: false,
            emit_defaults: false,
            enums_as_ints: false,
            proto_names: false,
            reject_duplicate_keys: false,
            pretty: false,
            types: None,
        }
    }

    /// Reading: refuses unknown members and unknown enum names.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Whether unknown names are refused.
    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Reading: ignores unknown members and unknown enum names (the default).
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Reading: refuses an object with two equal keys (also one JSON and one proto name of a field), unless nobody reads
    /// them: equal keys that name no field are ignored as one is.
    #[must_use]
    pub fn reject_duplicate_keys(mut self) -> Self {
        self.reject_duplicate_keys = true;
        self
    }

    /// Writing: prints fields without presence (plain scalars, lists, maps) also when zero or empty.
    #[must_use]
    pub fn emit_defaults(mut self) -> Self {
        self.emit_defaults = true;
        self
    }

    /// Writing: prints enums as numbers.
    #[must_use]
    pub fn enums_as_ints(mut self) -> Self {
        self.enums_as_ints = true;
        self
    }

    /// Writing: prints field names as in the `.proto`.
    #[must_use]
    pub fn proto_names(mut self) -> Self {
        self.proto_names = true;
        self
    }

    /// Writing: a line for each member and item, indented by two spaces a level (default: one line, no spaces).
    ///
    /// A server that is to answer like that is given these options with [`Server::json`](crate::Server::json); it then
    /// prints whole answers so, and goes on to print one line for each message of a stream.
    ///
    /// ```
    /// # use ezrpc::{Server, json};
    /// let server = Server::new("shop").json(json::Options::new().pretty());
    /// ```
    #[must_use]
    pub fn pretty(mut self) -> Self {
        self.pretty = true;
        self
    }

    /// Both: the messages that an `Any` may hold, besides the well-known types.
    #[must_use]
    pub fn types(mut self, types: Types) -> Self {
        self.types = Some(types);
        self
    }

    /// Prints a message as a string.
    ///
    /// # Errors
    /// If a value has no JSON form.
    pub fn to_string(&self, message: &dyn Message) -> Result<String> {
        let bytes = self.to_vec(message)?;
        // Never fails: the writer copies `str`s and prints ASCII.
        String::from_utf8(bytes).map_err(|error| Error::new(error.to_string()))
    }

    /// Prints a message as UTF-8 bytes.
    ///
    /// # Errors
    /// If a value has no JSON form.
    pub fn to_vec(&self, message: &dyn Message) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(ROOM);
        self.append(message, &mut out)?;
        Ok(out)
    }

    /// Prints a message at the end of `out`.
    ///
    /// # Errors
    /// If a value has no JSON form; `out` is then as before.
    pub fn append(&self, message: &dyn Message, out: &mut Vec<u8>) -> Result {
        if self.pretty {
            let json = self.to_line(message)?;
            pretty::append(out, &json);
            return Ok(());
        }
        self.append_line(message, out)
    }

    /// Prints a message as bytes without line feeds.
    pub(crate) fn to_line(&self, message: &dyn Message) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(ROOM);
        self.append_line(message, &mut out)?;
        Ok(out)
    }

    /// What [`to_line`](Self::to_line) printed, as the options want whole documents.
    #[inline]
    pub(crate) fn document(&self, json: Vec<u8>) -> Vec<u8> {
        if !self.pretty {
            return json;
        }
        let mut out = Vec::with_capacity(2 * json.len());
        pretty::append(&mut out, &json);
        out
    }

    /// As [`append`](Self::append), without line feeds.
    pub(crate) fn append_line(&self, message: &dyn Message, out: &mut Vec<u8>) -> Result {
        let start = out.len();
        let mut writer = Writer::new(self, std::mem::take(out));
        let result = message.write(&mut writer);
        *out = writer.into_inner();
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    /// Prints the value of one field, by its proto name: its zero if it is not set, never `null`.
    ///
    /// # Errors
    /// If a value has no JSON form.
    pub(crate) fn field_to_vec<M: Message + Default>(
        &self,
        message: &M,
        name: &str,
    ) -> Result<Vec<u8>> {
        let fields = message.fields();
        let index = fields.iter().position(|field| field.is_called(name));
        match index.map(|index| Writer::field(self, message, index)) {
            Some(Ok(Some(json))) => Ok(json),
            Some(Err(error)) => Err(error.in_field(name)),
            _ => Ok(super::bind::zero(&mut M::default(), name, self)),
        }
    }

    /// Reads a message from one JSON document.
    ///
    /// # Errors
    /// If the bytes are not JSON, or not the form of this message.
    pub fn from_slice<M: Message + Default>(&self, json: &[u8]) -> Result<M> {
        let mut message = M::default();
        self.read_into(&mut message, json)?;
        Ok(message)
    }

    /// Reads one JSON document into a message; fields that the text does not name keep what they held.
    ///
    /// # Errors
    /// As for [`from_slice`](Options::from_slice); the message is then half read.
    pub fn read_into(&self, message: &mut dyn Message, json: &[u8]) -> Result {
        let mut reader = Reader::new(self, json)?;
        message.read(&mut reader)?;
        reader.end()
    }
}
