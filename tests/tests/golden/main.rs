//! Golden cases: a folder of `tests/golden` is a case, a name here is a test.
//!
//! Bless with `UPDATE_GOLDEN=1 cargo test -p ezrpc-tests --test golden`; what is expected is compiled and called by `golden_calls`,
//! a target of its own, so that it can be blessed when it does not compile.

mod harness;

/// Makes a test of each name, and one that compares the names with the folders.
macro_rules! golden {
    ($($kind:ident: $($name:ident)*;)*) => {
        $($(
            #[test]
            fn $name() {
                harness::check(stringify!($name), harness::Kind::$kind);
            }
        )*)*

        #[test]
        fn the_list_equals_the_folders() {
            harness::check_list(vec![$($(stringify!($name)),*),*]);
        }
    };
}

golden! {
    File: unary all_shapes webapi_options legacy_option_number keyword_names nested_types proto2 comments deprecated
        wkt oneof_maps prelude_names errors_enum error_names http_rules;
    ClientOnly: client_only;
    ServerOnly: server_only;
    Tree: cross_package no_package;
    Mistake: err_option_number_clash err_upload_without_file err_public_without_enable err_name_clash
        err_unknown_import err_editions err_route_clash err_bad_timeout err_bad_error_codes err_shared_error_domain
        err_many_at_once;
}
