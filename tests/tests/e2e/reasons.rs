//! Typed errors over every protocol, from the service that fails and through another one.

use std::net::SocketAddr;

use ezrpc::google::rpc::{ErrorInfo, Status};
use ezrpc::{Channel, Code, Context, Error, Server};
use ezrpc_tests::grpc::{self, base64, frame, head};
use ezrpc_tests::http::{Answer, Request, TRACE};
use ezrpc_tests::proto::e2e::reasons::{NewerShopError, Order, ShopClient, ShopError, ShopServer};
use ezrpc_tests::reasons::Shop;
use ezrpc_tests::server::Running;
use prost::Message;

const BUY: &str = "/e2e.reasons.Shop/Buy";
const WATCH: &str = "/e2e.reasons.Shop/Watch";
const INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// What a caller sees of an error.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    code: Code,
    message: String,
    info: ErrorInfo,
}

impl Seen {
    fn new(code: Code, message: &str, (domain, reason): (&str, &str), ezrpc_code: &str) -> Self {
        let info = ErrorInfo {
            reason: reason.to_owned(),
            domain: domain.to_owned(),
            metadata: [("ezrpcCode".to_owned(), ezrpc_code.to_owned())].into(),
        };
        Self {
            code,
            message: message.to_owned(),
            info,
        }
    }

    fn of_status(status: &Status) -> Self {
        let info = status.details.iter().find(|any| any.type_url == INFO);
        Self {
            code: Code::from_number(status.code.into()).unwrap(),
            message: status.message.clone(),
            info: ErrorInfo::decode(&info.expect("ErrorInfo").value[..]).unwrap(),
        }
    }

    /// Of Connect's JSON.
    fn of_connect(error: &serde_json::Value) -> Self {
        let detail = &error["details"][0];
        assert_eq!(detail["type"], "google.rpc.ErrorInfo");
        Self {
            code: Code::from_name(error["code"].as_str().unwrap()).unwrap(),
            message: error["message"].as_str().unwrap().to_owned(),
            info: ErrorInfo::decode(&base64(detail["value"].as_str().unwrap())[..]).unwrap(),
        }
    }

    /// As the body on a google.api.http route.
    fn body(&self) -> String {
        let entries = self.info.metadata.iter();
        let entries: Vec<String> = entries.map(|(k, v)| format!("\"{k}\":\"{v}\"")).collect();
        format!(
            r#"{{"code":{},"message":"{}","details":[{{"@type":"{INFO}","reason":"{}","domain":"{}","metadata":{{{}}}}}]}}"#,
            self.code.number(),
            self.message,
            self.info.reason,
            self.info.domain,
            entries.join(",")
        )
    }
}

/// The reasons there are, by number: HTTP status and what is seen.
fn reasons() -> Vec<(i32, u16, Seen)> {
    let shop =
        |code, message, reason, number| Seen::new(code, message, ("e2e.shop", reason), number);
    let rows = [
        (
            1,
            402,
            shop(Code::FailedPrecondition, "先付款", "UNPAID", "4020001"),
        ),
        (
            2,
            404,
            shop(
                Code::NotFound,
                "not found by id",
                "NOT_FOUND_BY_ID",
                "4040001",
            ),
        ),
        (
            3,
            409,
            shop(Code::Aborted, "sold out", "SOLD_OUT", "4090001"),
        ),
        (
            4,
            410,
            shop(Code::NotFound, "gone for good", "GONE_FOR_GOOD", "4100001"),
        ),
        (
            5,
            422,
            shop(Code::InvalidArgument, "not a size", "NOT_A_SIZE", "4220001"),
        ),
        (
            6,
            451,
            shop(Code::PermissionDenied, "barred", "BARRED", "4510001"),
        ),
        (7, 503, shop(Code::Unavailable, "busy", "BUSY", "5030001")),
        (8, 599, shop(Code::Internal, "odd", "ODD", "5999999")),
        (
            11,
            418,
            shop(Code::InvalidArgument, "recalled", "RECALLED", "4180011"),
        ),
        (
            99,
            410,
            Seen::new(Code::NotFound, "by hand", ("e2e.hand", "GONE"), "410"),
        ),
    ];
    let rows = rows.map(|(number, status, mut seen)| {
        let entry = ("failWith".to_owned(), number.to_string());
        seen.info.metadata.extend([entry]);
        (number, status, seen)
    });
    rows.into()
}

fn order(fail_with: i32) -> Order {
    Order {
        fail_with,
        ..Order::default()
    }
}

/// One that fails, one in front of it, one in front of both.
async fn chain() -> [Running; 3] {
    let serve = |shop| Running::start(Server::new("shop").add(ShopServer::new(shop)));
    let ask = |next: &Running| Shop::in_front_of(ShopClient::new(Channel::to(next.addr)));
    let last = serve(Shop::default()).await;
    let middle = serve(ask(&last)).await;
    let first = serve(ask(&middle)).await;
    [last, middle, first]
}

/// The error of a call over gRPC, or over gRPC-Web, whose trailers stand in the body.
fn of_trailers(answer: &Answer) -> Seen {
    const DETAILS: &str = "grpc-status-details-bin";
    assert_eq!(answer.status, 200);
    let body = String::from_utf8_lossy(&answer.body);
    let mut lines = body.split("\r\n").filter_map(|line| line.split_once(": "));
    // The first line has the prefix of its frame before it.
    let in_body = lines.find(|(name, _)| name.ends_with(DETAILS));
    let details = in_body.map_or(answer.value(DETAILS), |(_, value)| value);
    Seen::of_status(&Status::decode(&base64(details)[..]).expect("google.rpc.Status"))
}

