//! grpc.health.v1, by the bytes of its messages.

use bytes::Bytes;
use ezrpc_tests::grpc::{self, frame, head};
use ezrpc_tests::http::{Answer, Http2};
use ezrpc_tests::server::Running;

const SERVING: &[u8] = &[8, 1];
const NOT_SERVING: &[u8] = &[8, 2];
const SERVICE_UNKNOWN: &[u8] = &[8, 3];

/// `HealthCheckRequest`: field 1 is the service.
fn request(service: &str) -> Vec<u8> {
    let length = u8::try_from(service.len()).expect("a short name");
    match service {
        "" => frame(&[]),
        _ => frame(&[&[10, length][..], service.as_bytes()].concat()),
    }
}

fn messages(answer: &Answer) -> Vec<Bytes> {
    grpc::messages(&answer.body)
}

#[tokio::test]
async fn check_answers_for_the_server_and_each_service() {
    let running = Running::echo().await;
    let check = async |service: &str| {
        grpc::call(
            running.addr,
            &head("/grpc.health.v1.Health/Check"),
            request(service),
        )
        .await
    };
    for service in ["", "e2e.Echo"] {
        let answer = check(service).await;
        assert_eq!(
            (grpc::status(&answer).0, messages(&answer)),
            (0, vec![Bytes::from(SERVING)])
        );
    }
    let answer = check("no.Such").await;
    assert_eq!(
        grpc::status(&answer),
        (5, "unknown service `no.Such`".to_owned())
    );
    running.health.set("e2e.Echo", false);
    assert_eq!(messages(&check("e2e.Echo").await), [NOT_SERVING]);
    assert_eq!(messages(&check("").await), [SERVING]);
}

#[tokio::test]
async fn watch_tells_each_change_and_services_to_come() {
    let running = Running::echo().await;
    let connection = Http2::connect(running.addr).await;
    let watch = async |service: &str| {
        let mut exchange = connection
            .open(&head("/grpc.health.v1.Health/Watch"), None)
            .await;
        exchange.finish(request(service));
        exchange.begun().await.expect("a head")
    };
    let mut known = watch("e2e.Echo").await;
    assert_eq!(
        known.data().await.expect("no error"),
        Some(frame(SERVING).into())
    );
    let mut unknown = watch("late.Service").await;
    assert_eq!(
        unknown.data().await.expect("no error"),
        Some(frame(SERVICE_UNKNOWN).into())
    );
    running.health.set("late.Service", true);
    assert_eq!(
        unknown.data().await.expect("no error"),
        Some(frame(SERVING).into())
    );
    // The other service has not changed in between: this is the next one told.
    running.health.set("e2e.Echo", false);
    assert_eq!(
        known.data().await.expect("no error"),
        Some(frame(NOT_SERVING).into())
    );
}
