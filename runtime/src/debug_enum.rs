//! `Debug` of enum fields by name, for the impls that generated code prints itself (those of messages with maps).

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::marker::PhantomData;

/// Shows the numbers in `value` as variants of `E`, unknown ones as they are.
pub fn debug_enum<E, T>(value: &T) -> DebugEnum<'_, E, T> {
    DebugEnum(value, PhantomData)
}

/// See [`debug_enum`].
pub struct DebugEnum<'a, E, T>(&'a T, PhantomData<fn() -> E>);

impl<E: TryFrom<i32> + Debug, T: Numbers> Debug for DebugEnum<'_, E, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt_as::<E>(f)
    }
}

/// What a field of an enum type is held in.
pub trait Numbers {
    /// Formats the numbers as variants of `E`.
    fn fmt_as<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

impl Numbers for i32 {
    fn fmt_as<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match E::try_from(*self) {
            Ok(variant) => variant.fmt(f),
            Err(_) => Debug::fmt(self, f),
        }
    }
}

impl<T: Numbers> Numbers for Option<T> {
    fn fmt_as<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.as_ref().map(debug_enum::<E, T>).fmt(f)
    }
}

impl<T: Numbers> Numbers for Vec<T> {
    fn fmt_as<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(debug_enum::<E, T>))
            .finish()
    }
}

impl<K: Debug, T: Numbers> Numbers for BTreeMap<K, T> {
    fn fmt_as<E: TryFrom<i32> + Debug>(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.iter()
                    .map(|(key, value)| (key, debug_enum::<E, T>(value))),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Even;

    impl TryFrom<i32> for Even {
        type Error = ();
        fn try_from(number: i32) -> Result<Self, ()> {
            if number % 2 == 0 { Ok(Even) } else { Err(()) }
        }
    }

    #[test]
    fn shows_variants_and_unknown_numbers() {
        let held = (4, Some(5), vec![1, 2], BTreeMap::from([("a", 2)]));
        let shown = format!(
            "{:?} {:?} {:?} {:?}",
            debug_enum::<Even, _>(&held.0),
            debug_enum::<Even, _>(&held.1),
            debug_enum::<Even, _>(&held.2),
            debug_enum::<Even, _>(&held.3),
        );
        assert_eq!(shown, r#"Even Some(5) [1, Even] {"a": Even}"#);
    }
}
