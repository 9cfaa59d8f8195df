//! Whether the body of a request is an upload: a form, or a file.

use super::admission::Admission;
use super::exchange::Exchange;
use crate::error::Result;
use crate::method::Method;
use crate::protocol::Protocol;
use crate::protocol::content_type::ContentType;
use crate::protocol::form::Framing;
use crate::protocol::webapi::upload::Upload;

impl Exchange<'_> {
    /// Admits a body that is a form or a file, on a route whose body is `body`; `None` if it is to be read as a message, or not at all.
    ///
    /// # Errors
    /// HTTP status 400 for a form without a good boundary, 413 for one that says it is too large, 415 for what a method that
    /// takes uploads does not take.
    pub(super) fn admit_upload(&self, method: &Method, body: &str) -> Result<Option<Admission>> {
        let content_type = self.head.content_type;
        if !method.web().upload || content_type.protocol() != Protocol::Webapi {
            return Ok(None);
        }
        let declared = http_body::Body::size_hint(self.request.body()).lower();
        let uploads = &self.host.settings.uploads;
        let upload = Upload::of(method, self.request.headers(), declared, uploads)?;
        Ok(upload.map(|upload| {
            // Its reply is JSON, whatever type the file has.
            let mut admission = Admission::of(ContentType::Other);
            admission.framing = Framing::Upload;
            admission.upload = Some(upload.with_query(self.request.uri().query(), body));
            admission
        }))
    }
}
