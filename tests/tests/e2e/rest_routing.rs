//! google.api.http routes: which binding a request belongs to, and what all others are told.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::any;
use ezrpc::{
    Authenticator, Context, Error, Interceptor, Next, PathDecoding, Principal, Reply, Result,
};
use ezrpc::{Server, TrailingSlash};
use ezrpc_tests::http::{Http2, Request};
use ezrpc_tests::proto::e2e::routing::{GuardedServer, RoutesServer, TwinServer};
use ezrpc_tests::routing::Echoes;
use ezrpc_tests::server::Running;

const FORM: &str = "application/x-www-form-urlencoded";

fn server() -> Server {
    Server::new("routes").add(RoutesServer::new(Echoes))
}

async fn running() -> Running {
    Running::start(server()).await
}

/// A whole answer in JSON; `first` are header lines that sort before `content-length`.
fn answer(status: u16, first: &str, body: &str) -> String {
    let length = body.len();
    format!("{status}\n{first}content-length: {length}\ncontent-type: application/json\n\n{body}")
}

fn ok(body: &str) -> String {
    answer(200, "", body)
}

/// The reply of a method whose binding has this template; `more` are further members.
fn seen(rpc: &str, template: &str, more: &str) -> String {
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(",{more}")
    };
    ok(&format!(
        r#"{{"rpc":"{rpc}","template":"{template}"{more}}}"#
    ))
}

async fn get(running: &Running, path: &str) -> String {
    Request::new("GET", path).both(running.addr).await
}

async fn send(running: &Running, method: &str, path: &str) -> String {
    Request::new(method, path).both(running.addr).await
}

