//! Path templates of `google.api.http`: parse and check.
