//! The text form of an error: which services it passed, what it says, and a frame a line.

use std::fmt::Write as _;

use super::{Error, Frame};

impl Error {
    /// Writes the whole error for people: the services it passed, outermost first, its text, and a line for each frame,
    /// innermost first.
    ///
    /// For logs, not for callers outside: it has what [`Error::message`] leaves out.
    ///
    /// ```text
    /// shop.v1.Order;shop.v1.Product: product not found
    ///   at src/product/catalogue.rs:41
    ///   at shop.v1.Product/Get
    ///   at shop.v1.Product/Get (src/order/mod.rs:29)
    ///   at shop.v1.Order/Place
    /// ```
    pub fn full_text(&self) -> String {
        let mut text = services(&self.inner.frames).join(";");
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&self.said());
        for frame in &self.inner.frames {
            // Writing to a string does not fail.
            let _ = write!(text, "\n  at {frame}");
        }
        text
    }
}

/// The services that handlers and calls in the frames belong to, outermost first, each stay once.
fn services(frames: &[Frame]) -> Vec<&str> {
    let mut services: Vec<&str> = frames.iter().rev().filter_map(Frame::service).collect();
    services.dedup();
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_stand_first_and_frames_on_lines_of_their_own() {
        let mut error = Error::bare(crate::Code::NotFound, "product not found");
        assert_eq!(error.full_text(), "product not found");
        for line in [
            "src/product/catalogue.rs:41",
            "common.Product/Get",
            "common.Product/Get (src/order/mod.rs:29)",
            "... 3 frames left out ...",
            "Root/Place",
        ] {
            error.push_frame(Frame::remote(line.to_owned()));
        }
        assert_eq!(
            error.full_text(),
            "Root;common.Product: product not found\n  at src/product/catalogue.rs:41\n  \
             at common.Product/Get\n  at common.Product/Get (src/order/mod.rs:29)\n  \
             at ... 3 frames left out ...\n  at Root/Place"
        );
    }
}
