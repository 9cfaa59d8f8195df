//! TLS on servers and channels, with certificates made for each test.

use std::net::SocketAddr;
use std::sync::Arc;

use ezrpc::{
    Channel, ClientTls, Code, Context, Error, Interceptor, Next, Reply, Result, Server, ServerTls,
};
use ezrpc_tests::echo::Echo;
use ezrpc_tests::proto::e2e::{EchoClient, EchoRequest, EchoServer};
use ezrpc_tests::server::Running;
use ezrpc_tests::tools;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    SanType,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate authority of one test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn vouch(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Shop, Inc.");
        params
            .distinguished_name
            .push(DnType::CommonName, "one of us");
        let uri = "spiffe://shop.example/orders".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    fn server(&self) -> ServerTls {
        let own = self.vouch(&["localhost", "127.0.0.1"]);
        ServerTls::new(own.certificate, own.key).unwrap()
    }

    fn client(&self) -> ClientTls {
        ClientTls::new().ca(self.pem())
    }
}

/// The certificate of somebody who vouches for nobody.
pub(crate) fn an_authority() -> String {
    Authority::new().pem()
}

/// Says in a header who called.
struct Who;

impl Interceptor for Who {
    async fn intercept(&self, ctx: &Context, next: Next<'_>) -> Result<Reply> {
        let who = match ctx.peer_certificates() {
            None => "nobody".to_owned(),
            Some(peer) => format!(
                "{} ({:?}) {:?} {:?} {}",
                peer.subject(),
                peer.common_name(),
                peer.dns_names(),
                peer.uris(),
                peer.der().count()
            ),
        };
        ctx.reply().header("x-who", who)?;
        next.run().await
    }
}

async fn serve(tls: ServerTls) -> Running {
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    Running::start(server.interceptor(Who).tls(tls)).await
}

fn channel(addr: SocketAddr, tls: ClientTls) -> Channel {
    let channel = Channel::connect(&format!("https://{addr}")).unwrap();
    channel.tls(tls).unwrap()
}

/// Calls once: what the server says of the caller.
async fn say(channel: Channel) -> Result<String> {
    let ctx = Context::background();
    let call = ctx.call();
    let request = EchoRequest {
        text: "hi".into(),
        ..EchoRequest::default()
    };
    let reply = EchoClient::new(channel).say(&call, request).await?;
    assert_eq!(reply.text, "hi");
    let headers = call.reply().with_headers(|headers| headers.clone());
    Ok(headers.get("x-who").unwrap_or_default().to_owned())
}

async fn failure(channel: Channel) -> (Code, String) {
    let error: Error = say(channel).await.expect_err("it fails");
    (error.code(), error.message().to_owned())
}

