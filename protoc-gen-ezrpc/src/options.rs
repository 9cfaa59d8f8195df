//! Extensions to typed options. The only file that spells extension names.