#[tokio::test]
async fn h2_an_escaped_slash_does_not_split_segments() {
    let running = running().await;
    let item = |id: &str| seen("GetItem", "/v1/items/{id}", &format!(r#""id":"{id}""#));
    assert_eq!(get(&running, "/v1/items/a%2Fb").await, item("a/b"));
    assert_eq!(
        get(&running, "/v1/items/a%2fb%20c%2B+").await,
        item("a/b c++")
    );
    assert_eq!(get(&running, "/v1/items/%2e%2e").await, item(".."));
    assert_eq!(get(&running, "/v1/items/%E8%B0%B7").await, item("谷"));
    assert_eq!(get(&running, "/v1/items/a%252Fb").await, item("a%2Fb"));
    let named =
        |rpc: &str, template: &str, name: &str| seen(rpc, template, &format!(r#""name":"{name}""#));
    let shelf = named("GetShelf", "/v1/{name=shelves/*}", "shelves/a%2Fb c");
    assert_eq!(get(&running, "/v1/shelves/a%2Fb%20c").await, shelf);
    let file = |name: &str| named("GetFile", "/v1/{name=files/**}", name);
    assert_eq!(
        get(&running, "/v1/files/a/b%2Fc/").await,
        file("files/a/b%2Fc/")
    );
    assert_eq!(get(&running, "/v1/files").await, file("files"));
    assert_eq!(
        get(&running, "/v1/racks/x").await,
        named("GetShelf", "/v1/racks/{name}", "x")
    );
    assert_eq!(
        get(&running, "/v1/racks/x%2Fy?name=z").await,
        named("GetShelf", "/v1/racks/{name}", "x/y")
    );
}

#[tokio::test]
async fn h2_which_escapes_are_decoded_is_a_choice() {
    let modes = [
        (PathDecoding::AllExceptSlash, "files/a%2Fb:c"),
        (PathDecoding::AllExceptReserved, "files/a%2Fb%3Ac"),
        (PathDecoding::All, "files/a/b:c"),
    ];
    for (mode, name) in modes {
        let running = Running::start(server().path_decoding(mode)).await;
        let expected = seen(
            "GetFile",
            "/v1/{name=files/**}",
            &format!(r#""name":"{name}""#),
        );
        assert_eq!(
            get(&running, "/v1/files/a%2Fb%3Ac").await,
            expected,
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn h3_paths_that_cannot_be_read_are_400() {
    let running = running().await;
    let refused =
        |message: &str| answer(400, "", &format!(r#"{{"code":3,"message":"{message}"}}"#));
    for path in [
        "/v1/items/%",
        "/v1/items/%2",
        "/v1/items/%zz",
        "/v1/items/a%2/b",
        "/no/such/%",
    ] {
        let expected = refused(&format!("malformed percent-encoding in the path {path}"));
        assert_eq!(get(&running, path).await, expected);
        assert_eq!(send(&running, "DELETE", path).await, expected);
    }
    let binary = refused("path variable `id` is not UTF-8 once decoded");
    assert_eq!(get(&running, "/v1/items/%ff").await, binary);
    let dots = refused("path variable `name` has a segment `.` or `..`");
    for path in ["/v1/files/../x", "/v1/files/a/.", "/v1/files/%2e%2E/x"] {
        assert_eq!(get(&running, path).await, dots, "{path}");
    }
    let lax = Running::start(server().allow_dot_segments()).await;
    let file = seen("GetFile", "/v1/{name=files/**}", r#""name":"files/../x""#);
    assert_eq!(get(&lax, "/v1/files/../x").await, file);
}

#[tokio::test]
async fn h4_a_wrong_method_is_405_with_all_there_are() {
    let running = running().await;
    let rows = [
        ("DELETE", "/v1/items/x", "GET, HEAD, OPTIONS, PUT"),
        (
            "DELETE",
            "/v1/items/x:archive",
            "GET, HEAD, OPTIONS, POST, PUT",
        ),
        ("PUT", "/foo/bar", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/foo/x", "OPTIONS, POST"),
        ("HEAD", "/foo/x", "OPTIONS, POST"),
        ("get", "/v1/enabled", "GET, HEAD, OPTIONS"),
    ];
    for (method, path, allow) in rows {
        let body =
            format!(r#"{{"code":12,"message":"{path} does not take {method}, but {allow}"}}"#);
        let mut expected = answer(405, &format!("allow: {allow}\n"), &body);
        if method == "HEAD" {
            expected = expected.replace(&body, "");
        }
        assert_eq!(send(&running, method, path).await, expected);
    }
}

#[tokio::test]
async fn h5_an_unknown_path_is_404() {
    let running = running().await;
    for path in [
        "/v1/items",
        "/v1/items/",
        "/v1/items//",
        "//v1/items/x",
        "/v1/Items/x",
        "/v1/items/x/",
        "/v1/hidden",
    ] {
        let expected = answer(
            404,
            "",
            &format!(r#"{{"code":5,"message":"no route for {path}"}}"#),
        );
        for method in ["GET", "POST", "OPTIONS"] {
            assert_eq!(send(&running, method, path).await, expected, "{method}");
        }
    }
    // An explicit `enable: false` hides a method on all its paths.
    let hidden = r#"{"code":"not_found","message":"no route for /e2e.routing.Routes/Hidden"}"#;
    assert_eq!(
        send(&running, "POST", "/e2e.routing.Routes/Hidden").await,
        answer(404, "", hidden)
    );
}

#[tokio::test]
async fn h6_a_slash_at_the_end_by_three_policies() {
    let item = seen("GetItem", "/v1/items/{id}", r#""id":"x""#);
    let file = seen("GetFile", "/v1/{name=files/**}", r#""name":"files/x/""#);
    let unknown = |path: &str| {
        answer(
            404,
            "",
            &format!(r#"{{"code":5,"message":"no route for {path}"}}"#),
        )
    };

    let strict = Running::start(server().trailing_slash(TrailingSlash::Strict)).await;
    assert_eq!(get(&strict, "/v1/items/x/").await, unknown("/v1/items/x/"));
    assert_eq!(get(&strict, "/v1/files/x/").await, file);

    let ignore = Running::start(server().trailing_slash(TrailingSlash::Ignore)).await;
    assert_eq!(get(&ignore, "/v1/items/x/").await, item);
    assert_eq!(get(&ignore, "/v1/items/x").await, item);
    assert_eq!(get(&ignore, "/v1/files/x/").await, file);
    assert_eq!(
        get(&ignore, "/v1/items/x//").await,
        unknown("/v1/items/x//")
    );
    assert_eq!(get(&ignore, "/v1/items/").await, unknown("/v1/items/"));
    assert_eq!(get(&ignore, "/").await, unknown("/"));
    assert!(
        send(&ignore, "DELETE", "/v1/items/x/")
            .await
            .starts_with("405\nallow: GET, HEAD, OPTIONS, PUT\n")
    );

    let redirect = Running::start(server().trailing_slash(TrailingSlash::Redirect)).await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let moved = send(&redirect, method, "/v1/items/x%2Fy/?a=1&b=%20").await;
        assert_eq!(
            moved, "308\nlocation: /v1/items/x%2Fy?a=1&b=%20\n\n",
            "{method}"
        );
    }
    assert_eq!(
        get(&redirect, "/v1/items/x/").await,
        "308\nlocation: /v1/items/x\n\n"
    );
    assert_eq!(get(&redirect, "/v1/files/x/").await, file);
    assert_eq!(
        get(&redirect, "/v1/nothing/").await,
        unknown("/v1/nothing/")
    );
    // It must not become a host.
    assert_eq!(
        get(&redirect, "//evil.example/").await,
        unknown("//evil.example/")
    );
}

#[tokio::test]
async fn h7_the_method_takes_part_in_matching() {
    let running = running().await;
    assert_eq!(
        get(&running, "/foo/bar").await,
        seen("GetBar", "/foo/bar", "")
    );
    let post = Request::json("/foo/bar", "{}").both(running.addr).await;
    assert_eq!(post, seen("PostFoo", "/foo/{id}", r#""id":"bar""#));
    let delete = send(&running, "DELETE", "/foo/bar/baz").await;
    assert_eq!(delete, seen("DeleteBaz", "/foo/{id}/baz", r#""id":"bar""#));
    let archive = Request::json("/v1/items/a:b:archive", "{}")
        .both(running.addr)
        .await;
    assert_eq!(
        archive,
        seen("ArchiveItem", "/v1/items/{id}:archive", r#""id":"a:b""#)
    );
    // `:archive` is data to templates without a verb.
    let item = seen("GetItem", "/v1/items/{id}", r#""id":"a:archive""#);
    assert_eq!(get(&running, "/v1/items/a:archive").await, item);
    assert_eq!(get(&running, "/v1/items/a%3Aarchive").await, item);
}

#[tokio::test]
async fn h8_two_bindings_for_the_same_requests_do_not_start() {
    let error = server()
        .add(TwinServer::new(Echoes))
        .bind("127.0.0.1:0")
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.code(), ezrpc::Code::InvalidArgument);
    assert_eq!(
        error.to_string().lines().next().unwrap_or_default(),
        "`GET /v1/items/{name}` of e2e.routing.Twin.Get matches the same requests as \
         `GET /v1/items/{id}` of e2e.routing.Routes.GetItem: change one of the paths, or serve the services on two servers"
    );
}

#[tokio::test]
async fn h9_custom_kinds() {
    let running = running().await;
    let kind = |rpc: &str| seen(rpc, "/kinds/{id}", r#""id":"x""#);
    for (method, rpc) in [
        ("GET", "GetKind"),
        ("OPTIONS", "OptionsKind"),
        ("TRACE", "TraceKind"),
        ("PURGE", "PurgeKind"),
    ] {
        assert_eq!(
            send(&running, method, "/kinds/x").await,
            kind(rpc),
            "{method}"
        );
    }
    // Two letters more than GetKind.
    let head = kind("HeadKind").replace(
        r#"{"rpc":"HeadKind","template":"/kinds/{id}","id":"x"}"#,
        "",
    );
    assert_eq!(send(&running, "HEAD", "/kinds/x").await, head);
    let refused = send(&running, "PUT", "/kinds/x").await;
    assert!(
        refused.starts_with("405\nallow: GET, HEAD, OPTIONS, PURGE, TRACE\n"),
        "{refused}"
    );
    for method in [
        "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW",
    ] {
        let any = seen("AnyKind", "/any/{id}", r#""id":"x""#);
        assert_eq!(send(&running, method, "/any/x").await, any, "{method}");
    }
}

#[tokio::test]
async fn h10_head_is_get_without_the_body() {
    let running = running().await;
    for path in [
        "/v1/items/some",
        "/v1/files/a/b",
        "/foo/bar",
        "/v1/items/%ff",
        "/no/such",
    ] {
        let get = get(&running, path).await;
        let (head, _) = get.split_once("\n\n").unwrap();
        assert_eq!(
            send(&running, "HEAD", path).await,
            format!("{head}\n\n"),
            "{path}"
        );
    }
    // The handler, which sets a header, is not run.
    let head = send(&running, "HEAD", "/v1/items/some:watch").await;
    assert!(
        head.starts_with("200\n") && head.ends_with("\n\n"),
        "{head}"
    );
    assert!(
        head.contains("\ncontent-type: application/x-ndjson\n"),
        "{head}"
    );
    assert!(
        !head.contains("x-watched") && !head.contains("content-length"),
        "{head}"
    );
}

#[tokio::test]
async fn h10_options_says_which_methods_there_are() {
    let running = running().await;
    let rows = [
        ("/v1/items/x", "GET, HEAD, OPTIONS, PUT"),
        ("/foo/bar", "GET, HEAD, OPTIONS, POST"),
        ("/e2e.routing.Routes/Enabled", "GET, OPTIONS, POST"),
    ];
    for (path, allow) in rows {
        assert_eq!(
            send(&running, "OPTIONS", path).await,
            format!("204\nallow: {allow}\n\n")
        );
    }
}

#[tokio::test]
async fn h12_a_long_path_is_served_and_refused_as_a_short_one() {
    let running = Running::start(server().max_headers(1 << 18)).await;
    let name = "a/".repeat(30_000);
    let file = seen(
        "GetFile",
        "/v1/{name=files/**}",
        &format!(r#""name":"files/{name}""#),
    );
    let answer = get(&running, &format!("/v1/files/{name}")).await;
    // Nobody wants to read them.
    assert!(answer == file, "{}", &answer[..200]);
    let answer = get(&running, &format!("/v1/items/{}", ":a".repeat(30_000))).await;
    assert!(answer.starts_with("200\n"), "{}", &answer[..200]);
    let answer = get(&running, &format!("/v2/{name}")).await;
    assert!(answer.starts_with("404\n"), "{}", &answer[..200]);
}

#[tokio::test]
async fn h13_absolute_form() {
    let running = running().await;
    let target = format!("http://{}/v1/items/a%2Fb?tags=x", running.addr);
    let answer = Request::new("GET", &target)
        .http1(running.addr)
        .await
        .text();
    assert_eq!(
        answer,
        seen("GetItem", "/v1/items/{id}", r#""id":"a/b","tags":["x"]"#)
    );
    let target = format!("http://{}/v1/none", running.addr);
    let answer = Request::new("GET", &target).http1(running.addr).await;
    assert_eq!(answer.status, 404);
    let star = Request::new("OPTIONS", "*").http1(running.addr).await;
    assert_eq!(star.status, 404);
}

#[tokio::test]
async fn h1_rpc_paths_then_routes_then_mounts_under_the_prefix() {
    let rest = Router::new().fallback(any(|| async { "mounted" }));
    let running = Running::start(server().prefix("/api").mount("/", rest)).await;
    let item = seen("GetItem", "/v1/items/{id}", r#""id":"x""#);
    assert_eq!(get(&running, "/api/v1/items/x").await, item);
    let mounted = "200\ncontent-length: 7\ncontent-type: text/plain; charset=utf-8\n\nmounted";
    for path in ["/v1/items/x", "/api/v1/none", "/api", "/apiv1/items/x"] {
        assert_eq!(get(&running, path).await, mounted, "{path}");
    }
    let rpc = Request::json("/api/e2e.routing.Routes/Enabled", "{}")
        .both(running.addr)
        .await;
    assert_eq!(rpc, seen("Enabled", "/e2e.routing.Routes/Enabled", ""));
    // The RPC path is not enabled, so that the binding of another method has it.
    let borrowed = Request::json("/api/e2e.routing.Routes/GetItem", "{}")
        .both(running.addr)
        .await;
    assert_eq!(
        borrowed,
        seen("Borrowed", "/e2e.routing.Routes/GetItem", "")
    );
    let refused = send(&running, "DELETE", "/api/v1/items/x").await;
    assert!(refused.starts_with("405\n"), "{refused}");
    let redirect = server()
        .prefix("api/")
        .trailing_slash(TrailingSlash::Redirect);
    let redirect = Running::start(redirect).await;
    assert_eq!(
        get(&redirect, "/api/v1/items/x/").await,
        "308\nlocation: /api/v1/items/x\n\n"
    );
}

#[tokio::test]
async fn h1_a_generated_server_on_its_own_has_its_routes() {
    let app = Router::new().fallback_service(RoutesServer::new(Echoes));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let item = Request::new("GET", "/v1/items/a%2Fb")
        .http1(addr)
        .await
        .text();
    assert_eq!(item, seen("GetItem", "/v1/items/{id}", r#""id":"a/b""#));
    let refused = Request::new("DELETE", "/v1/items/x").http1(addr).await;
    assert_eq!(
        (refused.status, refused.value("allow")),
        (405, "GET, HEAD, OPTIONS, PUT")
    );
    let head = Request::new("HEAD", "/v1/items/x").http1(addr).await;
    assert_eq!((head.status, head.value("content-length")), (200, "54"));
    assert_eq!(Request::new("GET", "/none").http1(addr).await.status, 404);
}

/// Says who somebody is by the header `who`.
struct Who;

impl Authenticator for Who {
    async fn authenticate(&self, ctx: &Context) -> Result<Option<Principal>> {
        match ctx.metadata().get("who") {
            Some("mallory") => Err(Error::permission_denied("not you")),
            who => Ok(who.map(Principal::new)),
        }
    }
}

#[tokio::test]
async fn w4_a_binding_is_enabled_on_its_own_path_only() {
    let guarded = || Server::new("guarded").add(GuardedServer::new(Echoes));
    let secret = |who: &str| Request::new("GET", "/v1/secrets/x").header("who", who);
    let rpc = || Request::json("/e2e.routing.Guarded/GetSecret", "{}").header("who", "ann");
    let open = seen("GetSecret", "/v1/secrets/{id}", r#""id":"x""#);

    let alone = Running::start(guarded()).await;
    let answer = secret("ann").http1(alone.addr).await;
    assert_eq!(
        (answer.status, answer.value("www-authenticate")),
        (401, "Bearer")
    );
    assert!(
        answer.text().contains("Server::allow_anonymous")
            && answer.text().contains(r#"{"code":16,"#)
    );
    assert_eq!(rpc().http1(alone.addr).await.status, 404);

    let anonymous = Running::start(guarded().allow_anonymous()).await;
    assert_eq!(secret("").both(anonymous.addr).await, open);
    assert_eq!(rpc().http1(anonymous.addr).await.status, 404);

    let verified = Running::start(guarded().authenticator(Who)).await;
    assert_eq!(secret("ann").both(verified.addr).await, open);
    assert_eq!(secret("mallory").http1(verified.addr).await.status, 403);
    for path in ["/v1/secrets/x", "/v1/secrets/x:watch"] {
        for method in ["GET", "HEAD"] {
            let nobody = Request::new(method, path).http1(verified.addr).await;
            assert_eq!(nobody.status, 401, "{method} {path}");
        }
    }
    assert_eq!(rpc().http1(verified.addr).await.status, 404);
}

/// Keeps what it sees of each call.
#[derive(Clone, Default)]
struct Labels(Arc<Mutex<Vec<String>>>);

impl Interceptor for Labels {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        let route = ctx.route().expect("it is within a call");
        let label = format!(
            "{} {} {}",
            route.http_method(),
            route.template(),
            route.is_public()
        );
        self.0.lock().unwrap().push(label);
        next.run().await
    }
}

#[tokio::test]
async fn w4_interceptors_see_templates_and_never_paths() {
    let labels = Labels::default();
    let running = Running::start(server().interceptor(labels.clone())).await;
    get(&running, "/v1/items/personal%20data").await;
    send(&running, "HEAD", "/v1/racks/x").await;
    send(&running, "BREW", "/any/x").await;
    Request::json("/e2e.routing.Routes/Enabled", "{}")
        .both(running.addr)
        .await;
    let each = [
        "GET /v1/items/{id} true",
        "GET /v1/racks/{name} true",
        "* /any/{id} true",
        "POST /e2e.routing.Routes/Enabled true",
    ];
    let twice: Vec<&str> = each.into_iter().flat_map(|label| [label, label]).collect();
    assert_eq!(*labels.0.lock().unwrap(), twice);
}

#[tokio::test]
async fn forms_stand_for_a_get_only_where_that_is_on() {
    let form = |path: &str, asked: &str| {
        let request = Request::post(path)
            .header("content-type", FORM)
            .body("name=n&tags=a&tags=b+c");
        if asked.is_empty() {
            request
        } else {
            request.header("x-http-method-override", asked)
        }
    };
    let off = running().await;
    for asked in ["", "GET"] {
        let refused = form("/v1/items/x", asked).both(off.addr).await;
        assert!(refused.starts_with("405\n"), "{refused}");
    }
    let on = Running::start(server().method_override()).await;
    let item = seen(
        "GetItem",
        "/v1/items/{id}",
        r#""id":"x","name":"n","tags":["a","b c"]"#,
    );
    for asked in ["", "GET", "get"] {
        assert_eq!(
            form("/v1/items/x", asked).both(on.addr).await,
            item,
            "{asked}"
        );
    }
    // No page may reach anything else with a form.
    for asked in ["DELETE", "PUT", "PATCH", ""] {
        let refused = form("/foo/x/baz", asked).both(on.addr).await;
        assert!(
            refused.starts_with("405\nallow: DELETE, OPTIONS\n"),
            "{asked}: {refused}"
        );
        let refused = form("/v1/items/x", asked).http1(on.addr).await;
        assert_eq!(
            refused.status,
            if asked.is_empty() { 200 } else { 405 },
            "{asked}"
        );
    }
    let json = Request::json("/v1/items/x", "{}").header("x-http-method-override", "GET");
    assert!(json.both(on.addr).await.starts_with("405\n"));
}

#[tokio::test]
async fn h1_one_connection_serves_routes_and_grpc() {
    let running = running().await;
    let connection = Http2::connect(running.addr).await;
    let grpc = ezrpc_tests::grpc::head("/e2e.routing.Routes/GetItem");
    let mut exchange = connection.open(&grpc, None).await;
    exchange.finish(vec![0; 5]);
    let answer = exchange.answer().await.unwrap();
    assert_eq!((answer.status, answer.value("grpc-status")), (200, "0"));
    let mut exchange = connection
        .open(&Request::new("GET", "/v1/items/x"), None)
        .await;
    exchange.end();
    let answer = exchange.answer().await.unwrap();
    assert_eq!(
        answer.text(),
        seen("GetItem", "/v1/items/{id}", r#""id":"x""#)
    );
    // Routes are not for gRPC.
    let mut exchange = connection
        .open(&ezrpc_tests::grpc::head("/v1/items/x"), None)
        .await;
    exchange.end();
    assert_eq!(exchange.answer().await.unwrap().value("grpc-status"), "12");
}
