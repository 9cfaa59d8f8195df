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
    /// Which bits of the first sixteen bytes of `key` are used; all when there is no prepared key, so that no text matches.
    masks: [u64; 2],
    /// [`mark`] of both names.
    marks: [u32; 2],
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
            masks: [!0; 2],
            marks: [mark(name), mark(proto.as_bytes())],
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
        field.masks = [mask(i + 4), mask((i + 4).saturating_sub(8))];
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

    /// Whether `text` starts with the prepared key, but for the bits in `other`; the rest of a key longer than that is
    /// the caller's to compare.
    #[inline]
    pub(super) fn starts(&self, text: &[u8; 16], other: u64) -> bool {
        let ([near, far, ..], _) = self.key.as_chunks() else {
            return false;
        };
        let ([text_near, text_far], _) = text.as_chunks() else {
            return false;
        };
        let differ = |a: &[u8; 8], b: &[u8; 8]| u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        let near = (differ(near, text_near) ^ other) & self.masks[0];
        let far = differ(far, text_far) & self.masks[1];
        near | far == 0
    }

    /// Whether `name` is one of the two.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.json == name || self.proto == name
    }

    /// Whether `name`, whose [`mark`] is given, is one of the two.
    #[inline]
    pub(super) fn is_marked(&self, name: &str, mark: u32) -> bool {
        let [json, proto] = self.marks;
        (json == mark && self.json == name) || (proto == mark && self.proto == name)
    }

    /// The marks of both names.
    pub(super) fn marks(&self) -> [u32; 2] {
        self.marks
    }
}

/// The bits of a word that its first `len` bytes take.
const fn mask(len: usize) -> u64 {
    if len < 8 { (1 << (8 * len)) - 1 } else { !0 }
}

/// A number that tells most names apart: of the length and of a few bytes, because it is computed for each field of each
/// message by the compiler.
#[inline]
pub(super) const fn mark(name: &[u8]) -> u32 {
    let len = name.len();
    if len == 0 {
        return 0;
    }
    let last = name[len - 1] as u64;
    let before = name[len - if len == 1 { 1 } else { 2 }] as u64;
    let bytes = name[0] as u64
        | (name[len / 4] as u64) << 8
        | (name[len / 2] as u64) << 16
        | last << 24
        | before << 32;
    let mixed = (bytes | (len as u64) << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}
