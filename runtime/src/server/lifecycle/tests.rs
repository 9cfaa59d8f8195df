//! How servers register, and how they end.

use std::sync::Mutex;

use super::*;
use crate::discovery::{BoxFuture, Endpoint, Registration, Registry, Snapshot, Watch};
use crate::error::Error;
use crate::server::{Health, Server};

/// A registry that refuses, or never answers who leaves; it writes down what it is asked.
#[derive(Clone, Default)]
struct Bad {
    refuses: bool,
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Registry for Bad {
    fn register(&self, _: Registration) -> BoxFuture<'_, Result<()>> {
        self.asked.lock().unwrap().push("register");
        Box::pin(async {
            match self.refuses {
                true => Err(Error::unavailable("no")),
                false => Ok(()),
            }
        })
    }

    fn deregister<'a>(&'a self, _: &'a str, _: &'a Endpoint) -> BoxFuture<'a, Result<()>> {
        self.asked.lock().unwrap().push("deregister");
        Box::pin(std::future::pending())
    }

    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async { Ok(Snapshot::from([])) })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn watch(&self, _: &str) -> Watch {
        Watch::fixed([])
    }

    fn describe(&self) -> String {
        "bad".into()
    }
}

fn registering(bound: &mut Bound, service: &'static crate::method::ServiceDesc) {
    let enrolment = Arc::get_mut(&mut bound.enrolment).unwrap();
    enrolment.services = vec![service];
}

async fn serve(registry: Bad) -> Result<()> {
    let service = Health::new(std::iter::empty());
    let server = Server::new("test").registry(registry);
    let mut bound = server.bind("127.0.0.1:0").await?;
    // Any service will do to be registered.
    registering(&mut bound, crate::call::Service::desc(&service));
    bound.serve_until(async {}).await
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_hangs_does_not_keep_a_server_from_ending() {
    let registry = Bad::default();
    assert!(serve(registry.clone()).await.is_ok());
    assert_eq!(*registry.asked.lock().unwrap(), ["register", "deregister"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_registered_before_a_failure_is_taken_back() {
    let registry = Bad {
        refuses: true,
        ..Bad::default()
    };
    assert!(serve(registry.clone()).await.is_err());
    assert_eq!(*registry.asked.lock().unwrap(), ["register", "deregister"]);
}

/// A registry that takes everything and writes down what, and whose news takes two seconds.
#[derive(Clone, Default)]
struct Slow {
    memory: crate::discovery::Memory,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry for Slow {
    fn register(&self, registration: Registration) -> BoxFuture<'_, Result<()>> {
        let mut asked = self.asked.lock().unwrap();
        asked.push(format!(
            "{} {} {} {} {}",
            registration.service(),
            registration.server,
            registration.endpoint.version,
            registration.endpoint.weight,
            registration.methods().len(),
        ));
        self.memory.register(registration)
    }

    fn deregister<'a>(
        &'a self,
        service: &'a str,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, Result<()>> {
        self.asked.lock().unwrap().push("deregister".into());
        self.memory.deregister(service, endpoint)
    }

    fn get<'a>(&'a self, service: &'a str) -> BoxFuture<'a, Result<Snapshot>> {
        self.memory.get(service)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        self.memory.list()
    }

    fn watch(&self, service: &str) -> Watch {
        self.memory.watch(service)
    }

    fn describe(&self) -> String {
        "slow".into()
    }

    fn propagation(&self) -> Duration {
        Duration::from_secs(2)
    }
}

/// A server of the health service, which any server has, as if it were one of its own.
async fn bound(server: Server) -> Bound {
    let mut bound = server.bind("127.0.0.1:0").await.unwrap();
    let health = Health::new(std::iter::empty());
    registering(&mut bound, crate::call::Service::desc(&health));
    bound
}

#[tokio::test(start_paused = true)]
async fn item_10_a_server_registers_once_it_is_healthy_and_serves_on_while_the_news_spreads() {
    let registry = Slow::default();
    let server = Server::new("shop")
        .version("1.2")
        .weight(3)
        .registry(registry.clone());
    let bound = bound(server).await;
    let (addr, health) = (bound.local_addr(), bound.health());
    health.set("", false);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(bound.serve_until(async { drop(stopped.await) }));
    // It accepts, and is not registered yet.
    TcpStream::connect(addr).await.unwrap();
    assert!(registry.asked.lock().unwrap().is_empty());
    let mut watch = registry.watch("grpc.health.v1.Health");
    assert!(watch.next().await.unwrap().is_empty());
    health.set("", true);
    assert_eq!(watch.next().await.unwrap().len(), 1);
    assert_eq!(
        *registry.asked.lock().unwrap(),
        ["grpc.health.v1.Health shop 1.2 3 2"]
    );

    let told = tokio::time::Instant::now();
    drop(stop);
    assert!(watch.next().await.unwrap().is_empty());
    // Nobody finds it any more, and those who have found it are served.
    TcpStream::connect(addr).await.unwrap();
    running.await.unwrap().unwrap();
    assert!(told.elapsed() >= Duration::from_secs(2));
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_dropped_deregisters() {
    let registry = Slow::default();
    let bound = bound(Server::new("shop").registry(registry.clone())).await;
    let mut watch = registry.watch("grpc.health.v1.Health");
    assert!(watch.next().await.unwrap().is_empty());
    let running = tokio::spawn(bound.serve_until(std::future::pending()));
    assert_eq!(watch.next().await.unwrap().len(), 1);
    running.abort();
    assert!(watch.next().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_registered_has_nothing_to_take_back() {
    let registry = Slow::default();
    let bound = bound(Server::new("shop").registry(registry.clone())).await;
    bound.health().set("", false);
    let start = tokio::time::Instant::now();
    bound.serve_until(async {}).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(registry.asked.lock().unwrap().is_empty());
}
