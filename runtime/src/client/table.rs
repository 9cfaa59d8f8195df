//! The endpoints of a group as an admin port shows them.

use super::group::Group;
use crate::admin::tables::{Row, Table};

impl Table for Group {
    fn name(&self) -> String {
        match self.service() {
            "" => self.address(),
            service => service.to_owned(),
        }
    }

    fn rows(&self) -> Vec<Row> {
        let nodes = self.nodes();
        let rows = nodes.iter().map(|node| {
            let endpoint = &node.endpoint;
            vec![
                ("address", endpoint.address.clone()),
                ("version", endpoint.version.clone()),
                ("weight", endpoint.weight.to_string()),
                ("in_flight", node.load().to_string()),
            ]
        });
        rows.collect()
    }
}
