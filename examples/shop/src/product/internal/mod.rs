//! What nobody outside the product service sees.

mod catalogue;
pub(super) mod events;

pub(super) use catalogue::Catalogue;
