//! Messages of grpc.health.v1.

use crate::codec::json;

/// Asks for a service's health.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HealthCheckRequest {
    /// Full name; empty for the whole server.
    #[prost(string, tag = "1")]
    pub(crate) service: String,
}

/// A service's health.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct HealthCheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    pub(crate) status: i32,
}

/// Whether a service takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum ServingStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    ServiceUnknown = 3,
}

impl json::EnumValues for ServingStatus {
    const VALUES: &'static [(&'static str, i32)] = &[
        ("UNKNOWN", 0),
        ("SERVING", 1),
        ("NOT_SERVING", 2),
        ("SERVICE_UNKNOWN", 3),
    ];
}

impl json::Message for HealthCheckRequest {
    fn fields(&self) -> &'static [json::Field] {
        const { &[json::Field::new("service", "service")] }
    }

    fn write_fields(&self, w: &mut json::Writer<'_>) -> json::Result {
        w.implicit::<json::Str>(0, &self.service)
    }

    fn read_field(&mut self, _: usize, r: &mut json::Reader<'_>) -> json::Result {
        r.implicit::<json::Str>(&mut self.service)
    }
}

impl json::Message for HealthCheckResponse {
    fn fields(&self) -> &'static [json::Field] {
        const { &[json::Field::new("status", "status")] }
    }

    fn write_fields(&self, w: &mut json::Writer<'_>) -> json::Result {
        w.implicit::<json::Enum<ServingStatus>>(0, &self.status)
    }

    fn read_field(&mut self, _: usize, r: &mut json::Reader<'_>) -> json::Result {
        r.implicit::<json::Enum<ServingStatus>>(&mut self.status)
    }
}
