//! `[inet_http_server]` and `[unix_http_server]` (spec core 1.14).

use visord_model::log_line::Level;

use crate::context::{Context, Reader};
use crate::expand::Scope;
use crate::types::{Credentials, HttpAddress, HttpConfig, Ownership, TlsConfig};
use crate::value::{
    absolute, expand_home, parse_bytes, parse_inet_address, parse_list, parse_octal,
};
use crate::web_user;

/// What the names of servers' sections begin with.
pub(crate) const PREFIXES: [&str; 2] = ["inet_http_server", "unix_http_server"];

/// All inet servers in file order, then all unix servers. The names are prefixes: a
/// colon and more may follow, or anything.
pub(crate) fn read_all(context: &Context<'_>) -> Vec<HttpConfig> {
    let admissions = web_user::read_all(context);
    let [inet, unix] = PREFIXES;
    let inet = context
        .sections_with(inet)
        .filter_map(|section| read_inet(&context.reader(section)));
    let unix = context
        .sections_with(unix)
        .filter_map(|section| read_unix(&context.reader(section)));
    let mut servers: Vec<HttpConfig> = inet.chain(unix).collect();
    for server in &mut servers {
        let admitted = admissions.iter().filter(|it| it.admits_to(&server.section));
        for admission in admitted {
            if let Some(Credentials { username, .. }) = &server.credentials {
                admission.check_name(context, &server.section, username);
            }
            server.users.push(admission.user.clone());
        }
    }
    if let Some(first) = admissions.first() {
        warn_of_open_doors(context, &servers, &first.user.name);
    }
    servers
}

/// Whoever has users may believe that every port asks for one of them.
fn warn_of_open_doors(context: &Context<'_>, servers: &[HttpConfig], user: &str) {
    let reach = |server: &&HttpConfig| matches!(server.address, HttpAddress::Inet { .. });
    for server in servers.iter().filter(reach) {
        if !server.asks_for_password() {
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
    let scope = reader.context.bare_scope();
    let credentials = credentials(reader, &scope);
    if reader.raw("port").is_none() {
        reader.fail_section(&format!(
            "section [{}] has no port value",
            reader.section.name
        ));
    }
    let address = reader.value(&scope, "port", parse_inet_address);
    let tls = tls(reader);
    let (host, port) = address?;
    Some(HttpConfig {
        section: reader.section.name.clone(),
        address: HttpAddress::Inet { host, port },
        credentials,
        users: Vec::new(),
        allowed_hosts: allowed_hosts(reader, &scope),
        max_body: max_body(reader, &scope),
        tls,
    })
}

fn read_unix(reader: &Reader<'_>) -> Option<HttpConfig> {
    let context = reader.context;
    let scope = context.bare_scope();
    let file = reader.text(&context.scope(), "file");
    if reader.raw("file").is_none() {
        reader.fail_section(&format!(
            "section [{}] has no file value",
            reader.section.name
        ));
    }
    let credentials = credentials(reader, &scope);
    let owner = reader.value_or(&scope, "chown", Ownership::default(), |text| {
        let owner = context.accounts.owner(text);
        owner.map_err(|_| format!("Invalid sockchown value {text}"))
    });
    let mode = reader.value_or(&scope, "chmod", 0o700, |text| {
        parse_octal(text).map_err(|_| format!("Invalid chmod value {text}"))
    });
    let surroundings = context.surroundings;
    let file = expand_home(file?.trim(), surroundings);
    Some(HttpConfig {
        section: reader.section.name.clone(),
        address: HttpAddress::Unix {
            path: absolute(&file, surroundings),
            mode,
            owner,
        },
        credentials,
        users: Vec::new(),
        allowed_hosts: allowed_hosts(reader, &scope),
        max_body: max_body(reader, &scope),
        tls: None,
    })
}

/// Our own options: certificate and key, both or neither, and who signs clients' certificates.
fn tls(reader: &Reader<'_>) -> Option<TlsConfig> {
    let context = reader.context;
    let scope = context.scope();
    let file = |key| {
        let path = reader.text(&scope, key)?;
        let path = path.trim();
        let surroundings = context.surroundings;
        (!path.is_empty()).then(|| absolute(&expand_home(path, surroundings), surroundings))
    };
    let files = (file("tls_cert"), file("tls_key"), file("tls_client_ca"));
    match files {
        (Some(cert), Some(key), client_ca) => Some(TlsConfig {
            cert,
            key,
            client_ca,
        }),
        (None, None, None) => None,
        (cert, key, _) => {
            let (given, missing) = match (cert, key) {
                (Some(_), _) => ("tls_cert", "tls_key"),
                (None, Some(_)) => ("tls_key", "tls_cert"),
                (None, None) => ("tls_client_ca", "tls_cert and tls_key"),
            };
            let section = &reader.section.name;
            reader.fail(
                given,
                format!("Section [{section}] has {given} but no {missing}"),
            );
            None
        }
    }
}

/// Our own option: the longest request body.
fn max_body(reader: &Reader<'_>, scope: &Scope<'_>) -> usize {
    reader.value_or(scope, "max_body", HttpConfig::MAX_BODY, |text| {
        let bytes = usize::try_from(parse_bytes(text)?).unwrap_or(0);
        if bytes == 0 {
            return Err(format!("max_body must be at least 1 byte, not {text}"));
        }
        Ok(bytes)
    })
}

/// Both or neither; a blank one counts as none (decisions C35 and Q28).
fn credentials(reader: &Reader<'_>, scope: &Scope<'_>) -> Option<Credentials> {
    let username = reader.text(scope, "username");
    let username = username.filter(|text| !text.is_empty());
    let password = reader.secret(scope, "password");
    let password = password.filter(|text| !text.expose().is_empty());
    match (username, password) {
        (Some(username), Some(password)) => {
            if let Err(message) = check_password(password.expose()) {
                reader.fail("password", message);
            }
            Some(Credentials { username, password })
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
            reader.keep::<Credentials>(given, Err(message))
        }
    }
}

/// A stored password that could be right for somebody.
///
/// # Errors
/// Its hash has a wrong form.
pub(crate) fn check_password(password: &str) -> Result<(), String> {
    match password.strip_prefix("{ARGON2}") {
        Some(hash) if !is_argon2(hash) => Err("{ARGON2} must be followed by a PHC string: \
             $argon2id$v=19$m=...,t=...,p=...$SALT$HASH"
            .to_owned()),
        Some(_) | None => Ok(()),
    }
}

/// The shape of an Argon2 hash in PHC form; the server looks closer.
fn is_argon2(hash: &str) -> bool {
    let mut fields = hash.split('$');
    let blank = fields.next() == Some("");
    let kind = fields.next();
    blank
        && matches!(kind, Some("argon2id" | "argon2i" | "argon2d"))
        && (3..=4).contains(&fields.filter(|field| !field.is_empty()).count())
}

/// Our own option: other names under which browsers may reach a server that asks for no
/// password (decision Q25).
fn allowed_hosts(reader: &Reader<'_>, scope: &Scope<'_>) -> Vec<String> {
    let hosts = |text: &str| {
        let items = parse_list(text).into_iter().filter(|item| !item.is_empty());
        Ok(items.map(str::to_lowercase).collect())
    };
    reader.value_or(scope, "allowed_hosts", Vec::new(), hosts)
}
