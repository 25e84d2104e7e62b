//! Logins, right and wrong.

use super::*;
use actix_web::http::header::HeaderValue;
use base64::engine::general_purpose::STANDARD as ENGINE;
use visord_config::Role;
use visord_logs::workers::Workers;

/// Of `secret`, as cheap as can be.
pub(super) const ARGON2: &str =
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$IeGl+MG6mmbDxWOXfenTiA";

/// A server's settings with this user of its own, if any, and these others.
pub(crate) fn server(own: Option<(&str, &str)>, more: &[(&str, &str, Role)]) -> HttpConfig {
    HttpConfig {
        section: "unix_http_server".into(),
        address: visord_config::ListenAddress::Unix {
            path: "/s.sock".into(),
            mode: 0o700,
            owner: visord_config::Ownership::default(),
        },
        users: own
            .map(|(name, password)| (name, password, Role::Admin))
            .iter()
            .chain(more)
            .map(|(name, password, role)| WebUser {
                name: (*name).into(),
                password: (*password).into(),
                role: *role,
            })
            .collect(),
        allowed_hosts: Vec::new(),
        max_body: 1024 * 1024,
        tls: None,
    }
}

type Checked = Result<Caller, Denial>;

fn wrong() -> Checked {
    Err(Denial::Wrong(LoginKey::default()))
}

async fn judge(users: &Users, header: Option<&str>) -> Checked {
    let mut headers = HeaderMap::new();
    if let Some(header) = header {
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
    }
    let workers = Workers::start().unwrap();
    let checked = users
        .check(&headers, Peer::Unknown, &Throttle::default(), &workers)
        .await;
    match checked {
        // which slot it counts in does not matter here
        Err(Denial::Wrong(_)) => wrong(),
        other => other,
    }
}

/// Of a server whose one user is `user`.
async fn verdict(password: &str, header: Option<&str>) -> Checked {
    let users = Users::of(&server(Some(("user", password)), &[])).unwrap();
    judge(&users, header).await
}

fn welcome() -> Checked {
    as_user("user", Right::Admin)
}

fn as_user(name: &str, right: Right) -> Checked {
    Ok(Caller {
        user: Some(name.into()),
        right,
        token: String::new(),
    })
}

fn login(user: &str, password: &str) -> String {
    format!("Basic {}", ENGINE.encode(format!("{user}:{password}")))
}

#[actix::test]
async fn plain_passwords() {
    for (header, expected) in [
        (None, Err(Denial::NoCredentials)),
        (Some(login("user", "a:b")), welcome()),
        (
            Some(login("user", "a:b").replace("Basic", "bASIC")),
            welcome(),
        ),
        (
            Some(login("user", "a:b").replace("Basic ", "Basic  ")),
            welcome(),
        ),
        (Some(login("User", "a:b")), wrong()),
        (Some(login("user", "a:")), wrong()),
        (Some(login("", "")), wrong()),
        (
            Some("Digest username=\"user\"".into()),
            Err(Denial::NoCredentials),
        ),
        (Some("Bearer abc".into()), Err(Denial::NoCredentials)),
        (Some("Basic".into()), Err(Denial::NoCredentials)),
        (Some("Basic ".into()), Err(Denial::NoCredentials)),
        (Some("Basic YQ".into()), Err(Denial::Malformed)),
        (Some("Basic /////w==".into()), Err(Denial::Malformed)),
        (
            Some(format!("Basic {}", ENGINE.encode("nocolon"))),
            Err(Denial::Malformed),
        ),
    ] {
        assert_eq!(
            verdict("a:b", header.as_deref()).await,
            expected,
            "{header:?}"
        );
    }
}

