//! An agent in this process that does what the test says.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A scripted agent. It listens until it is dropped.
pub(super) struct Fake {
    address: SocketAddr,
    pub(super) shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The state has changed.
    changed: Notify,
    open: AtomicUsize,
    most: AtomicUsize,
}

pub(super) struct State {
    pub(super) index: u64,
    /// Instances by name: address, status of the check.
    pub(super) services: BTreeMap<String, Vec<(String, &'static str)>>,
    /// What the agent has, by id; the bodies of registrations.
    pub(super) own: BTreeMap<String, String>,
    /// The state of checks by the instance's id, where it is another than it was registered with.
    pub(super) statuses: BTreeMap<String, &'static str>,
    /// Ids the catalog has, of other nodes: node, its address, name, id.
    pub(super) others: Vec<[String; 4]>,
    /// Ids that the catalog keeps though the agent has forgotten them.
    pub(super) stuck: BTreeSet<String>,
    /// Answers to all that is asked: status and text.
    pub(super) refuse: Option<(u16, String)>,
    /// The same for paths that start so.
    pub(super) refuse_at: Option<(&'static str, u16, &'static str)>,
    /// In place of instances.
    pub(super) instances: Option<String>,
    /// Blocking queries do not block.
    pub(super) restless: bool,
    /// Answers come this late.
    pub(super) delay: Duration,
    /// Method, path and query of all requests.
    pub(super) seen: Vec<String>,
    /// Tokens shown.
    pub(super) tokens: BTreeSet<String>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            index: 10,
            services: BTreeMap::new(),
            own: BTreeMap::new(),
            statuses: BTreeMap::new(),
            others: Vec::new(),
            stuck: BTreeSet::new(),
            refuse: None,
            refuse_at: None,
            instances: None,
            restless: false,
            delay: Duration::ZERO,
            seen: Vec::new(),
            tokens: BTreeSet::new(),
        }
    }
}

impl Fake {
    pub(super) async fn start() -> Self {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)), Arc::default()).await
    }

    /// The same at an address, with what another had.
    pub(super) async fn on(address: SocketAddr, shared: Arc<Shared>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self {
            listening: tokio::spawn(listen(listener, Arc::clone(&shared))),
            address,
            shared,
        }
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes something, by which the index grows.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        state.index += 1;
        let result = change(&mut state);
        drop(state);
        self.shared.changed.notify_waiters();
        result
    }

    /// Says where a service is served; all pass.
    pub(super) fn serve(&self, name: &str, addresses: &[&str]) {
        let all = addresses.iter().map(|a| ((*a).to_owned(), "passing"));
        let all = all.collect();
        self.change(|state| state.services.insert(name.to_owned(), all));
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// How many requests there were that start so.
    pub(super) fn count(&self, start: &str) -> usize {
        let state = self.state();
        state.seen.iter().filter(|r| r.starts_with(start)).count()
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many were open at one time, at most.
    pub(super) fn most(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// Ends: nobody listens, and what is open is closed.
    pub(super) async fn stop(self) -> Arc<Shared> {
        self.listening.abort();
        while self.shared.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Arc::clone(&self.shared)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most.fetch_max(open, Ordering::SeqCst);
        let open = Open(Arc::clone(&shared));
        connections.spawn(async move {
            let _open = open;
            let serve = service_fn(move |request| answer(Arc::clone(&shared), request));
            _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), serve)
                .await;
        });
    }
}

struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let body = body.collect().await.unwrap().to_bytes();
    let delay = {
        let mut state = shared.state.lock().unwrap();
        let token = head.headers.get("x-consul-token");
        state
            .tokens
            .extend(token.map(|token| token.to_str().unwrap().to_owned()));
        state.seen.push(format!("{} {}", head.method, head.uri));
        state.delay
    };
    tokio::time::sleep(delay).await;
    let value = |key: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(k, _)| *k == key).map(|(_, v)| v.to_owned())
    };
    let index: u64 = value("index").map_or(0, |index| index.parse().unwrap());
    let wait = value("wait").map_or(0, |wait| wait.trim_end_matches("ms").parse().unwrap());
    _ = timeout(Duration::from_millis(wait), blocked(&shared, index)).await;
    let mut state = shared.state.lock().unwrap();
    let (status, text) = reply(&mut state, head.method.as_str(), &path, &body);
    let response = Response::builder()
        .status(status)
        .header("x-consul-index", state.index);
    drop(state);
    shared.changed.notify_waiters();
    Ok(response.body(Full::from(text)).unwrap())
}

/// Completes when the index is another than that asked for.
async fn blocked(shared: &Shared, index: u64) {
    loop {
        let changed = shared.changed.notified();
        {
            let state = shared.state.lock().unwrap();
            let refuses = state.refuse.is_some() || state.refuse_at.is_some();
            if index == 0 || state.index > index || state.restless || refuses {
                return;
            }
        }
        changed.await;
    }
}

