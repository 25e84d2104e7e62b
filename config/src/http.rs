//! `[inet_http_server]` and `[unix_http_server]` (spec core 1.14).

use visord_model::log_line::Level;

use crate::context::{Context, Reader};
use crate::types::{HttpConfig, ListenAddress, Role, TlsConfig, WebUser};
use crate::value::{parse_bytes, parse_inet_address, parse_list};
use crate::web_user;

/// All inet servers in file order, then all unix servers. The names are prefixes: a
/// colon and more may follow, or anything.
pub(crate) fn read_all(context: &Context<'_>) -> Vec<HttpConfig> {
    let admissions = web_user::read_all(context);
    let [inet, unix] = web_user::SERVERS;
    let inet = context
        .readers(inet)
        .filter_map(|reader| read_inet(&reader));
    let unix = context
        .readers(unix)
        .filter_map(|reader| read_unix(&reader));
    let mut servers: Vec<HttpConfig> = inet.chain(unix).collect();
    for server in &mut servers {
        let admitted = admissions.iter().filter(|it| it.admits_to(&server.section));
        for admission in admitted {
            for user in &server.users {
                admission.check_name(context, &server.section, &user.name);
            }
            server.users.push(admission.user.clone());
        }
    }
    if let Some(first) = admissions.first() {
        warn_of_open_ports(context, &servers, &first.user.name);
    }
    servers
}

/// Who has users may believe that every port asks for one of them.
fn warn_of_open_ports(context: &Context<'_>, servers: &[HttpConfig], user: &str) {
    let reach = |server: &&HttpConfig| matches!(server.address, ListenAddress::Inet { .. });
    for server in servers.iter().filter(reach) {
        if server.users.is_empty() {
            let section = &server.section;
            context.remark(
                Level::Warn,
                format!(
                    "[{section}] asks for no password: it has no username, and no user such as \
                     [{}{user}] may use it",
                    web_user::PREFIX
                ),
            );
        }
    }
}

fn read_inet(reader: &Reader<'_>) -> Option<HttpConfig> {
    let bare = &reader.bare();
    let own = own_user(bare);
    reader.require("port");
    let address = bare.value("port", parse_inet_address);
    let tls = tls(reader);
    let (host, port) = address?;
    let address = ListenAddress::Inet { host, port };
    server(bare, address, own, tls)
}

fn read_unix(reader: &Reader<'_>) -> Option<HttpConfig> {
    let bare = &reader.bare();
    let file = reader.text("file");
    reader.require("file");
    let own = own_user(bare);
    let owner = bare.owner("chown", "sockchown");
    let mode = bare.mode("chmod");
    let address = ListenAddress::Unix {
        path: reader.path_of(file?.trim()),
        mode: mode?,
        owner: owner.unwrap_or_default(),
    };
    server(bare, address, own, None)
}

/// What servers of both kinds have.
fn server(
    reader: &Reader<'_>,
    address: ListenAddress,
    own: Option<WebUser>,
    tls: Option<TlsConfig>,
) -> Option<HttpConfig> {
    Some(HttpConfig {
        section: reader.section.name.clone(),
        address,
        users: own.into_iter().collect(),
        allowed_hosts: allowed_hosts(reader),
        max_body: max_body(reader)?,
        tls,
    })
}

/// Certificate and key, both or neither, and who signs clients' certificates.
fn tls(reader: &Reader<'_>) -> Option<TlsConfig> {
    let file = |key| reader.path(key);
    let (cert, key, client_ca) = (file("tls_cert"), file("tls_key"), file("tls_client_ca"));
    if cert.is_none() && key.is_none() && client_ca.is_some() {
        reader.fail_without("tls_client_ca", "tls_cert and tls_key");
    }
    let (cert, key) = reader.certificate_and_key(cert, key)?;
    Some(TlsConfig {
        cert,
        key,
        client_ca,
    })
}

fn max_body(reader: &Reader<'_>) -> Option<usize> {
    reader.value("max_body", |text| {
        let bytes = usize::try_from(parse_bytes(text)?).unwrap_or(0);
        if bytes == 0 {
            return Err(format!("max_body must be at least 1 byte, not {text}"));
        }
        Ok(bytes)
    })
}

/// The one of `username` and `password`, both or neither; a blank one counts as none (differences C35 and Q28).
fn own_user(reader: &Reader<'_>) -> Option<WebUser> {
    let username = reader.non_empty("username");
    let password = reader.secret("password");
    let password = password.filter(|text| !text.expose().is_empty());
    match (username, password) {
        (Some(name), Some(password)) => {
            if let Err(message) = web_user::check_password(password.expose()) {
                reader.fail("password", message);
            }
            let role = Role::Admin;
            Some(WebUser {
                name,
                password,
                role,
            })
        }
        (None, None) => None,
        (username, _) => {
            let given = if username.is_some() {
                "username"
            } else {
                "password"
            };
            let section = &reader.section.name;
            let message = format!(
                "Section [{section}] contains incomplete authentication: If a username or a \
                 password is specified, both the username and password must be specified"
            );
            reader.keep::<WebUser>(given, Err(message))
        }
    }
}

/// Other names under which browsers may reach a server that asks for no password
/// (difference Q25).
fn allowed_hosts(reader: &Reader<'_>) -> Vec<String> {
    let hosts = reader.value("allowed_hosts", |text| {
        let items = parse_list(text).into_iter().filter(|item| !item.is_empty());
        Ok(items.map(str::to_lowercase).collect())
    });
    hosts.unwrap_or_default()
}