#[actix::test]
async fn argon2_passwords() {
    let stored = format!("{{ARGON2}}{ARGON2}");
    for (user, password, expected) in [
        ("user", "secret", welcome()),
        ("user", "wrong", wrong()),
        ("user", &stored, wrong()),
        ("User", "secret", wrong()),
    ] {
        let header = login(user, password);
        assert_eq!(
            verdict(&stored, Some(&header)).await,
            expected,
            "{password}"
        );
    }
    let unusable = |password: &str| {
        let found = Users::unusable(&server(Some(("user", password)), &[]));
        found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert!(unusable(&stored).is_empty());
    // a password that cannot be read matches nothing, not even with itself as the password
    let broken = "{ARGON2}$argon2id$v=19$m=8$x$y";
    assert_eq!(unusable(broken), ["user"]);
    for password in ["", broken, "$argon2id$v=19$m=8$x$y"] {
        let header = login("user", password);
        assert_eq!(verdict(broken, Some(&header)).await, wrong());
    }
}

#[actix::test]
async fn hashed_passwords() {
    let stored = "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
    for (password, expected) in [
        ("secret", welcome()),
        ("wrong", wrong()),
        (stored, wrong()),
        (&stored[5..], wrong()),
    ] {
        let header = login("user", password);
        assert_eq!(verdict(stored, Some(&header)).await, expected, "{password}");
    }
}

#[actix::test]
async fn each_of_several_users_has_a_password_and_a_right() {
    let slow = format!("{{ARGON2}}{ARGON2}");
    let more = [
        ("anna", "a", Role::View),
        (
            "bert",
            "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4",
            Role::Operate,
        ),
        ("cleo", &slow, Role::Admin),
        ("dora", "{ARGON2}$argon2id$v=19$m=8$x$y", Role::Admin),
    ];
    let users = Users::of(&server(Some(("user", "u")), &more)).unwrap();
    let names = [
        ("user", "u", Some(Right::Admin)),
        ("anna", "a", Some(Right::View)),
        ("bert", "secret", Some(Right::Operate)),
        ("cleo", "secret", Some(Right::Admin)),
        ("dora", "{ARGON2}$argon2id$v=19$m=8$x$y", None),
        ("nobody", "", None),
    ];
    // every name with every password, twice: what was right once is remembered
    for _ in 0..2 {
        for (name, own, right) in names {
            for (_, password, _) in names {
                let expected = match right {
                    Some(right) if password == own => as_user(name, right),
                    Some(_) | None => wrong(),
                };
                let header = login(name, password);
                let found = judge(&users, Some(&header)).await;
                assert_eq!(found, expected, "{name}:{password}");
            }
        }
    }
    assert!(Users::of(&server(None, &[])).is_none());
    let only = Users::of(&server(None, &more[..1])).unwrap();
    let header = login("anna", "a");
    assert_eq!(
        judge(&only, Some(&header)).await,
        as_user("anna", Right::View)
    );
}

/// Whether a name exists must not show in how long its refusal takes: where one password is
/// slow to verify, every refusal waits for a verification.
#[actix::test]
async fn every_refusal_takes_one_slow_verification() {
    let slow = format!("{{ARGON2}}{ARGON2}");
    let more = [("anna", "a", Role::View), ("cleo", &slow, Role::Admin)];
    let users = Users::of(&server(None, &more)).unwrap();
    let argon = users.0[1].slow().unwrap().clone();
    let turns = argon.occupied().await;
    for (name, password) in [("anna", "wrong"), ("cleo", "wrong"), ("nobody", "secret")] {
        let header = login(name, password);
        let refusal = judge(&users, Some(&header));
        let soon = std::time::Duration::from_millis(1);
        assert!(tokio::time::timeout(soon, refusal).await.is_err(), "{name}");
    }
    // a quick password that is right needs none
    let header = login("anna", "a");
    let found = judge(&users, Some(&header)).await;
    assert_eq!(found, as_user("anna", Right::View));
    drop(turns);
    let header = login("nobody", "secret");
    assert_eq!(judge(&users, Some(&header)).await, wrong());
}