fn reply(state: &mut State, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    if let Some((status, text)) = &state.refuse {
        return (*status, text.clone());
    }
    if let Some((_, status, text)) = state.refuse_at.filter(|(at, ..)| path.starts_with(at)) {
        return (status, text.to_owned());
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    match (method, path) {
        ("GET", "/v1/agent/self") => (
            200,
            r#"{"Config":{"NodeName":"here","Datacenter":"dc1"},"Member":null}"#.to_owned(),
        ),
        ("GET", "/v1/agent/services") => {
            let all = state.own.iter();
            let all = all.map(|(id, body)| format!(r#""{id}":{}"#, service(id, body)));
            (200, format!("{{{}}}", all.collect::<Vec<_>>().join(",")))
        }
        ("GET", "/v1/agent/checks") => (200, own_checks(state)),
        ("GET", _) if path.starts_with("/v1/agent/service/") => match state.own.get(last) {
            Some(body) => (200, service(last, body)),
            None => (404, format!("unknown service ID: {last}")),
        },
        ("GET", "/v1/health/state/any") => (200, checks(state)),
        ("GET", _) if path.starts_with("/v1/health/service/") => match &state.instances {
            Some(text) => (200, text.clone()),
            None => (200, instances(state, last)),
        },
        ("GET", _) if path.starts_with("/v1/catalog/service/") => (200, entries(state, last)),
        ("PUT", "/v1/agent/service/register") => {
            let body = String::from_utf8(body.to_vec()).unwrap();
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            let id = read["ID"].as_str().unwrap().to_owned();
            state.own.insert(id, body);
            (200, String::new())
        }
        ("PUT", _) if path.starts_with("/v1/agent/service/deregister/") => {
            state.own.remove(last);
            (200, String::new())
        }
        ("PUT", _) if path.starts_with("/v1/agent/check/pass/service:") => {
            let id = last.strip_prefix("service:").unwrap();
            match state.own.contains_key(id) {
                true => (200, String::new()),
                false => (
                    500,
                    format!("CheckID \"{last}\" does not have associated TTL"),
                ),
            }
        }
        ("PUT", "/v1/catalog/deregister") => {
            let read: serde_json::Value = serde_json::from_slice(body).unwrap();
            let (node, id) = (&read["Node"], &read["ServiceID"]);
            state.others.retain(|o| *node != o[0] || *id != o[3]);
            state.stuck.remove(id.as_str().unwrap());
            (200, "true".to_owned())
        }
        _ => (404, format!("no such path: {method} {path}")),
    }
}

/// A registration as the agent shows it.
fn service(id: &str, body: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    format!(r#"{{"ID":"{id}","Meta":{}}}"#, body["Meta"])
}

fn own_checks(state: &State) -> String {
    let all = state.own.iter().map(|(id, body)| {
        let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let registered = body["Check"]["Status"].as_str().unwrap_or("passing");
        let status = state.statuses.get(id).map_or(registered, |status| status);
        format!(r#""service:{id}":{{"Status":"{status}"}}"#)
    });
    format!("{{{}}}", all.collect::<Vec<_>>().join(","))
}

fn instances(state: &State, name: &str) -> String {
    let all = state.services.get(name).map_or(&[][..], Vec::as_slice);
    let all = all.iter().map(|(address, status)| {
        let (host, port) = address.rsplit_once(':').unwrap();
        format!(
            r#"{{"Node":{{"Node":"n","Address":"10.9.9.9"}},"Service":{{"ID":"{name}:{address}","Service":"{name}","Tags":null,"Address":"{host}","Meta":null,"Port":{port},"Weights":{{"Passing":1,"Warning":1}}}},"Checks":[{{"Node":"n","CheckID":"serfHealth","Status":"passing"}},{{"Node":"n","CheckID":"c","Status":"{status}"}}]}}"#
        )
    });
    format!("[{}]", all.collect::<Vec<_>>().join(","))
}

/// Their outputs change all the time.
fn checks(state: &State) -> String {
    let index = state.index;
    let all = state.services.iter().flat_map(|(name, all)| {
        all.iter().map(move |(address, status)| {
            format!(
                r#"{{"Node":"n","CheckID":"service:{name}:{address}","Status":"{status}","ServiceID":"{name}:{address}","ServiceName":"{name}","Output":"at {index}","CreateIndex":5,"ModifyIndex":{index}}}"#
            )
        })
    });
    format!("[{}]", all.collect::<Vec<_>>().join(","))
}

fn entries(state: &State, name: &str) -> String {
    let entry = |node: &str, address: &str, id: &str| {
        format!(
            r#"{{"Node":"{node}","Address":"{address}","Datacenter":"dc1","ServiceID":"{id}"}}"#
        )
    };
    let own = state.own.keys().chain(&state.stuck);
    let own = own.filter(|id| id.starts_with(&format!("{name}:")));
    let own = own.map(|id| entry("here", "127.0.0.1", id));
    let others = state.others.iter().filter(|other| other[2] == name);
    let others = others.map(|[node, address, _, id]| entry(node, address, id));
    format!("[{}]", own.chain(others).collect::<Vec<_>>().join(","))
}

impl Shared {
    /// The agents of other nodes have told the servers that they have nothing.
    pub(super) fn others_gone(&self) {
        self.state.lock().unwrap().others.clear();
    }
}
