//! Compressed messages of channels: what goes onto the wire, and what is taken from it.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use bytes::Bytes;
use ezrpc::{Channel, Code, Context, Encoding, Streaming};
use ezrpc_tests::grpc::{flagged, frame};
use ezrpc_tests::proto::e2e::{EchoClient, EchoReply, EchoRequest};
use ezrpc_tests::server::Running;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Response};
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::request;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn long() -> String {
    "long ".repeat(1000)
}

fn reply(text: &str) -> Vec<u8> {
    let text = text.to_owned();
    EchoReply {
        text,
        ..EchoReply::default()
    }
    .encode_to_vec()
}

/// A server that answers one call with `body` in this message encoding, and says what it was sent.
async fn one_answer(
    encoding: Option<&'static str>,
    body: Vec<u8>,
) -> (SocketAddr, JoinHandle<(HeaderMap, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (request, mut respond) = connection.accept().await.unwrap().unwrap();
        // Drives the connection.
        let driver = tokio::spawn(async move { while connection.accept().await.is_some() {} });
        let (head, mut incoming) = request.into_parts();
        let mut sent = Vec::new();
        while let Some(data) = incoming.data().await {
            sent.extend_from_slice(&data.unwrap());
        }
        let mut response = Response::new(());
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        if let Some(encoding) = encoding {
            headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
        }
        let mut out = respond.send_response(response, false).unwrap();
        out.send_data(Bytes::from(body), false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        out.send_trailers(trailers).unwrap();
        // Until the client goes.
        let _ = driver.await;
        (head.headers, sent)
    });
    (addr, task)
}

/// What a client makes of such an answer.
async fn read(encoding: Option<&'static str>, body: Vec<u8>) -> Result<String, (Code, String)> {
    let (addr, _task) = one_answer(encoding, body).await;
    let client = EchoClient::new(Channel::to(addr).max_message(10_000));
    let reply = client.say(&Context::background(), request("hi")).await;
    reply
        .map(|reply| reply.text)
        .map_err(|error| (error.code(), error.message().to_owned()))
}

#[tokio::test]
async fn compressed_requests_say_so_and_are() {
    for (encoding, text, named, flag) in [
        (Encoding::Gzip, long(), Some("gzip"), 1),
        // Not worth it.
        (Encoding::Gzip, "hi".to_owned(), Some("gzip"), 0),
        (Encoding::Identity, long(), None, 0),
    ] {
        let (addr, task) = one_answer(Some("gzip"), flagged(1, &gzip(&reply(&text)))).await;
        {
            let client = EchoClient::new(Channel::to(addr).compress(encoding));
            let answer = client
                .say(&Context::background(), request(&text))
                .await
                .unwrap();
            assert_eq!(answer.text, text);
        }
        let (headers, sent) = task.await.unwrap();
        assert_eq!(headers["grpc-accept-encoding"], "gzip,identity");
        assert_eq!(
            headers.get("grpc-encoding").map(|v| v.to_str().unwrap()),
            named
        );
        assert_eq!(sent[0], flag);
        let mut message = Vec::new();
        match flag {
            1 => drop(
                GzDecoder::new(&sent[5..])
                    .read_to_end(&mut message)
                    .unwrap(),
            ),
            _ => message.extend_from_slice(&sent[5..]),
        }
        assert_eq!(EchoRequest::decode(&message[..]).unwrap().text, text);
    }
    // Unasked, nothing is said of it.
    let (addr, task) = one_answer(None, frame(&reply("hi"))).await;
    let client = EchoClient::new(Channel::to(addr));
    client
        .say(&Context::background(), request(&long()))
        .await
        .unwrap();
    drop(client);
    let (headers, sent) = task.await.unwrap();
    assert!(
        headers
            .keys()
            .all(|name| !name.as_str().ends_with("-encoding")),
        "{headers:?}"
    );
    assert_eq!(sent[0], 0);
}

#[tokio::test]
async fn replies_are_taken_as_they_are_compressed() {
    let message = reply("hi");
    assert_eq!(
        read(Some("gzip"), flagged(1, &gzip(&message))).await,
        Ok("hi".into())
    );
    assert_eq!(read(Some("gzip"), frame(&message)).await, Ok("hi".into()));
    assert_eq!(
        read(Some("identity"), frame(&message)).await,
        Ok("hi".into())
    );
    let text = "reply in message encoding `snappy`, which this build does not have";
    assert_eq!(
        read(Some("snappy"), flagged(1, &message)).await,
        Err((Code::Internal, text.into()))
    );
    let text = "compressed message without a message encoding";
    assert_eq!(
        read(None, flagged(1, &message)).await,
        Err((Code::Internal, text.into()))
    );
    let corrupt = read(Some("gzip"), flagged(1, b"no gzip")).await;
    assert_eq!(corrupt.map_err(|(code, _)| code), Err(Code::Internal));
    let bomb = gzip(&reply(&"x".repeat(1 << 20)));
    assert!(bomb.len() < 10_000);
    let text = "message is over the limit of 10000 bytes";
    assert_eq!(
        read(Some("gzip"), flagged(1, &bomb)).await,
        Err((Code::ResourceExhausted, text.into()))
    );
}

#[tokio::test]
async fn every_shape_goes_compressed() {
    let running = Running::echo().await;
    let client = EchoClient::new(Channel::to(running.addr).compress(Encoding::Gzip));
    let ctx = Context::background();
    let text = long();
    assert_eq!(client.say(&ctx, request(&text)).await.unwrap().text, text);
    let words = client
        .split(&ctx, request(&text))
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(words.len(), 1000);
    let requests = || Streaming::from_iter([request(&text), request("hi")]);
    let joined = client.join(&ctx, requests()).await.unwrap().text;
    assert!(
        joined.starts_with(&text) && joined.ends_with("hi"),
        "{}",
        joined.len()
    );
    let echoed = client
        .chat(&ctx, requests())
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(
        echoed
            .iter()
            .map(|reply| reply.text.len())
            .collect::<Vec<_>>(),
        [text.len(), 2]
    );
}
