//! TLS at the listener; from end to end it is tested in `tests/it/tls.rs`.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use visord_config::{HttpConfig, TlsConfig};
use visord_model::state::ProcessState;

use super::fake::{Plan, info};
use super::live::Reader;
use super::server::Server;

/// A certificate in a folder of its own.
fn files() -> (tempfile::TempDir, TlsConfig) {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config = TlsConfig {
        cert: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
        client_ca: None,
    };
    std::fs::write(&config.cert, made.cert.pem()).unwrap();
    std::fs::write(&config.key, made.signing_key.serialize_pem()).unwrap();
    (folder, config)
}

#[actix::test]
async fn who_does_not_shake_hands_is_sent_away_and_holds_nobody_up() {
    let (_folder, tls) = files();
    let secure = |configs: &mut [HttpConfig; 2]| configs[0].tls = Some(tls);
    let server = Server::configured(Plan::default(), secure, |state| {
        state.limits.patience = Duration::from_millis(200);
    });
    let mut silent = server.tcp().await;
    let mut plain = server.tcp().await;
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    // plain text gets an alert or nothing, and no page
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    // the silent one is closed when its time is over
    let mut nothing = Vec::new();
    let _ = silent.read_to_end(&mut nothing).await;
    assert!(nothing.is_empty(), "{nothing:?}");
    server.stop().await;
}

#[actix::test]
async fn a_live_stream_goes_through() {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName};
    let (_folder, tls) = files();
    let mut roots = rustls::RootCertStore::empty();
    let own = CertificateDer::from_pem_file(&tls.cert).unwrap();
    roots.add(own).unwrap();
    let secure = |configs: &mut [HttpConfig; 2]| configs[0].tls = Some(tls);
    let server = Server::configured(Plan::default(), secure, |_| {});
    let client = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = tokio_rustls::TlsConnector::from(std::sync::Arc::new(client))
        .connect(name, server.tcp().await)
        .await
        .unwrap();
    let mut reader = Reader::open(stream, "", "").await;
    reader.snapshot().await;
    server
        .board
        .set_process(info("x", "x", ProcessState::Exited));
    reader.expect("state", "EXITED").await;
    server.stop().await;
    reader.expect("bye", "{}").await;
    assert_eq!(reader.next().await, None);
}

#[test]
fn files_that_do_not_do() {
    use crate::tls::Tls;
    let (_folder, good) = files();
    let (_other_folder, other) = files();
    assert!(Tls::new(&good).is_ok());
    for (cert, key, client_ca) in [
        (&good.key, &good.key, None),
        (&good.cert, &good.cert, None),
        (&good.cert, &other.key, None),
        (&good.cert, &good.key, Some(&good.key)),
    ] {
        let config = TlsConfig {
            cert: cert.clone(),
            key: key.clone(),
            client_ca: client_ca.cloned(),
        };
        let error = Tls::new(&config).unwrap_err().to_string();
        assert!(error.contains(".pem: "), "{error}");
    }
}
