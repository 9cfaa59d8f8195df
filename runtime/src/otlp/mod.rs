//! Spans of calls to a collector of OpenTelemetry's: over OTLP/HTTP, in batches, from a thread of its own.

mod client;

use std::fmt;
use std::time::Duration;

use http::Uri;
use opentelemetry::global;
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, SpanExporter,
    WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use self::client::Client;
use crate::error::{Error, Result};
use crate::observe;

/// What the guard waits for at most.
const SHUTDOWN: Duration = Duration::from_secs(2);
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
const DISABLED: &str = "OTEL_SDK_DISABLED";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";

/// Sends the spans of calls to a collector of OpenTelemetry's, over OTLP/HTTP in protobuf.
///
/// Everything that is in a builder here can be left to OpenTelemetry's own variables: `OTEL_EXPORTER_OTLP_ENDPOINT` (or
/// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, the whole URL), `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT`,
/// `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG`, and `OTEL_BSP_*`
/// for the batches. With `OTEL_SDK_DISABLED=true` nothing is recorded.
///
/// ```no_run
/// # fn main() -> ezrpc::Result<()> {
/// let _otlp = ezrpc::Otlp::new("shop-product").sample_ratio(0.1).init()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `init`"]
pub struct Otlp {
    service: String,
    endpoint: Option<String>,
    ratio: Option<f64>,
}

/// Sends until it is dropped, which waits for spans under way for at most 2 seconds.
#[must_use = "nothing is sent once it is dropped"]
pub struct OtlpGuard {
    provider: SdkTracerProvider,
}

impl Otlp {
    /// Sends spans as those of a service; `OTEL_SERVICE_NAME`, and a `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, stand
    /// above its name.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            endpoint: None,
            ratio: None,
        }
    }

    /// Sets where the collector is, in place of what the variables say: `http://` or `https://`, without `/v1/traces`. By
    /// default `http://localhost:4318`.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets how many of the traces that begin here are recorded, from 0.0 to 1.0, in place of what the variables say; by
    /// default all of them. Calls that come with a trace are recorded if their caller records it.
    pub fn sample_ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        self
    }

    /// Begins to record and to send, for the whole process: its provider becomes the global one, and
    /// [`record_spans`](crate::record_spans) is called. Failures to send are told as warnings of target `ezrpc::otlp`, the
    /// first one of a streak.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) if the endpoint is no URL or the ratio none, also where a
    /// variable says it; [`Code::FailedPrecondition`](crate::Code::FailedPrecondition) if spans are recorded already.
    pub fn init(self) -> Result<OtlpGuard> {
        if observe::records_spans() {
            return Err(Error::failed_precondition(
                "spans are recorded already: call `Otlp::init` once, and in place of `record_spans`",
            ));
        }
        if is_disabled() {
            return Ok(OtlpGuard {
                provider: SdkTracerProvider::builder().build(),
            });
        }
        let sampler = sampler(self.ratio)?;
        let exporter = exporter(self.endpoint.as_deref())?;
        let mut provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource(self.service));
        if let Some(sampler) = sampler {
            provider = provider.with_sampler(sampler);
        }
        let provider = provider.build();
        global::set_tracer_provider(provider.clone());
        crate::record_spans();
        Ok(OtlpGuard { provider })
    }
}

impl Drop for OtlpGuard {
    fn drop(&mut self) {
        // The thread of a collector that does not answer is left behind.
        if let Err(error) = self.provider.shutdown_with_timeout(SHUTDOWN) {
            tracing::warn!(target: "ezrpc::otlp", "the last spans may be lost: {error}");
        }
    }
}

impl fmt::Debug for OtlpGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpGuard").finish_non_exhaustive()
    }
}

/// The sampler by ratio; `None` leaves it to the SDK, which reads the variables.
fn sampler(ratio: Option<f64>) -> Result<Option<Sampler>> {
    if let Some(ratio) = ratio {
        check_ratio("the sample ratio", ratio)?;
        let root = Box::new(Sampler::TraceIdRatioBased(ratio));
        return Ok(Some(Sampler::ParentBased(root)));
    }
    // What the SDK cannot read it takes for "all", and says nothing.
    let variable = variable(SAMPLER).unwrap_or_default();
    match variable.as_str() {
        "" | "always_on" | "always_off" | "parentbased_always_on" | "parentbased_always_off" => {}
        "traceidratio" | "parentbased_traceidratio" => {
            let ratio = std::env::var(SAMPLER_ARGUMENT).ok();
            let ratio = ratio.and_then(|ratio| ratio.parse().ok());
            check_ratio(SAMPLER_ARGUMENT, ratio.unwrap_or(f64::NAN))?;
        }
        other => {
            return Err(Error::invalid_argument(format!(
                "{SAMPLER} is {other:?}; it is always_on, always_off or traceidratio, or one of these after parentbased_"
            )));
        }
    }
    Ok(None)
}

fn check_ratio(what: &str, ratio: f64) -> Result<()> {
    if (0.0..=1.0).contains(&ratio) {
        return Ok(());
    }
    let text = format!("{what} is no number from 0.0 (none) to 1.0 (all)");
    Err(Error::invalid_argument(text))
}

fn exporter(endpoint: Option<&str>) -> Result<SpanExporter> {
    let mut builder = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new());
    match endpoint {
        Some(url) => {
            check_endpoint("the endpoint", url)?;
            let url = format!("{}/v1/traces", url.trim_end_matches('/'));
            builder = builder.with_endpoint(url);
        }
        None => {
            let names = [
                OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
                OTEL_EXPORTER_OTLP_ENDPOINT,
            ];
            let named = names.iter().find_map(|name| Some((*name, variable(name)?)));
            if let Some((name, url)) = named {
                check_endpoint(name, &url)?;
            }
        }
    }
    let exporter = builder.build();
    exporter.map_err(|error| Error::invalid_argument(format!("OpenTelemetry's exporter: {error}")))
}

fn check_endpoint(what: &str, url: &str) -> Result<()> {
    let uri: Option<Uri> = url.parse().ok();
    let known =
        |uri: &Uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"));
    if uri.as_ref().is_some_and(known) {
        return Ok(());
    }
    let text = format!("{what} is {url:?}; it is like http://collector:4318");
    Err(Error::invalid_argument(text))
}

/// What all spans are of. What comes later stands above what comes before.
fn resource(service: String) -> Resource {
    let resource = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_service_name(service)
        .with_detector(Box::new(EnvResourceDetector::new()));
    match variable(SERVICE_NAME) {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}

/// Only "true", in any case, is true, as OpenTelemetry prescribes.
fn is_disabled() -> bool {
    variable(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// A variable, unless it is empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_with_the_way_out() {
        let text = |otlp: Otlp| otlp.init().expect_err("refused").message().to_owned();
        let ratio = "the sample ratio is no number from 0.0 (none) to 1.0 (all)";
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert_eq!(text(Otlp::new("a").sample_ratio(wrong)), ratio);
        }
        for wrong in ["", "collector:4318", "ftp://collector", "http://"] {
            let refused = text(Otlp::new("a").endpoint(wrong));
            let expected = format!("the endpoint is {wrong:?}; it is like http://collector:4318");
            assert_eq!(refused, expected);
        }
    }
}
