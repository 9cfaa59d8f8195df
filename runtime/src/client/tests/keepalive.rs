//! Servers that answer pings late, or no more.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::fixture::*;
use crate::client::Channel;
use crate::context::Context;

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const WINDOW_UPDATE: [u8; 13] = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const PING: u8 = 6;

/// Reads frames up to a ping; returns what it carries.
async fn ping(stream: &mut TcpStream) -> Vec<u8> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await.unwrap();
        if (head[3], head[4]) == (PING, 0) {
            return payload;
        }
    }
}

/// Says something else while an answer to a ping is waited for, answers after that, and freezes.
async fn answer_late(mut stream: TcpStream) {
    stream.write_all(&SETTINGS).await.unwrap();
    stream.read_exact(&mut [0; 24]).await.unwrap();
    let payload = ping(&mut stream).await;
    stream.write_all(&WINDOW_UPDATE).await.unwrap();
    sleep(Duration::from_millis(400)).await;
    stream
        .write_all(&[0, 0, 8, PING, 1, 0, 0, 0, 0])
        .await
        .unwrap();
    stream.write_all(&payload).await.unwrap();
    std::future::pending().await
}

#[tokio::test]
async fn a_server_that_freezes_after_a_late_answer_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { answer_late(listener.accept().await.unwrap().0).await });
    let (interval, limit) = (Duration::from_millis(200), Duration::from_millis(200));
    let channel = Channel::to(address).keepalive(interval, limit);
    let ctx = Context::background();
    let ended = timeout(Duration::from_secs(10), say(&channel, &ctx, "hello")).await;
    assert!(ended.unwrap().is_err());
}
