//! How much of a document is read at most.

/// Limits of one incoming document. The original has none (spec interfaces 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole body.
    pub body: usize,
    /// Arrays and structs inside each other; more than 256 are never read, since what is
    /// nested is also compared, printed and dropped.
    pub depth: usize,
    /// XML elements in the document.
    pub elements: usize,
}

/// Levels that fit a worker's stack many times over.
const DEEPEST: usize = 256;

impl Limits {
    /// What the daemon accepts unless configured otherwise: 1 MiB, 32 levels, and as many
    /// elements as a multicall of some thousand calls needs.
    pub const DEFAULT: Self = Self {
        body: 1024 * 1024,
        depth: 32,
        elements: 100_000,
    };

    /// What a client accepts as an answer: a log of any size, but no nesting without end.
    pub const REPLY: Self = Self {
        body: usize::MAX,
        depth: 64,
        elements: usize::MAX,
    };

    /// How many elements may be open at once: each level of nesting takes three (`value`,
    /// `array`, `data` or `struct`, `member`, `value`), around it stand `methodCall`,
    /// `params`, `param` and inside it `value` and a type.
    pub(crate) fn open_elements(&self) -> usize {
        self.depth.min(DEEPEST) * 3 + 5
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
