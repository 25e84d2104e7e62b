//! `docs/rpc.md`: the page about every method, made from the table.

use std::fmt::Write as _;
use std::path::Path;

use crate::rpc::method::{Method, Param};
use crate::rpc::table::NAMESPACES;

const HEAD: &str = "\
# Methods

Made from the method table (`web/src/rpc/table.rs`) by `VISORD_BLESS=1 cargo test -p visord-web
document`; a test keeps the two in step.

Calls are XML-RPC: POST to `/RPC2` of any `[unix_http_server]` or `[inet_http_server]`.
Parameters in brackets may be left out. The methods of `supervisor` answer under the name of each
`[rpcinterface:x]` section with the standard factory. Those of `supvisors` exist in an instance of a
cluster. Methods of a namespace that is forwarded by
`url` are those of the other server.

| Right | Allows |
| --- | --- |
| view | to see states and logs |
| operate | also to start, stop, signal and feed processes, to empty their logs and to see how they are configured |
| admin | also to change what is supervised, and to end or restart the daemon |

The one user of a listener may do everything, and so may anybody where no password is asked for; a
`[web_user:x]` has the role that its section gives (`docs/web.md`). What a role does not allow is
refused with the fault 403, `NOT_ALLOWED: METHOD needs the role ROLE, this user has ROLE`, before
anything else about the call is looked at; in `system.multicall` that is the result of the one
call. Methods of a namespace that is forwarded need operate: nobody knows what they do.
";

fn page() -> String {
    let mut out = HEAD.to_owned();
    for namespace in NAMESPACES {
        let name = namespace.name;
        let _ = write!(
            out,
            "\n## {name}\n\n| Method | Answers | Right | |\n| --- | --- | --- | --- |\n"
        );
        for method in namespace.methods() {
            out.push_str(&line(name, method));
        }
    }
    out
}

fn line(namespace: &str, method: &Method) -> String {
    let mut text = method.help.to_owned();
    for (_, name, what) in method.params.iter().map(words) {
        let _ = write!(text, "<br>`{name}`: {what}");
    }
    let _ = write!(text, "<br>Answers {}.", words(&method.returns).2);
    if method.while_closing {
        text.push_str("<br>Works also while the daemon is closing.");
    }
    if !method.listed {
        text.push_str("<br>Only visord has it; `system.listMethods` does not name it.");
    }
    format!(
        "| `{namespace}.{}({})` | {} | {} | {} |\n",
        method.name,
        parameters(method.params),
        method.returns.kind(),
        method.right.name(),
        text.replace('|', "\\|"),
    )
}

/// Type, name, and what it is.
fn words(param: &Param) -> (&str, &str, &str) {
    let mut words = param.line.splitn(3, ' ');
    let mut word = || words.next().unwrap();
    (word(), word(), word())
}

fn parameters(params: &[Param]) -> String {
    let one = |param: &Param| {
        let (kind, name, _) = words(param);
        if param.optional {
            format!("[{kind} {name}]")
        } else {
            format!("{kind} {name}")
        }
    };
    params.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_page_is_that_of_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rpc.md");
    if std::env::var_os("VISORD_BLESS").is_some() {
        std::fs::write(&file, page()).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(
        written == page(),
        "docs/rpc.md is out of step: VISORD_BLESS=1 cargo test -p visord-web document"
    );
}
