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
    /// Whether each of [`ATTRIBUTES`] is on.
    attributes: [bool; ATTRIBUTES.len()],
    text: Option<Color>,
    back: Option<Color>,
}

/// The numbers that turn an attribute on and off, and its class.
const ATTRIBUTES: [(u8, u8, &str); 6] = [
    // bold and faint
    (1, 22, "sb"),
    (2, 22, "sd"),
    // italic, underlined
    (3, 23, "si"),
    (UNDERLINE, 24, "su"),
    // inverse, struck through
    (7, 27, "sv"),
    (9, 29, "ss"),
];

const UNDERLINE: u8 = 4;

/// The 16 colors with names as most terminals show them: red, green, blue.
const NAMED: [u32; 16] = [
    0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5, 0x7f7f7f,
    0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
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
                        let mut parts: Vec<_> = details.split(':').collect();
                        if parts.len() > 4 {
                            // `38:2::r:g:b` names a color space, which is not in use
                            parts.remove(1);
                        }
                        color(parts.into_iter())
                    };
                    match (color, code) {
                        (None, _) => return,
                        (color, 38) => self.text = color,
                        (color, _) => self.back = color,
                    }
                }
                Some(UNDERLINE) if details == "0" => self.set(24),
                Some(code) => self.set(code),
                None => {}
            }
        }
    }

    fn set(&mut self, code: u8) {
        let index = |first: u8, bright: u8| Some(Color::Index(code - first + bright));
        match code {
            0 => *self = Self::default(),
            // underlined twice
            21 => self.set(UNDERLINE),
            30..=37 => self.text = index(30, 0),
            39 => self.text = None,
            40..=47 => self.back = index(40, 0),
            49 => self.back = None,
            90..=97 => self.text = index(90, 8),
            100..=107 => self.back = index(100, 8),
            // blinking, hidden and others are in no row: shown without it
            _ => {
                for (is_on, (on, off, _)) in self.attributes.iter_mut().zip(ATTRIBUTES) {
                    *is_on = code == on || (*is_on && code != off);
                }
            }
        }
    }

    /// The classes of the style sheet, with the nearest of the 16 colors.
    pub fn classes(&self) -> String {
        let mut all: Vec<String> = self.attributes().map(str::to_owned).collect();
        for (color, letter) in [(self.text, 'f'), (self.back, 'g')] {
            all.extend(color.map(|color| format!("{letter}{}", color.named())));
        }
        all.join(" ")
    }

    /// The classes of the attributes that are on.
    fn attributes(&self) -> impl Iterator<Item = &'static str> {
        let all = self.attributes.into_iter().zip(ATTRIBUTES);
        all.filter(|(is_on, _)| *is_on)
            .map(|(_, (_, _, class))| class)
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
    pub fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Rgb(r, g, b) => (r, g, b),
            Self::Index(index @ 0..=15) => rgb(NAMED[usize::from(index)]),
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
        let distance = |named: u32| {
            let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
            let of = rgb(named);
            square(r, of.0) + square(g, of.1) + square(b, of.2)
        };
        let all = NAMED.into_iter().enumerate();
        all.min_by_key(|(_, named)| distance(*named))
            .map_or(7, |(at, _)| at)
    }
}

fn rgb(color: u32) -> (u8, u8, u8) {
    let [_, red, green, blue] = color.to_be_bytes();
    (red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Style {
        /// The style in the notation of the test cases.
        pub(crate) fn noted(&self) -> String {
            let attributes = self.attributes();
            let mut all: Vec<_> = attributes.map(|name| name[1..].to_owned()).collect();
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
