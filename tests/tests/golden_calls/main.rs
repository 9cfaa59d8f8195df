//! The expected files compile, and what they say runs: each case is called through its generated client, in process.

mod deprecation;
mod facts;
mod messages;
mod names;
mod packages;
mod shapes;
mod sides;

use std::fmt::Debug;

/// Compiles the expected file of a case, `deprecated` warnings not allowed.
macro_rules! expected {
    ($name:literal) => {
        // As much as a private module of a test needs; what users get is in mod.rs.
        #[allow(clippy::all, dead_code, unreachable_pub)]
        pub mod proto {
            include!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/golden/",
                $name,
                "/expected.rs"
            ));
        }
    };
}
use expected;

/// Asserts that `message` prints as `json` and comes back from it, and from its wire bytes.
#[track_caller]
fn assert_forms<M>(message: &M, json: &str)
where
    M: ezrpc::json::Message + prost::Message + Default + PartialEq + Debug,
{
    assert_eq!(
        ezrpc::json::to_string(message).expect("has a JSON form"),
        json
    );
    assert_eq!(
        ezrpc::json::from_slice::<M>(json.as_bytes()).as_ref(),
        Ok(message)
    );
    assert_eq!(M::decode(&*message.encode_to_vec()).as_ref(), Ok(message));
}
