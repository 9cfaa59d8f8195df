//! What stands on each page.

use std::time::{Duration, SystemTime};

use http::request::Parts;

use super::json::{Object, array};
use super::{Shown, State, tables};
use crate::method::{Method, Route, Shape, Timeout};
use crate::protocol::outbound;
use crate::protocol::page::Page;
use crate::wkt::Timestamp;

const INDEX: &str = "/metrics\n/health\n/build\n/methods\n/channels\n/profile?seconds=10\n";

/// The page that a request is for.
pub(super) async fn find(state: &State, head: &Parts) -> Page {
    match head.uri.path() {
        "/" => Page::text(INDEX),
        "/metrics" => metrics(state),
        "/health" => health(state),
        "/build" => build(state),
        "/methods" => methods(state),
        "/channels" => channels(),
        "/profile" => profile(head).await,
        _ => Page::nothing("no such page; / has them all\n"),
    }
}

#[cfg(feature = "metrics")]
fn metrics(state: &State) -> Page {
    match &state.metrics {
        Some(metrics) => Page::prometheus(metrics.render()),
        None => Page::nothing("the process has another recorder for metrics\n"),
    }
}

#[cfg(not(feature = "metrics"))]
fn metrics(_: &State) -> Page {
    Page::nothing("needs ezrpc's feature `metrics`\n")
}

fn health(state: &State) -> Page {
    let mut serving = true;
    let servers = state.servers.iter().map(|server| {
        let mut services = Object::new();
        for (name, serves) in server.health.all() {
            match name.as_str() {
                "" => serving &= serves,
                name => services = services.text(name, said(serves)),
            }
        }
        let services = services.end();
        head(server).raw("services", &services).end()
    });
    let servers = array(servers);
    let body = Object::new()
        .text("status", said(serving))
        .raw("servers", &servers);
    Page::json(body.end()).unavailable_unless(serving)
}

fn said(serving: bool) -> &'static str {
    match serving {
        true => "serving",
        false => "not_serving",
    }
}

fn head(server: &Shown) -> Object {
    let object = Object::new().text("name", &server.name);
    object.text("address", &server.address.to_string())
}

fn build(state: &State) -> Page {
    let up = SystemTime::now()
        .duration_since(state.started)
        .unwrap_or(Duration::ZERO);
    let mut object = Object::new()
        .text("service", outbound::name())
        .text_if_any("version", outbound::version())
        .text("ezrpc", env!("CARGO_PKG_VERSION"))
        .text(
            "target",
            &format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        )
        .flag("debug", cfg!(debug_assertions))
        .raw("pid", std::process::id().to_string().as_bytes())
        .text("started", &Timestamp::from(state.started).to_string())
        .raw("uptime_seconds", up.as_secs().to_string().as_bytes());
    for (key, value) in &state.build {
        object = object.text(key, value);
    }
    Page::json(object.end())
}

fn methods(state: &State) -> Page {
    let servers = state.servers.iter().map(|server| {
        let services = server.services.iter().map(|service| {
            Object::new()
                .text("name", service.name())
                .text_if_any("description", service.description())
                .raw("methods", &array(service.methods().iter().map(method)))
                .end()
        });
        head(server).raw("services", &array(services)).end()
    });
    Page::json(array(servers))
}

fn method(method: &Method) -> Vec<u8> {
    let web = method.web();
    let shape = match method.shape() {
        Shape::Unary => "unary",
        Shape::ServerStreaming => "server_streaming",
        Shape::ClientStreaming => "client_streaming",
        Shape::BidiStreaming => "bidi_streaming",
    };
    let object = Object::new()
        .text("path", method.path())
        .text("shape", shape);
    let object = match method.timeout() {
        Timeout::Limit(limit) => object.text("timeout", &format!("{limit:?}")),
        Timeout::None => object.text("timeout", "none"),
        Timeout::Unset => object,
    };
    let routes = method.http_routes();
    let object = object
        .flag("http", web.enable)
        .flag("public", web.public)
        .flag("deprecated", method.is_deprecated());
    match routes.is_empty() {
        true => object.end(),
        false => object.raw("routes", &array(routes.iter().map(route))).end(),
    }
}

fn route(route: &Route) -> Vec<u8> {
    let object = Object::new().text("verb", route.verb());
    object.text("template", route.template()).end()
}

fn channels() -> Page {
    let channels = tables::all().into_iter().map(|(name, rows)| {
        let endpoints = rows.into_iter().map(|row| {
            let object = row
                .into_iter()
                .fold(Object::new(), |object, (name, value)| {
                    object.text_if_any(name, &value)
                });
            object.end()
        });
        let endpoints = array(endpoints);
        Object::new()
            .text("channel", &name)
            .raw("endpoints", &endpoints)
            .end()
    });
    Page::json(array(channels))
}

#[cfg(feature = "profile")]
async fn profile(head: &Parts) -> Page {
    let query = head.uri.query().unwrap_or_default();
    let seconds = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("seconds="));
    let seconds = seconds.map_or(Some(10), |text| text.parse().ok());
    match seconds.filter(|seconds| (1..=60).contains(seconds)) {
        // Nobody would see it.
        Some(_) if head.method == http::Method::HEAD => Page::text(""),
        Some(seconds) => super::profile::take(Duration::from_secs(seconds)).await,
        None => Page::bad("seconds is 1 to 60\n"),
    }
}

#[cfg(not(feature = "profile"))]
async fn profile(_: &Parts) -> Page {
    Page::nothing("needs ezrpc's feature `profile`\n")
}
