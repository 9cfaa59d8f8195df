//! How parts end: in which order, and by what.

use std::sync::{Arc, Mutex};

use super::*;
use crate::server::Server;

/// What parts did, in order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn write(&self, what: impl Into<String>) {
        let mut entries = self.0.lock().expect("no test panics with it");
        entries.push(what.into());
    }

    fn read(&self) -> Vec<String> {
        self.0.lock().expect("no test panics with it").clone()
    }

    /// A task that waits to be told, takes a while to end, and writes down both.
    fn obedient(
        &self,
        name: &'static str,
    ) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + 'static
    {
        let diary = self.clone();
        move |mut stop| {
            Box::pin(async move {
                stop.requested().await;
                diary.write(format!("{name} told"));
                tokio::time::sleep(Duration::from_secs(1)).await;
                diary.write(format!("{name} ended"));
                Ok(())
            })
        }
    }
}

#[tokio::test(start_paused = true)]
async fn parts_stop_in_reverse_order_one_after_the_other() {
    let diary = Diary::default();
    let supervisor = Supervisor::new()
        .task("first", diary.obedient("first"))
        .task("second", diary.obedient("second"));
    assert_eq!(
        format!("{supervisor:?}"),
        r#"["task first", "task second"]"#
    );
    supervisor.run_until(async {}).await.expect("all end well");
    assert_eq!(
        diary.read(),
        ["second told", "second ended", "first told", "first ended"]
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_stops_the_others_and_gives_its_error() {
    let diary = Diary::default();
    let error = Supervisor::new()
        .task("first", diary.obedient("first"))
        .task("bad", |_| async { Err(Error::unavailable("no disk")) })
        .run_until(std::future::pending())
        .await
        .expect_err("one has failed");
    assert_eq!(
        (error.code(), error.message()),
        (Code::Unavailable, "no disk")
    );
    assert_eq!(diary.read(), ["first told", "first ended"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_panics_is_named() {
    let error = Supervisor::new()
        .task("shaky", |_| async { panic!("as the test wants") })
        .run_until(std::future::pending())
        .await
        .expect_err("one has panicked");
    assert_eq!(error.message(), "task shaky panicked");
    // Also before it has made its future.
    let error = Supervisor::new()
        .task("shaky", |_| -> std::future::Ready<Result<()>> {
            panic!("as the test wants")
        })
        .run_until(std::future::pending())
        .await
        .expect_err("one has panicked");
    assert_eq!(error.message(), "task shaky panicked");
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_well_ends_alone() {
    let diary = Diary::default();
    let (tell, told) = tokio::sync::oneshot::channel();
    let supervisor = Supervisor::new()
        .task("once", {
            let diary = diary.clone();
            move |stop| async move {
                diary.write(format!("once: {}", stop.is_requested()));
                let _ = tell.send(());
                Ok(())
            }
        })
        .task("first", diary.obedient("first"));
    let stop = async {
        told.await.expect("the task runs");
        tokio::task::yield_now().await;
    };
    supervisor.run_until(stop).await.expect("all end well");
    assert_eq!(diary.read(), ["once: false", "first told", "first ended"]);
    // Nothing left to do is an end too.
    let nothing = Supervisor::new().task("once", |_| async { Ok(()) });
    assert!(nothing.run_until(std::future::pending()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_listen_is_dropped_after_its_grace() {
    let start = tokio::time::Instant::now();
    Supervisor::new()
        .task("deaf", |_| std::future::pending())
        .task_grace(Duration::from_secs(3))
        .run_until(async {})
        .await
        .expect("it is dropped");
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn servers_and_tasks_stop_together() {
    let diary = Diary::default();
    let bound = Server::new("test")
        .bind("127.0.0.1:0")
        .await
        .expect("bound");
    let addr = bound.local_addr();
    let check = diary.clone();
    Supervisor::new()
        .server(bound)
        .task("last", move |mut stop| async move {
            stop.requested().await;
            // Stopped in reverse order, the server is still there.
            let connected = tokio::net::TcpStream::connect(addr).await;
            check.write(format!("served: {}", connected.is_ok()));
            Ok(())
        })
        .run_until(async {})
        .await
        .expect("all end well");
    assert_eq!(diary.read(), ["served: true"]);
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
