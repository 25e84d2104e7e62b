//! The style sheet: text can be read in both schemes (WCAG 2.2 AA), computed, not judged.

use std::collections::BTreeMap;

const SHEET: &str = include_str!("../../assets/supervisor.css");

/// Text on ground: at least 4.5 to 1.
const TEXT: [(&str, &str); 33] = [
    ("ink", "paper"),
    ("ink", "soft"),
    ("ink", "raised"),
    ("ink", "mark"),
    ("ink", "calm-soft"),
    ("ink", "warn-soft"),
    ("ink", "bad-soft"),
    ("calm", "paper"),
    ("calm", "soft"),
    ("calm", "raised"),
    ("calm", "mark"),
    ("calm", "calm-soft"),
    ("link", "paper"),
    ("link", "soft"),
    ("link", "raised"),
    ("link", "mark"),
    ("good", "paper"),
    ("good", "soft"),
    ("good", "raised"),
    ("good", "mark"),
    ("good", "good-soft"),
    ("bad", "paper"),
    ("bad", "soft"),
    ("bad", "raised"),
    ("bad", "mark"),
    ("bad", "bad-soft"),
    ("warn", "paper"),
    ("warn", "soft"),
    ("warn", "raised"),
    ("warn", "mark"),
    ("warn", "warn-soft"),
    ("accent-ink", "accent"),
    ("danger-ink", "danger"),
];

/// Edges of controls, rings of focus and curves: at least 3 to 1.
const SHAPES: [(&str, &str); 9] = [
    ("edge", "paper"),
    ("edge", "soft"),
    ("edge", "raised"),
    ("curve", "paper"),
    ("curve", "soft"),
    ("focus", "paper"),
    ("focus", "soft"),
    ("focus", "raised"),
    ("focus", "mark"),
];

/// The `--name: #rrggbb` of the first rule after `from`.
fn colours(from: &str) -> BTreeMap<&str, &str> {
    let rule = from.split(":root {").nth(1).unwrap();
    let rule = rule.split('}').next().unwrap();
    let pairs = rule.split(';').filter_map(|line| line.split_once(": #"));
    let named = pairs.filter_map(|(name, hex)| Some((name.trim().strip_prefix("--")?, hex)));
    named.collect()
}

/// Relative luminance, as WCAG defines it.
fn luminance(hex: &str) -> f64 {
    assert_eq!(hex.len(), 6, "{hex}");
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn contrast_is_enough_in_both_schemes() {
    assert!((contrast("000000", "ffffff") - 21.0).abs() < 0.001);
    let light = colours(SHEET);
    let mut dark = light.clone();
    dark.extend(colours(
        SHEET.split("prefers-color-scheme: dark").nth(1).unwrap(),
    ));
    assert_ne!(light, dark);
    for (scheme, colours) in [("light", light), ("dark", dark)] {
        for (pairs, least) in [(&TEXT[..], 4.5), (&SHAPES[..], 3.0)] {
            for (front, ground) in pairs {
                let found = contrast(colours[front], colours[ground]);
                assert!(found >= least, "{scheme}: {front} on {ground}: {found:.2}");
            }
        }
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    for word in ["url(", "@import", "http"] {
        assert!(!SHEET.contains(word), "{word}");
    }
    assert!(SHEET.contains("prefers-reduced-motion") && SHEET.contains("@media print"));
}
