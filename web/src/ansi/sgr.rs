//! Select Graphic Rendition: which numbers mean which style.

/// A color as a program set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// One of the 16 with names, or of the 256 of xterm.
    Index(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The style of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    bold: bool,
    faint: bool,
    italic: bool,
    underline: bool,
    inverse: bool,
    strike: bool,
    text: Option<Color>,
    back: Option<Color>,
}

/// The 16 colors with names, as most terminals show them.
const NAMED: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

impl Style {
    /// Applies the parameters of a sequence; unknown ones are ignored.
    pub(super) fn apply(&mut self, parameters: &str) {
        let mut all = parameters.split(';');
        while let Some(parameter) = all.next() {
            let (code, details) = parameter.split_once(':').unwrap_or((parameter, ""));
            match number(code) {
                Some(code @ (38 | 48)) => {
                    let color = if details.is_empty() {
                        color(all.by_ref())
                    } else {
                        // `38:2::r:g:b` names a color space, which is not in use
                        let parts: Vec<_> = details.split(':').collect();
                        let has_space = parts.len() > 4;
                        let parts = parts.into_iter().enumerate();
                        color(
                            parts
                                .filter(|(at, _)| !has_space || *at != 1)
                                .map(|(_, part)| part),
                        )
                    };
                    let Some(color) = color else {
                        return;
                    };
                    if code == 38 {
                        self.text = Some(color);
                    } else {
                        self.back = Some(color);
                    }
                }
                Some(4) => self.underline = details != "0",
                Some(code) => self.set(code),
                None => {}
            }
        }
    }

    fn set(&mut self, code: u8) {
        let index = |first: u8, bright: u8| Some(Color::Index(code - first + bright));
        match code {
            0 => *self = Self::default(),
            1 => self.bold = true,
            2 => self.faint = true,
            3 => self.italic = true,
            7 => self.inverse = true,
            9 => self.strike = true,
            21 => self.underline = true,
            22 => (self.bold, self.faint) = (false, false),
            23 => self.italic = false,
            24 => self.underline = false,
            27 => self.inverse = false,
            29 => self.strike = false,
            30..=37 => self.text = index(30, 0),
            39 => self.text = None,
            40..=47 => self.back = index(40, 0),
            49 => self.back = None,
            90..=97 => self.text = index(90, 8),
            100..=107 => self.back = index(100, 8),
            // blinking, hidden and others: shown without it
            _unknown => {}
        }
    }

    /// The classes of the style sheet, with the nearest of the 16 colors.
    #[must_use]
    pub fn classes(&self) -> String {
        let mut all = Vec::new();
        for (is_on, name) in self.attributes() {
            if is_on {
                all.push(name.to_owned());
            }
        }
        for (color, letter) in [(self.text, 'f'), (self.back, 'g')] {
            all.extend(color.map(|color| format!("{letter}{}", color.named())));
        }
        all.join(" ")
    }

    fn attributes(&self) -> [(bool, &'static str); 6] {
        [
            (self.bold, "sb"),
            (self.faint, "sd"),
            (self.italic, "si"),
            (self.underline, "su"),
            (self.inverse, "sv"),
            (self.strike, "ss"),
        ]
    }
}

fn number(text: &str) -> Option<u8> {
    if text.is_empty() {
        Some(0)
    } else {
        text.parse().ok()
    }
}

/// The color that follows 38 or 48.
fn color<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Color> {
    let mut part = || number(parts.next()?);
    match part()? {
        5 => Some(Color::Index(part()?)),
        2 => Some(Color::Rgb(part()?, part()?, part()?)),
        _unknown => None,
    }
}

impl Color {
    /// Red, green, blue.
    #[must_use]
    pub fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Rgb(r, g, b) => (r, g, b),
            Self::Index(index @ 0..=15) => NAMED[usize::from(index)],
            Self::Index(index @ 16..=231) => {
                let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
                let cube = index - 16;
                (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
            Self::Index(index) => {
                let gray = 8 + 10 * (index - 232);
                (gray, gray, gray)
            }
        }
    }

    /// The nearest of the 16.
    fn named(self) -> usize {
        if let Self::Index(index @ 0..=15) = self {
            return usize::from(index);
        }
        let (r, g, b) = self.rgb();
        let distance = |of: &(u8, u8, u8)| {
            let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
            square(r, of.0) + square(g, of.1) + square(b, of.2)
        };
        let all = NAMED.iter().enumerate();
        all.min_by_key(|(_, named)| distance(named))
            .map_or(7, |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Style {
        /// The style in the notation of the test cases.
        pub(crate) fn noted(&self) -> String {
            let attributes = self.attributes().into_iter().filter(|(is_on, _)| *is_on);
            let mut all: Vec<_> = attributes.map(|(_, name)| name[1..].to_owned()).collect();
            for (color, letter) in [(self.text, 'f'), (self.back, 'g')] {
                all.extend(color.map(|color| match color {
                    Color::Index(index) => format!("{letter}{index}"),
                    Color::Rgb(r, g, b) => format!("{letter}#{r:02x}{g:02x}{b:02x}"),
                }));
            }
            all.join(" ")
        }
    }
}
