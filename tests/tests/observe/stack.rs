//! Errors, deadlines and circles across processes.

use std::time::{Duration, Instant};

use ezrpc::{Code, Context, Error};
use ezrpc_tests::http::Request;
use ezrpc_tests::proto::stack::Act;
use serde_json::Value;

use super::ingest::ingest;
use super::stack_processes::{Four, Process, patient, step};

/// The files of frames without their lines, which change.
fn places(frames: impl IntoIterator<Item = String>) -> Vec<String> {
    let place = |frame: String| match frame.rsplit_once(':') {
        Some((place, line)) => {
            place.to_owned() + line.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        None => frame,
    };
    frames.into_iter().map(place).collect()
}

fn frames(error: &Error) -> Vec<String> {
    places(error.frames().iter().map(ToString::to_string))
}

/// Where an error passes that service D makes and that comes to A by `via`, innermost first.
fn expected(via: &str) -> Vec<String> {
    let server = "tests/src/bin/stack_server.rs";
    let lines = [
        server.to_owned(),
        "stack.D/Call".to_owned(),
        format!("stack.D/Call ({server})"),
        server.to_owned(),
        format!("stack.{via}/Call"),
        format!("stack.{via}/Call ({server})"),
        "stack.A/Call".to_owned(),
    ];
    lines.into()
}

/// A frame as Sentry has it, as errors write theirs, without its line.
fn place(frame: &Value) -> String {
    let text = |name| frame[name].as_str().unwrap_or_default();
    match (text("function"), text("filename")) {
        (rpc, "") => rpc.to_owned(),
        ("", file) => file.to_owned(),
        (rpc, file) => format!("{rpc} ({file})"),
    }
}

#[tokio::test]
async fn stack_crosses_four_processes_to_log_sentry_and_client() {
    let (sentry, mut events) = ingest().await;
    let mut four = Four::start(Some(&format!("http://key@{sentry}/1"))).await;
    for name in ["B", "C"] {
        let via = name;
        let call = four
            .a
            .client()
            .call(&patient(), step(&[via, "D"], Act::Fail))
            .await;
        let error = call.expect_err("D fails");
        assert_eq!(error.code(), Code::Unknown);

        // The client of A: the frames of all three hops, its own at the end.
        let mut all = expected(via);
        all.push("stack.A/Call (tests/tests/observe/stack.rs)".to_owned());
        assert_eq!(frames(&error), all);
        assert_eq!(
            error.full_text().lines().next(),
            Some(format!("stack.A;stack.{via};stack.D: invalid digit found in string").as_str())
        );

        // The log of A.
        let logged = four.a.logged("ezrpc::error").await;
        assert_eq!(logged["level"], "ERROR");
        let stack = logged["stack"].as_str().expect("a stack");
        assert_eq!(places(stack.split(';').map(str::to_owned)), expected(via));

        // Its Sentry event, outermost first, and nobody else's.
        let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await;
        let event = event.expect("in time").expect("an event");
        let sent = event["exception"]["values"][0]["stacktrace"]["frames"]
            .as_array()
            .expect("frames");
        let places = sent.iter().rev().map(place);
        assert_eq!(places.collect::<Vec<_>>(), expected(via));
        assert_eq!(event["transaction"], "/stack.A/Call");
        // The fields of A's context, and those B or C traced the error with.
        assert_eq!(event["extra"]["field.service"], "A");
        assert_eq!(event["extra"][format!("field.passed{name}")], "yes");
    }
    assert!(events.try_recv().is_err(), "one event a failed call");
}

/// What A answers over HTTP is this error alone, with the id that its log has.
async fn is_all_a_caller_sees(a: &mut Process, body: &str, (code, said): (&str, &str)) {
    let answer = Request::json("/stack.A/Call", body).http1(a.addr).await;
    let logged = a.logged("ezrpc::error").await;
    let id = logged["trace_id"].as_str().expect("an id");
    assert_eq!(
        String::from_utf8_lossy(&answer.body),
        format!(r#"{{"code":"{code}","message":"{said} (id {id})"}}"#)
    );
    let names: Vec<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["content-type", "content-length"]);
}

#[tokio::test]
async fn stack_crosses_no_trust_boundary() {
    let mut four = Four::start(None).await;
    for via in ["B", "C"] {
        let body = format!(r#"{{"via": ["{via}", "D"], "act": "FAIL"}}"#);
        is_all_a_caller_sees(&mut four.a, &body, ("unknown", "unknown error")).await;
        let body = format!(r#"{{"via": ["{via}", "D"], "act": "PANIC"}}"#);
        is_all_a_caller_sees(&mut four.a, &body, ("internal", "internal error")).await;
    }
}

#[tokio::test]
async fn stack_crosses_no_trust_boundary_where_nobody_is_there() {
    for registry in ["fixed:stack.B=127.0.0.1:1", "fixed:stack.C=127.0.0.1:1"] {
        let mut a = Process::start("A", "127.0.0.1:0", registry, None).await;
        let body = r#"{"via": ["B"]}"#;
        is_all_a_caller_sees(&mut a, body, ("unavailable", "unavailable")).await;
    }
}

#[tokio::test]
async fn a_circle_of_processes_stops_at_the_budget_and_says_so() {
    let four = Four::start(None).await;
    let mut circle = step(&["B", "A"], Act::Answer);
    circle.round = true;
    // Connections are there the second time.
    let mut took = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let error = four
            .a
            .client()
            .call(&patient(), circle.clone())
            .await
            .expect_err("a circle");
        took = took.min(start.elapsed());
        assert_eq!(
            (error.code(), error.reason()),
            (Code::Aborted, "LOOP_DETECTED")
        );
        let named = error
            .message()
            .matches("stack.A;stack.B;stack.A;stack.B")
            .count();
        assert!(named > 0, "{}", error.message());
    }
    println!("a circle of 16 hops ended within {took:?}");
}

#[tokio::test]
async fn a_deadline_ends_the_work_of_all_hops() {
    let mut four = Four::start(None).await;
    let client = four.a.client();
    let limit = Duration::from_millis(200);
    // The first time, connections are not there; later, a busy machine may not get to D in that time.
    for _ in 0..50 {
        let ctx = Context::background().call().timeout(limit);
        let start = Instant::now();
        let error = client.call(&ctx, step(&["B", "D"], Act::Hang)).await;
        assert_eq!(error.expect_err("late").code(), Code::DeadlineExceeded);
        let next = client
            .call(&patient(), step(&["B", "D"], Act::Answer))
            .await;
        assert_eq!(next.expect("an answer").passed, ["D", "B", "A"]);
        let mut reached = 0;
        for process in four.hops() {
            reached += u32::from(process.has_ended().await);
        }
        if reached == 3 {
            let late = start.elapsed().saturating_sub(limit);
            println!("the work of all hops had ended {late:?} after their deadline");
            return;
        }
    }
    panic!("D was never reached");
}

#[tokio::test]
async fn what_handlers_log_knows_their_call() {
    let mut four = Four::start(None).await;
    let call = four.a.client();
    let call = call.call(&patient(), step(&["D"], Act::Answer)).await;
    assert_eq!(call.expect("an answer").passed, ["D", "A"]);
    let mut logged = [
        four.a.logged("stack_server").await,
        four.d.logged("stack_server").await,
    ];
    let traces = logged.each_ref().map(|line| line["trace_id"].clone());
    assert_eq!(traces[0], traces[1]);
    for line in &mut logged {
        let line = line.as_object_mut().expect("an object");
        for changing in ["timestamp", "peer", "trace_id"] {
            assert!(
                line.remove(changing).is_some_and(|value| value.is_string()),
                "{changing}"
            );
        }
    }
    let expected = |service: &str, caller: &Value| {
        serde_json::json!({
            "level": "INFO", "target": "stack_server", "message": "a step",
            "method": format!("/stack.{service}/Call"), "protocol": "grpc", "caller": caller,
            "fields": {"service": service, format!("passed{service}"): "yes"},
        })
    };
    assert_eq!(logged[0], expected("A", &logged[0]["caller"]));
    assert_eq!(logged[1], expected("D", &"a".into()));
}

#[tokio::test]
async fn a_panic_far_away_is_an_error_and_its_process_lives_on() {
    let four = Four::start(None).await;
    let client = four.a.client();
    let error = client
        .call(&patient(), step(&["B", "D"], Act::Panic))
        .await
        .expect_err("a panic");
    assert_eq!(error.code(), Code::Internal);
    let again = client
        .call(&patient(), step(&["B", "D"], Act::Answer))
        .await;
    assert_eq!(again.expect("an answer").passed, ["D", "B", "A"]);
}

#[tokio::test]
async fn an_error_of_many_frames_and_a_long_message_arrives() {
    let four = Four::start(None).await;
    let error = four
        .a
        .client()
        .call(&patient(), step(&["B", "D"], Act::FailLong))
        .await;
    let error = error.expect_err("it fails");
    assert_eq!(error.code(), Code::Internal);
    assert!(
        error.message().starts_with("long long "),
        "{}",
        error.message()
    );
    let lines: Vec<String> = error.frames().iter().map(ToString::to_string).collect();
    assert!(
        lines.iter().any(|line| line.contains("frames left out")),
        "{lines:?}"
    );
    assert_eq!(
        lines.last().map(|line| line.starts_with("stack.A/Call (")),
        Some(true)
    );
}
