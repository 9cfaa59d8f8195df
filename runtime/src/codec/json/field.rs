//! The names of a field, prepared at compile time.

/// The longest prepared key, with its comma, quotes and colon.
const KEY: usize = 32;

/// One field of a message: its JSON name and its name in the `.proto`.
#[derive(Debug)]
pub struct Field {
    json: &'static str,
    proto: &'static str,
    /// `,"name":` when it fits and needs no escape; a fixed size, so that copying it is a few moves.
    key: [u8; KEY],
    /// Bytes used in `key`; 0 when there is no prepared key.
    key_len: u8,
}

impl Field {
    /// A field by its JSON name (`json_name`, or lowerCamelCase) and its proto name.
    pub const fn new(json: &'static str, proto: &'static str) -> Self {
        let name = json.as_bytes();
        let mut field = Self {
            json,
            proto,
            key: [0; KEY],
            key_len: 0,
        };
        if name.len() + 4 > KEY {
            return field;
        }
        field.key[0] = b',';
        field.key[1] = b'"';
        let mut i = 0;
        while i < name.len() {
            if name[i] < 0x20 || name[i] == b'"' || name[i] == b'\\' {
                return field;
            }
            field.key[i + 2] = name[i];
            i += 1;
        }
        field.key[i + 2] = b'"';
        field.key[i + 3] = b':';
        // At most KEY, checked above.
        field.key_len = (i + 4) as u8;
        field
    }

    /// The name printed by default.
    pub const fn json_name(&self) -> &'static str {
        self.json
    }

    /// The name in the `.proto`, also accepted when reading.
    pub const fn proto_name(&self) -> &'static str {
        self.proto
    }

    /// `,"name":`, or nothing if the name is long or needs escapes.
    #[inline]
    pub(super) fn key(&self) -> Option<&[u8]> {
        match self.key_len {
            0 => None,
            len => self.key.get(..usize::from(len)),
        }
    }

    /// The prepared key in its fixed array, and how much of it counts (0: not prepared).
    #[inline]
    pub(super) fn padded_key(&self) -> (&[u8; KEY], usize) {
        (&self.key, usize::from(self.key_len))
    }

    /// Whether `name` is one of the two.
    #[inline]
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.json == name || self.proto == name
    }
}
