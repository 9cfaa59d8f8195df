//! Two crates share a proto: its types are made in one and used in the other.

use ezrpc::wkt::Any;
use ezrpc::{Context, Result, Server};
use ezrpc_test_common::proto::sharing::common::{Currency, Money};
use ezrpc_tests::http::Request;
use ezrpc_tests::server::Running;
use ezrpc_tests::sharing::sharing::shop::{Receipt, Till, TillClient, TillServer};

struct Counter;

impl Till for Counter {
    async fn charge(&self, _: &Context, money: Money) -> Result<Receipt> {
        let anything = ezrpc::codegen::v1::Message::encode_to_vec(&money);
        Ok(Receipt {
            paid: Some(money),
            taxes: [("vat".to_owned(), money)].into(),
            accepted: vec![Currency::Cny.into()],
            anything: Some(Any {
                type_url: "type.googleapis.com/sharing.common.Money".into(),
                value: anything,
            }),
        })
    }
}

#[tokio::test]
async fn the_other_crates_types_are_called_with() {
    let running = Running::start(Server::new("till").add(TillServer::new(Counter))).await;
    let money = Money {
        units: 7,
        currency: Currency::Cny.into(),
    };
    let client = TillClient::new(ezrpc::Channel::to(running.addr));
    let receipt = client.charge(&Context::background(), money).await.unwrap();
    assert_eq!(receipt.paid, Some(money));

    // JSON, the Any of a type of the other crate included: its descriptors are linked.
    let answer = Request::json(
        "/sharing.shop.Till/Charge",
        r#"{"units":"7","currency":"CNY"}"#,
    );
    let paid = r#"{"units":"7","currency":"CNY"}"#;
    let anything =
        r#"{"@type":"type.googleapis.com/sharing.common.Money","units":"7","currency":"CNY"}"#;
    let body = format!(
        r#"{{"paid":{paid},"taxes":{{"vat":{paid}}},"accepted":["CNY"],"anything":{anything}}}"#
    );
    let expected = format!(
        "200\ncontent-length: {}\ncontent-type: application/json\n\n{body}",
        body.len()
    );
    assert_eq!(answer.both(running.addr).await, expected);
}
