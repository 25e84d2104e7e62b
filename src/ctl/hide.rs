//! Passwords on the command line are overwritten as soon as they are read: every user of the
//! machine can list the arguments of all processes.
//!
//! The arguments are memory of this process, which procfs can write. The alternatives are an
//! `unsafe` block, and a second `exec` that hands the password over, which makes every command
//! start later (docs/decisions/0016). Without procfs there is nothing that `ps` could show either,
//! so a failure has no consequence.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

use clap::Command;

use super::complete::outer::COMPLETE;
use super::session::password_in;
use crate::cli::split;

/// Overwrites the passwords among the arguments; these are without the name of the program.
pub fn hide_passwords(definitions: &Command, arguments: &[String]) {
    let secrets = secrets(definitions, arguments);
    if !secrets.is_empty() {
        // see the module
        let _ = overwrite(&secrets);
    }
}

/// What the arguments must not show: passwords, and of a request for completions all that was
/// typed.
fn secrets(definitions: &Command, arguments: &[String]) -> Vec<String> {
    if let [first, typed @ ..] = arguments
        && first == COMPLETE
    {
        return typed.to_vec();
    }
    // a command line that cannot be read ends the program at once
    let line = split(definitions, arguments).unwrap_or_default();
    let secrets = line.options.into_iter().filter_map(|option| {
        let secret = match option.id.as_str() {
            "password" => option.value,
            "serverurl" => option.value[password_in(&option.value)?].to_owned(),
            _no_secret => return None,
        };
        (!secret.is_empty()).then_some(secret)
    });
    secrets.collect()
}

fn overwrite(secrets: &[String]) -> io::Result<()> {
    let arguments = fs::read("/proc/self/cmdline")?;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let address = first_argument(&stat).ok_or(io::ErrorKind::InvalidData)?;
    let memory = File::options()
        .read(true)
        .write(true)
        .open("/proc/self/mem")?;
    let mut found = vec![0; arguments.len()];
    memory.read_exact_at(&mut found, address)?;
    if found != arguments {
        return Err(io::ErrorKind::InvalidData.into());
    }
    memory.write_all_at(&masked(&arguments, secrets), address)
}

/// Where the arguments are: field 48 of `/proc/PID/stat`. The name in field 2 may contain spaces
/// and brackets.
fn first_argument(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let address = fields.split_whitespace().nth(48 - 3)?.parse().ok()?;
    (address != 0).then_some(address)
}

fn masked(arguments: &[u8], secrets: &[String]) -> Vec<u8> {
    let mut masked = arguments.to_vec();
    // the first is the name of the program
    for argument in masked.split_mut(|&byte| byte == 0).skip(1) {
        for secret in secrets {
            mask(argument, secret);
        }
    }
    masked
}

fn mask(argument: &mut [u8], secret: &str) {
    let text = String::from_utf8_lossy(argument).into_owned();
    let in_url = format!(":{secret}@");
    let is_value = text == secret || (text.starts_with('-') && text.ends_with(secret));
    let from = match text.find(&in_url) {
        Some(at) => at + 1,
        None if is_value => text.len() - secret.len(),
        None => return,
    };
    if text.as_bytes() == argument {
        argument[from..from + secret.len()].fill(b'x');
    } else {
        // not UTF-8: where the secret begins is not certain
        argument.fill(b'x');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::options::definitions;

    #[test]
    fn passwords_in_every_form() {
        for (words, shown) in [
            (&["-p", "secret", "status"][..], "-p\0xxxxxx\0status"),
            (&["-psecret", "tail", "secret"], "-pxxxxxx\0tail\0xxxxxx"),
            (&["--pass=secret"], "--pass=xxxxxx"),
            (&["-ip", "a=\u{e4}"], "-ip\0xxxx"),
            (
                &["-s", "http://u:p:w@h:1/x:y@z"],
                "-s\0http://u:xxx@h:1/x:y@z",
            ),
            (&["--serverurl=http://u:pw@h"], "--serverurl=http://u:xx@h"),
            (&["-s", "http://u@h", "a:b@c"], "-s\0http://u@h\0a:b@c"),
            (&["status", "-p", "secret"], "status\0-p\0secret"),
            (&["-p", "", "status"], "-p\0\0status"),
            (
                &["--complete", "bash", "ctl -p s"],
                "--complete\0xxxx\0xxxxxxxx",
            ),
        ] {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            let arguments = format!("/bin/ctl\0{}\0", words.join("\0"));
            let masked = masked(arguments.as_bytes(), &secrets(&definitions(), &words));
            assert_eq!(
                String::from_utf8(masked),
                Ok(format!("/bin/ctl\0{shown}\0"))
            );
        }
        let masked = masked(b"ctl\0-p\xff\0", &["\u{fffd}".to_owned()]);
        assert_eq!(masked, b"ctl\0xxx\0");
    }

    #[test]
    fn where_the_arguments_are() {
        let stat = fs::read_to_string("/proc/self/stat").expect("procfs");
        let address = first_argument(&stat).expect("an address");
        let memory = File::open("/proc/self/mem").expect("our memory");
        let arguments = fs::read("/proc/self/cmdline").expect("procfs");
        let mut found = vec![0; arguments.len()];
        memory.read_exact_at(&mut found, address).expect("readable");
        assert_eq!(found, arguments);
        assert_eq!(first_argument("1 (a) b) S 1 2"), None);
    }
}
