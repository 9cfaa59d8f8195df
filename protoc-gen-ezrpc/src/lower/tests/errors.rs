//! Mistakes of users: the whole text they get to see.

use super::mistakes;

#[test]
fn nothing_is_wrong() {
    let source = r#"syntax = "proto3"; package a; message M { int32 x = 1; }"#;
    assert_eq!(mistakes(&[("a.proto", source)]), "");
}
