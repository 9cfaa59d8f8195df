//! The endpoints of a group as an admin port shows them.

use super::clock;
use super::endpoint::Node;
use super::group::Group;
use crate::admin::tables::{Row, Table};
use crate::discovery::Endpoint;

impl Table for Group {
    fn name(&self) -> String {
        match self.service {
            "" => self.address(),
            service => service.to_owned(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let Some(nodes) = self.nodes() else {
            return Vec::new();
        };
        let now = clock::now();
        let endpoints = nodes.snapshot().iter().zip(nodes.list());
        endpoints
            .map(|(endpoint, node)| row(endpoint, node, now))
            .collect()
    }
}

fn row(endpoint: &Endpoint, node: &Node, now: u64) -> Row {
    let state = match node.health.is_ejected(now) {
        true => "left alone",
        false => "",
    };
    vec![
        ("address", endpoint.address.clone()),
        ("version", endpoint.version.clone()),
        ("weight", endpoint.weight.to_string()),
        ("in_flight", node.load().to_string()),
        ("latency_us", known(node.health.latency(now))),
        ("state", state.to_owned()),
    ]
}

/// A number, empty if it is not known.
fn known(number: u64) -> String {
    match number {
        0 => String::new(),
        number => number.to_string(),
    }
}
