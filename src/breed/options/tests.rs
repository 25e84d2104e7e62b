//! Command lines and what they come to.

use super::*;

fn read(line: &str) -> Result<Options, String> {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    match parse("supvisors_breed", &words)? {
        Parsed::Run(options) => Ok(*options),
        Parsed::Print(text) => Err(text),
    }
}

#[test]
fn options_and_their_values() {
    let options = read("-t / -d out -b app=3 web=12 -xv").expect("valid");
    let expected = Options {
        template: "/".into(),
        pattern: "**/*.ini".into(),
        destination: "out".into(),
        breed: vec![("app".into(), 3), ("web".into(), 12)],
        extra: true,
        verbose: true,
    };
    assert_eq!(options, expected);
    assert_eq!(
        options.namespace(),
        "Namespace(template='/', pattern='**/*.ini', destination='out', \
         breed={'app': 3, 'web': 12}, extra=True, verbose=True)"
    );
    let options = read("--temp=/ --dest out --bre app=3 -p *.conf").expect("valid");
    assert_eq!((options.pattern.as_str(), options.extra), ("*.conf", false));
}

#[test]
fn the_last_breed_counts() {
    let breed = |line: &str| read(&format!("-t / -d out {line}")).map(|options| options.breed);
    let pairs = |pairs: &[(&str, u32)]| Ok(pairs.iter().map(|(a, n)| ((*a).into(), *n)).collect());
    assert_eq!(breed("-b a=1 b=2 a=3"), pairs(&[("a", 3), ("b", 2)]));
    assert_eq!(breed("-b a=1 -b b=2"), pairs(&[("b", 2)]));
    assert_eq!(
        breed("-b =1 a:b=100000"),
        pairs(&[("", 1), ("a:b", 100_000)])
    );
}

#[test]
fn what_is_wrong_with_a_line() {
    let required = "the following argument is required:";
    for (line, error) in [
        ("-d out -b a=1", format!("{required} -t/--template")),
        ("-t / -b a=1", format!("{required} -d/--destination")),
        ("-t / -d out", format!("{required} -b/--breed")),
        (
            "-t /nowhere",
            "The folder \"/nowhere\" does not exist".into(),
        ),
        ("-b", "option -b requires argument".into()),
        ("-d -x -b a=1", "option -d requires argument".into()),
        ("-b -x", "option -b requires argument".into()),
        ("-z", "option -z not recognized".into()),
        (
            "-t / word -b a=1",
            "unrecognized arguments: word -b a=1".into(),
        ),
        ("-b a=1 -- -x", "unrecognized arguments: -x".into()),
        ("-b a", "breed format must be: key=value".into()),
        ("-b a=1=2", "breed format must be: key=value".into()),
        ("-b a=1 b", "breed format must be: key=value".into()),
        ("-b a=", "breed value must be an integer".into()),
        ("-b a=-1", "breed value must be an integer".into()),
        ("-b a=\u{b2}", "breed value must be an integer".into()),
        ("-b a=00", "breed value must be strictly positive".into()),
        ("-b a=100001", "breed value must be at most 100000".into()),
        (
            "-b a=99999999999999999999",
            "breed value must be at most 100000".into(),
        ),
    ] {
        assert_eq!(read(line), Err(error), "{line}");
    }
}

#[test]
fn help_comes_first() {
    let text = read("-h -b").expect_err("a missing value is reported first");
    assert_eq!(text, "option -b requires argument");
    let text = read("-h -b nonsense").expect_err("help");
    assert!(text.contains("Usage: supvisors_breed [options]"), "{text}");
}
