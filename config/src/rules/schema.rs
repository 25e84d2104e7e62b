//! Which elements and attributes there are (spec cluster 2.2).

/// What an element may have.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    /// It must have the attribute `name`.
    pub(super) needs_name: bool,
    pub(super) attributes: &'static [&'static str],
    pub(super) children: &'static [&'static Shape],
    /// Each child at most once.
    pub(super) once: bool,
    /// It has text; else only blanks.
    pub(super) has_text: bool,
}

const fn value(name: &'static str) -> Shape {
    Shape {
        name,
        needs_name: false,
        attributes: &[],
        children: &[],
        once: true,
        has_text: true,
    }
}

const fn group(name: &'static str, children: &'static [&'static Shape]) -> Shape {
    Shape {
        name,
        needs_name: false,
        attributes: &[],
        children,
        once: false,
        has_text: false,
    }
}

const fn item(name: &'static str, children: &'static [&'static Shape]) -> Shape {
    Shape {
        attributes: &["name", "pattern"],
        once: true,
        ..group(name, children)
    }
}

pub(super) static ROOT: Shape = group("root", &[&ALIAS, &MODEL, &APPLICATION]);

static ALIAS: Shape = Shape {
    needs_name: true,
    attributes: &["name"],
    ..value("alias")
};

static MODEL: Shape = item("model", PROGRAM_CHILDREN);
static PROGRAM: Shape = item("program", PROGRAM_CHILDREN);
static PROGRAMS: Shape = group("programs", &[&PROGRAM]);

static APPLICATION: Shape = item(
    "application",
    &[
        &DISTRIBUTION,
        &IDENTIFIERS,
        &START_SEQUENCE,
        &STOP_SEQUENCE,
        &STARTING_STRATEGY,
        &STARTING_FAILURE,
        &RUNNING_FAILURE,
        &OPERATIONAL_STATUS,
        &PROGRAMS,
    ],
);

const PROGRAM_CHILDREN: &[&Shape] = &[
    &REFERENCE,
    &IDENTIFIERS,
    &START_SEQUENCE,
    &STOP_SEQUENCE,
    &REQUIRED,
    &WAIT_EXIT,
    &EXPECTED_LOADING,
    &STARTING_FAILURE,
    &RUNNING_FAILURE,
];

static DISTRIBUTION: Shape = value("distribution");
static IDENTIFIERS: Shape = value("identifiers");
static START_SEQUENCE: Shape = value("start_sequence");
static STOP_SEQUENCE: Shape = value("stop_sequence");
static STARTING_STRATEGY: Shape = value("starting_strategy");
static STARTING_FAILURE: Shape = value("starting_failure_strategy");
static RUNNING_FAILURE: Shape = value("running_failure_strategy");
static OPERATIONAL_STATUS: Shape = value("operational_status");
static REFERENCE: Shape = value("reference");
static REQUIRED: Shape = value("required");
static WAIT_EXIT: Shape = value("wait_exit");
static EXPECTED_LOADING: Shape = value("expected_loading");