/// Calls over gRPC and gRPC-Web.
async fn framed(addr: SocketAddr, path: &str, order: &Order) -> [Seen; 2] {
    let body = frame(&order.encode_to_vec());
    let answer = grpc::call(addr, &head(path), body.clone()).await;
    let web = Request::post(path).header("content-type", "application/grpc-web+proto");
    let web = web.body(body).http1(addr).await;
    [of_trailers(&answer), of_trailers(&web)]
}

/// Calls with Connect: the HTTP status of a single call, and the errors of both shapes.
async fn connect(addr: SocketAddr, json: &str) -> (u16, [Seen; 2]) {
    let single = Request::json(BUY, json).http1(addr).await;
    let error = serde_json::from_slice(&single.body).unwrap();
    let stream = Request::post(WATCH).header("content-type", "application/connect+json");
    let stream = stream.body(frame(json.as_bytes())).http1(addr).await;
    // One message, then what ends the stream.
    let length = usize::from(stream.body[4]);
    let end: serde_json::Value = serde_json::from_slice(&stream.body[length + 10..]).unwrap();
    let seen = [Seen::of_connect(&error), Seen::of_connect(&end["error"])];
    (single.status, seen)
}

#[tokio::test]
async fn a_reason_is_the_same_over_every_protocol_and_through_services() {
    for running in &chain().await {
        let addr = running.addr;
        for (number, status, expected) in reasons() {
            let both = [expected.clone(), expected.clone()];
            for path in [BUY, WATCH] {
                assert_eq!(framed(addr, path, &order(number)).await, both, "{path}");
            }
            let json = format!(r#"{{"failWith":{number}}}"#);
            assert_eq!(connect(addr, &json).await, (status, both));
            let route = Request::json("/v1/orders", &json).http1(addr).await;
            let body = String::from_utf8_lossy(&route.body);
            assert_eq!((route.status, &*body), (status, &*expected.body()));
            // In a stream that has begun, the status cannot say it any more.
            let query = format!("/v1/orders?failWith={number}");
            let stream = Request::new("GET", &query).http1(addr).await;
            let body = format!("{{\"result\":{{}}}}\n{{\"error\":{}}}\n", expected.body());
            assert_eq!(String::from_utf8_lossy(&stream.body), body);
        }
    }
}

/// What our clients make of it: all that the service said.
#[tokio::test]
async fn clients_tell_errors_by_their_reasons() {
    let running = chain().await;
    let clients = running
        .iter()
        .map(|one| ShopClient::new(Channel::to(one.addr)));
    let clients = clients.chain([ShopClient::local(Shop::default())]);
    for client in clients {
        let ctx = Context::background();
        for (number, status, expected) in reasons() {
            let errors = [
                client.buy(&ctx, order(number)).await.unwrap_err(),
                client
                    .watch(&ctx, order(number))
                    .await
                    .unwrap()
                    .collect()
                    .await
                    .unwrap_err(),
            ];
            for error in errors {
                assert_eq!((error.code(), error.http_status()), (expected.code, status));
                assert_eq!(error.message(), expected.message);
                assert_eq!(
                    (error.domain(), error.reason()),
                    (&*expected.info.domain, &*expected.info.reason)
                );
                let metadata: Vec<_> = error.metadata().iter().collect();
                assert_eq!(metadata, [(&"failWith".to_owned(), &number.to_string())]);
                assert_eq!(
                    error.number(),
                    expected.info.metadata["ezrpcCode"]
                        .parse()
                        .ok()
                        .filter(|n| *n > 999)
                );
                assert!(is_told(&error, number), "{error:?}");
            }
        }
    }
}

/// Whether exactly the enum that has the reason finds it.
fn is_told(error: &Error, number: i32) -> bool {
    let reason = ShopError::try_from(number).ok();
    let newer = NewerShopError::try_from(number).ok();
    let is =
        reason.is_some_and(|reason| error.is(reason)) || newer.is_some_and(|newer| error.is(newer));
    is == (reason.is_some() || newer.is_some())
        && !error.is(ShopError::Unspecified)
        && ShopError::of(error) == reason
        && NewerShopError::of(error) == newer
        && error.is_expected() == (number != 0)
}

#[tokio::test]
async fn the_service_says_more_than_the_schema() {
    let [_, _, first] = &chain().await;
    let client = ShopClient::new(Channel::to(first.addr));
    let message = "size 100% 不对".to_owned();
    let order = Order {
        message: message.clone(),
        ..order(5)
    };
    let error = client.buy(&Context::background(), order).await.unwrap_err();
    assert!(error.is(ShopError::NotASize));
    assert_eq!((error.message(), error.http_status()), (&*message, 422));
    // A value without (ezbuy.error) is a mistake of the service, and says so there only.
    let answer = Request::json(BUY, "{}").traced().http1(first.addr).await;
    assert_eq!(answer.status, 500);
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (&body["code"], &body["message"]),
        (
            &"internal".into(),
            &format!("internal error (id {TRACE})").into()
        )
    );
}
