//! How the story looks in a terminal.

use std::io::IsTerminal;

/// Bold and dim where the terminal shows them, plain text elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Paper {
    styled: bool,
}

impl Paper {
    pub fn of_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none();
        Self { styled: wanted && std::io::stdout().is_terminal() }
    }

    pub fn title(&self, text: &str) {
        println!("{}\n", self.bold(text));
    }

    pub fn bold(&self, text: &str) -> String {
        self.styled(text, "1")
    }

    pub fn dim(&self, text: &str) -> String {
        self.styled(text, "2")
    }

    fn styled(&self, text: &str, code: &str) -> String {
        if self.styled { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// `1234567` as `1,234,567`.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Minor units as an amount: `123456 EUR` is `1,234.56 EUR`.
pub fn money(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    let whole = count(i64::try_from(minor / 100).unwrap_or(i64::MAX));
    format!("{sign}{whole}.{:02} {currency}", minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_money_has_cents() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(-1_234_567), "-1,234,567");
        assert_eq!(money(123_456, "EUR"), "1,234.56 EUR");
        assert_eq!(money(-5, "EUR"), "-0.05 EUR");
    }
}
