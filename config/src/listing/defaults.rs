//! What options are where nobody sets them, as texts: those of the complete example, of which
//! a test shows that they are what holds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::options::KINDS;

const EXAMPLE: &str = include_str!("../../../config-examples/supervisord.conf");

type Table = BTreeMap<(&'static str, &'static str), &'static str>;

/// By kind of section and name.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table: Table = BTreeMap::from([
        (("web_user:", "role"), "view"),
        (("web_user:", "servers"), "every server"),
        (("eventlistener:", "priority"), "-1"),
    ]);
    let mut kind = "";
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            let found = KINDS.iter().find(|known| known.is(name));
            kind = found.map_or("", |kind| kind.name);
        }
        if let Some((key, value)) = line.strip_prefix(';').and_then(|it| it.split_once(" = "))
            && key.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
        {
            table.insert((kind, key), value);
        }
    }
    table
});

/// The default of an option of a kind of section; nothing if it has none.
pub(super) fn of(kind: &str, key: &str) -> Option<String> {
    let find = |kind| TABLE.get(&(kind, key));
    // what program-like sections have in common stands with the programs
    let common = ["eventlistener:", "fcgi-program:"].contains(&kind);
    let found = find(kind).or_else(|| common.then(|| find("program:")).flatten());
    found.map(|text| (*text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn defaults_are_those_of_the_example() {
        for (kind, key, default) in [
            ("program:", "startsecs", Some("1")),
            ("program:", "stdout_logfile", Some("AUTO")),
            ("program:", "process_name", Some("%(program_name)s")),
            ("program:", "directory", None),
            ("eventlistener:", "startsecs", Some("1")),
            ("eventlistener:", "buffer_size", Some("10")),
            ("eventlistener:", "priority", Some("-1")),
            ("fcgi-program:", "priority", Some("999")),
            ("fcgi-program:", "socket_mode", Some("0700")),
            ("unix_http_server*", "chmod", Some("0700")),
            ("unix_http_server*", "username", None),
            ("web_user:", "role", Some("view")),
            ("group:", "priority", Some("999")),
            ("nothing", "priority", None),
        ] {
            assert_eq!(of(kind, key).as_deref(), default, "{kind} {key}");
        }
    }
}