/// A TLS connection that offers these protocols.
async fn raw(
    addr: SocketAddr,
    authority: &Authority,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let pem = authority.pem();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(addr).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

const POST: &str = "POST /e2e.Echo/Say HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
    connection: close\r\ncontent-length: 13\r\n\r\n{\"text\":\"hi\"}";

#[tokio::test]
async fn tls_grpc_and_json_on_one_port() {
    let authority = Authority::new();
    let running = serve(authority.server()).await;
    for _ in 0..2 {
        assert_eq!(
            say(channel(running.addr, authority.client()))
                .await
                .unwrap(),
            "nobody"
        );
    }
    // Without ALPN the first bytes tell.
    for protocols in [&["http/1.1"][..], &[], &["h2", "http/1.1"]] {
        let mut stream = raw(running.addr, &authority, protocols).await.unwrap();
        stream.write_all(POST.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with(r#"{"text":"hi"}"#), "{answer}");
    }
}

#[tokio::test]
async fn tls_protocols_are_agreed_on() {
    let authority = Authority::new();
    let running = serve(authority.server()).await;
    for (offered, agreed) in [
        (&["h2"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&["http/1.1", "h2"], Some("h2")),
        (&["h3", "http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = raw(running.addr, &authority, offered).await.unwrap();
        let found = stream.get_ref().1.alpn_protocol();
        assert_eq!(found, agreed.map(str::as_bytes), "{offered:?}");
    }
    let error = raw(running.addr, &authority, &["h3"]).await.unwrap_err();
    assert!(
        error.to_string().contains("NoApplicationProtocol"),
        "{error}"
    );
}

#[tokio::test]
async fn tls_clients_are_known_by_their_certificates() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let strict = authority.server().client_ca(authority.pem()).unwrap();
    let running = serve(strict).await;
    let own = authority.vouch(&["orders.internal"]);
    let tls = authority
        .client()
        .identity(own.certificate.clone(), own.key.clone());
    assert_eq!(
        say(channel(running.addr, tls)).await.unwrap(),
        "CN=one of us,O=Shop\\, Inc. (Some(\"one of us\")) [\"orders.internal\"] \
         [\"spiffe://shop.example/orders\"] 1"
    );
    let (code, message) = failure(channel(running.addr, authority.client())).await;
    assert_eq!(code, Code::Unavailable);
    assert!(message.contains("CertificateRequired"), "{message}");
    let other = stranger.vouch(&["orders.internal"]);
    let tls = authority.client().identity(other.certificate, other.key);
    let (code, message) = failure(channel(running.addr, tls)).await;
    assert_eq!(code, Code::Unavailable);
    assert!(
        message.contains("UnknownCA") || message.contains("DecryptError"),
        "{message}"
    );
}

#[tokio::test]
async fn tls_certificates_of_clients_can_be_optional() {
    let authority = Authority::new();
    let tls = authority.server().client_ca(authority.pem()).unwrap();
    let running = serve(tls.client_auth_optional()).await;
    assert_eq!(
        say(channel(running.addr, authority.client()))
            .await
            .unwrap(),
        "nobody"
    );
    let own = authority.vouch(&["a"]);
    let tls = authority.client().identity(own.certificate, own.key);
    let who = say(channel(running.addr, tls)).await.unwrap();
    assert!(who.starts_with("CN=one of us,"), "{who}");
}

#[tokio::test]
async fn tls_servers_are_checked() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let running = serve(authority.server()).await;
    let (code, message) = failure(channel(running.addr, stranger.client())).await;
    assert_eq!(code, Code::Unavailable);
    assert!(
        message.contains("TLS: invalid peer certificate"),
        "{message}"
    );
    let (_, message) = failure(channel(
        running.addr,
        authority.client().domain("shop.example"),
    ))
    .await;
    assert!(message.contains("shop.example"), "{message}");
    let named = authority.client().domain("localhost");
    assert_eq!(say(channel(running.addr, named)).await.unwrap(), "nobody");
    // Nobody vouches for a certificate made here.
    let unnamed = Channel::connect(&format!("https://{}", running.addr)).unwrap();
    let (code, message) = failure(unnamed).await;
    assert_eq!(code, Code::Unavailable);
    assert!(
        message.contains("ClientTls::ca") || message.contains("certificate"),
        "{message}"
    );
}

#[tokio::test]
async fn item_21_a_discovered_channel_has_tls_of_its_own() {
    let authority = Authority::new();
    let running = serve(authority.server()).await;
    let fixed = ezrpc::discovery::Fixed::new().all(running.addr.to_string());
    let ctx = Context::background().with_registry(fixed);
    let plain = Channel::discover("e2e.Echo");
    let channel = plain.clone().tls(authority.client()).unwrap();
    let request = EchoRequest {
        text: "hi".into(),
        ..EchoRequest::default()
    };
    // The settings of one are not those of another.
    let reply = EchoClient::new(plain).say(&ctx, request.clone()).await;
    assert_eq!(reply.unwrap_err().code(), Code::Unavailable);
    let reply = EchoClient::new(channel).say(&ctx, request).await.unwrap();
    assert_eq!(reply.text, "hi");
}

#[tokio::test]
async fn tls_and_plaintext_say_what_they_met() {
    let authority = Authority::new();
    let running = serve(authority.server()).await;
    let (code, message) = failure(Channel::to(running.addr)).await;
    assert_eq!(code, Code::Unavailable);
    assert!(
        message.contains("the server speaks TLS: connect with https://"),
        "{message}"
    );
    let mut stream = TcpStream::connect(running.addr).await.unwrap();
    stream.write_all(POST.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(
        answer.ends_with("\r\n\r\nthis port speaks TLS: use https://.\n"),
        "{answer}"
    );

    let plain = Running::echo().await;
    let (code, message) = failure(channel(plain.addr, authority.client())).await;
    assert_eq!(code, Code::Unavailable);
    assert!(
        message.contains("the server does not speak TLS: connect with http://"),
        "{message}"
    );
}

#[tokio::test]
async fn tls_handshakes_have_a_time_limit() {
    let authority = Authority::new();
    let server = Server::new("echo").add(EchoServer::new(Echo::default()));
    let limit = std::time::Duration::from_millis(40);
    let server = server.header_timeout(limit).tls(authority.server());
    let running = Running::start(server).await;
    for said in [&[][..], &[22], &[22, 3, 1, 2, 0, 1, 0, 1, 252]] {
        let mut stream = TcpStream::connect(running.addr).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut answer = Vec::new();
        // Closed or reset.
        let _ = stream.read_to_end(&mut answer).await;
        assert_eq!(answer, b"");
    }
}

/// What is wrong with a piece of PEM.
fn refused(result: Result<impl Sized>) -> String {
    let error = result.map(|_| ()).expect_err("it is refused");
    assert_eq!(error.code(), Code::InvalidArgument);
    error.message().to_owned()
}

#[test]
fn tls_bad_pem_is_named() {
    let authority = Authority::new();
    let (own, other) = (authority.vouch(&["a"]), authority.vouch(&["a"]));
    let new = |certificate: &str, key: &str| refused(ServerTls::new(certificate, key));
    assert_eq!(
        new("", &own.key),
        "server certificate: no CERTIFICATE in it, no PEM at all"
    );
    assert_eq!(
        new(&own.key, &own.key),
        "server certificate: no CERTIFICATE in it, only PRIVATE KEY"
    );
    assert_eq!(
        new(&own.certificate, &own.certificate),
        "server key: no PRIVATE KEY in it, only CERTIFICATE"
    );
    let encrypted = own.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert_eq!(
        new(&own.certificate, &encrypted),
        "server key: no PRIVATE KEY in it, an encrypted key, which has to be decrypted before"
    );
    let cut = own.certificate.replace("-----END CERTIFICATE-----", "");
    assert_eq!(
        new(&cut, &own.key),
        "server certificate: the PEM cannot be read: the line -----END CERTIFICATE----- is missing"
    );
    let message = new(&own.certificate, &other.key);
    assert!(
        message.starts_with("server certificate and key: "),
        "{message}"
    );

    let connect = || Channel::connect("https://localhost").unwrap();
    assert_eq!(
        refused(connect().tls(ClientTls::new().ca("x"))),
        "certificate authorities: no CERTIFICATE in it, no PEM at all"
    );
    let tls = authority.client().identity(own.certificate.clone(), "");
    assert_eq!(
        refused(connect().tls(tls)),
        "client key: no PRIVATE KEY in it, no PEM at all"
    );
    assert_eq!(
        refused(connect().tls(authority.client().domain("a b"))),
        "`a b` is neither a host name nor an IP address"
    );
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let message = refused(connect().tls(ClientTls::new().ca(garbage)));
    assert!(
        message.starts_with("certificate authorities: certificate 1 cannot be used: "),
        "{message}"
    );
}

/// Runs curl against the server; `None` without curl.
async fn curl(running: &Running, authority: &Authority, args: &[&str]) -> Option<String> {
    let curl = tools::require("curl")?;
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let output = tokio::process::Command::new(curl)
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--noproxy",
            "*",
            "--cacert",
        ])
        .arg(&ca)
        .args(args)
        .args(["--write-out", "\n%{http_version} %{http_code}"])
        .args([
            "--header",
            "content-type: application/json",
            "--data",
            r#"{"text":"hi"}"#,
        ])
        .arg(format!(
            "https://localhost:{}/e2e.Echo/Say",
            running.addr.port()
        ))
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn tls_curl_speaks_both_versions() {
    let authority = Authority::new();
    let running = serve(authority.server()).await;
    for (flag, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let Some(found) = curl(&running, &authority, &[flag]).await else {
            return;
        };
        assert_eq!(found, format!("{{\"text\":\"hi\"}}\n{version} 200"));
    }
}
