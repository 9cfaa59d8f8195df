//! What is said when there is nobody to go to, or nobody can be reached.

use std::fmt::Write as _;
use std::time::Duration;

use super::endpoint::Node;
use super::group::Group;
use crate::error::{Code, Error};

impl Group {
    /// The error of a call that has found no endpoint, after it has waited so long, and whether until its deadline.
    pub(super) fn nobody(&self, waited: Option<(Duration, bool)>) -> Error {
        let service = self.service;
        let mut message = format!("no endpoint of {service}: {}", self.knowledge());
        if let Some((waited, _)) = waited {
            // Writing to a string does not fail.
            let _ = write!(message, ", also after {}", rounded(waited));
        }
        message.push_str(
            "; choose another registry with EZRPC_REGISTRY (memory, fixed:<service>=<host:port>,.., \
             consul://<host:port>), ezrpc::set_default_registry or Context::with_registry",
        );
        let late = waited.is_some_and(|(_, late)| late);
        let code = if late {
            Code::DeadlineExceeded
        } else {
            Code::Unavailable
        };
        // Who is where is nobody's business outside.
        Error::bare(code, message).inside()
    }

    fn knowledge(&self) -> String {
        let (snapshot, problem) = self.said();
        let registry = self.registry_name();
        let mut text = match snapshot {
            None => format!("{registry} has not answered"),
            Some(snapshot) if snapshot.known() == 0 => format!("{registry} knows 0 of it"),
            Some(snapshot) => format!(
                "{registry} knows {} of it, {} passing, {} left after filters",
                snapshot.known(),
                snapshot.passing(),
                snapshot.len(),
            ),
        };
        if let Some(problem) = problem {
            let _ = write!(text, " (and does not answer now: {problem})");
        }
        text
    }

    fn registry_name(&self) -> String {
        let registry = self.registry.as_ref();
        registry.map_or_else(String::new, |registry| {
            format!("registry `{}`", registry.describe())
        })
    }

    /// The error of a call for which no connection could be opened.
    pub(super) fn unreachable(&self, node: &Node, error: &str) -> Error {
        let address = &node.address;
        let message = match self.service {
            "" => format!("cannot reach {address}: {error}"),
            service => format!(
                "cannot reach {service} at {address}: {error} ({} knows {} of it)",
                self.registry_name(),
                count(self.said().0.map_or(0, |snapshot| snapshot.len())),
            ),
        };
        Error::bare(Code::Unavailable, message).inside()
    }

    /// The error of a call whose deadline has come while it was connecting.
    pub(super) fn not_in_time(&self, node: Option<&Node>) -> Error {
        let Some(node) = node else {
            return Error::bare(Code::DeadlineExceeded, "deadline exceeded");
        };
        let why = "no connection until the deadline of the call";
        self.unreachable(node, why)
            .with_code(Code::DeadlineExceeded)
    }
}

/// In whole milliseconds, or seconds if they are many.
fn rounded(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..1000 => format!("{millis}ms"),
        millis => format!("{}s", (millis + 500) / 1000),
    }
}

fn count(endpoints: usize) -> String {
    match endpoints {
        1 => "1 endpoint".to_owned(),
        n => format!("{n} endpoints"),
    }
}
