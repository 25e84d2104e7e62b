//! Colours of logs can be read, whatever a program combines.

use std::collections::BTreeMap;

const SHEET: &str = include_str!("../../assets/supervisor.css");

/// WCAG's relative luminance of `#rrggbb`.
fn luminance(color: &str) -> f64 {
    let part = |at: usize| {
        let byte = u8::from_str_radix(&color[at..at + 2], 16).unwrap();
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

/// The colours of light pages, then those of dark ones.
fn schemes() -> [BTreeMap<String, String>; 2] {
    let begin = SHEET.find("--logpaper:").unwrap();
    let section = &SHEET[begin..];
    let dark = 1 + section[1..].find("--logpaper:").unwrap();
    let end = section.find(".sb {").unwrap();
    [&section[..dark], &section[dark..end]].map(|text| {
        let declarations = text.split([';', '{', '}']);
        declarations
            .filter_map(|one| one.trim().strip_prefix("--")?.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    })
}

#[test]
fn every_pair_of_colours_can_be_read() {
    for colors in schemes() {
        let of = |name: String| luminance(&colors[&name]);
        let mut grounds: Vec<_> = (0..16)
            .map(|n| (format!("g{n}"), of(format!("g{n}"))))
            .collect();
        grounds.push(("logpaper".into(), of("logpaper".into())));
        for n in 0..16 {
            let text = of(format!("f{n}"));
            for (name, ground) in &grounds {
                let (high, low) = (text.max(*ground), text.min(*ground));
                let contrast = (high + 0.05) / (low + 0.05);
                assert!(contrast >= 4.5, "f{n} on {name}: {contrast:.2}");
            }
        }
    }
}

/// The bounds that `ansi.js` keeps other colours to are those of the sheet.
#[test]
fn the_sheet_keeps_the_bounds_of_the_script() {
    for (colors, text_is_dark, text, ground) in [
        (&schemes()[0], true, 0.115, 0.72),
        (&schemes()[1], false, 0.42, 0.045),
    ] {
        for (name, color) in colors.iter() {
            let (found, bound, below) = match name.as_bytes() {
                [b'f', b'0'..=b'9', ..] => (luminance(color), text, text_is_dark),
                [b'g', b'0'..=b'9', ..] | b"logpaper" => (luminance(color), ground, !text_is_dark),
                _ => continue,
            };
            let holds = if below {
                found <= bound
            } else {
                found >= bound
            };
            assert!(holds, "{name} {color}: {found:.3}, bound {bound}");
        }
    }
}
