//! Uploads: how large they may be, and whether methods that take them take anything else.

use crate::error::{Error, Result};
use crate::protocol::webapi::upload::UploadLimits;
use crate::server::Server;

impl Server {
    /// Sets how large uploads may be, for all methods with `upload: true` (defaults at [`UploadLimits`]).
    pub fn upload(mut self, limits: UploadLimits) -> Self {
        self.uploads.limits = limits;
        self
    }

    /// Sets how large the uploads of one method may be, by its RPC path; what `limits` leaves open is as
    /// [`upload`](Self::upload) has it.
    ///
    /// A path that is no method with `upload: true` is an error of [`bind`](Self::bind).
    pub fn upload_for(mut self, path: impl Into<String>, limits: UploadLimits) -> Self {
        self.uploads.methods.insert(path.into(), limits);
        self
    }

    /// Lets methods with `upload: true` take uploads only; without it, unary ones take messages too, with files in base64.
    pub fn upload_only(mut self) -> Self {
        self.uploads.only = true;
        self
    }

    /// Checks that limits are set for methods there are.
    pub(crate) fn check_uploads(&self) -> Result<()> {
        let methods = self
            .services
            .iter()
            .flat_map(|service| service.desc().methods());
        let taking: Vec<&str> = methods
            .filter(|method| method.web().upload)
            .map(|method| method.path())
            .collect();
        for path in self.uploads.methods.keys() {
            if !taking.contains(&path.as_str()) {
                return Err(Error::invalid_argument(format!(
                    "upload_for({path:?}) names no method with `upload: true` of server {}: {}",
                    self.name,
                    match taking.as_slice() {
                        [] => "it has none".to_owned(),
                        some => format!("those are {}", some.join(", ")),
                    }
                )));
            }
        }
        Ok(())
    }
}
