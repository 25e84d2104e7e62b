//! Whole numbers in the three floating styles of printf. `%(process_num)e`
//! is unusual, but works.

/// Which of the conversions e, f and g.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `1.500000e+01`
    Exponent,
    /// `15.000000`
    Fixed,
    /// The shorter of both, without trailing zeros.
    General,
}

/// A number without its sign. `point`: the decimal point and zeros stay (flag `#`).
pub(super) fn write(number: u64, style: Style, precision: usize, point: bool) -> String {
    #[expect(clippy::cast_precision_loss, reason = "as the original converts it")]
    let number = number as f64;
    match style {
        Style::Fixed => with_point(format!("{number:.precision$}"), point),
        Style::Exponent => exponent(number, precision, point),
        Style::General => general(number, precision.max(1), point),
    }
}

fn with_point(text: String, point: bool) -> String {
    if point && !text.contains('.') {
        text + "."
    } else {
        text
    }
}

fn exponent(number: f64, precision: usize, point: bool) -> String {
    let text = format!("{number:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = with_point(mantissa.to_owned(), point);
    format!("{mantissa}e+{power:0>2}")
}

fn general(number: f64, digits: usize, point: bool) -> String {
    let scientific = format!("{number:.*e}", digits - 1);
    let power = scientific
        .split_once('e')
        .and_then(|(_, power)| power.parse::<usize>().ok())
        .unwrap_or(0);
    if power < digits {
        // a whole number: all that follows the point is zeros
        let decimals = if point { digits - 1 - power } else { 0 };
        return with_point(format!("{number:.decimals$}"), point);
    }
    let text = exponent(number, digits - 1, point);
    match text.split_once('e') {
        Some((mantissa, power)) if !point => format!("{}e{power}", without_zeros(mantissa)),
        Some(_) | None => text,
    }
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}
