//! Messages by name, for `google.protobuf.Any`.

use std::{collections::HashMap, fmt, sync::Arc};

use super::Message;
use crate::descriptor::Package;

/// A message of a type known by name only: its JSON form, and its bytes.
pub trait Dynamic: Message + Send + Sync {
    /// The protobuf encoding.
    fn encode(&self) -> Vec<u8>;
}

impl<M: Message + prost::Message> Dynamic for M {
    fn encode(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

/// A message from its protobuf encoding.
type Decoded = Result<Box<dyn Dynamic>, prost::DecodeError>;

/// A message type by its name.
#[derive(Clone, Copy)]
pub struct Type {
    name: &'static str,
    new: fn() -> Box<dyn Dynamic>,
    decode: fn(&[u8]) -> Decoded,
}

impl Type {
    /// The type `M`, whose full protobuf name is `name`.
    pub const fn of<M: Message + prost::Message + Default + 'static>(name: &'static str) -> Self {
        Self {
            name,
            new: || Box::<M>::default(),
            decode: |bytes| Ok(Box::new(M::decode(bytes)?)),
        }
    }

    /// The full name, such as `shop.v1.Product`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// An empty message of this type.
    pub fn new_message(&self) -> Box<dyn Dynamic> {
        (self.new)()
    }

    /// A message of this type from its protobuf encoding.
    ///
    /// # Errors
    /// If the bytes are not such a message.
    pub fn decode(&self, bytes: &[u8]) -> Result<Box<dyn Dynamic>, prost::DecodeError> {
        (self.decode)(bytes)
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Type({})", self.name)
    }
}

/// The message types that an `Any` may hold; cheap to clone.
///
/// The well-known types are always known.
#[derive(Clone, Debug, Default)]
pub struct Types(Arc<HashMap<&'static str, Type>>);

impl Types {
    /// All types of `packages`, and of the packages they import.
    pub fn of(packages: impl IntoIterator<Item = &'static Package>) -> Self {
        let mut types = HashMap::new();
        for package in crate::descriptor::closure(packages) {
            for ty in package.types {
                types.entry(ty.name).or_insert(*ty);
            }
        }
        Self(Arc::new(types))
    }

    /// The type called `name`.
    pub fn get(&self, name: &str) -> Option<Type> {
        find(Some(self), name)
    }
}

/// The type called `name`, of `types` or well-known.
pub(super) fn find(types: Option<&Types>, name: &str) -> Option<Type> {
    let known = types.and_then(|types| types.0.get(name));
    known
        .or_else(|| crate::wkt::TYPES.iter().find(|ty| ty.name == name))
        .copied()
}
