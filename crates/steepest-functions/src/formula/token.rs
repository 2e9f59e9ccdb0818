//! Text to tokens.

use std::ops::Range;

use super::error::Mistake;

/// A piece of a formula.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    /// An operator or a bracket, by its text; `**` is read as `^`.
    Symbol(&'static str),
    End,
}

/// A token and its bytes in the text.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) span: Range<usize>,
}

/// Symbols; the longer of two with the same beginning stands first. The second is how the parser calls it.
const SYMBOLS: [(&str, &str); 24] = [
    ("**", "^"),
    ("..", ".."),
    ("==", "=="),
    ("!=", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("−", "-"),
    ("·", "*"),
    ("×", "*"),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("^", "^"),
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    (",", ","),
    ("=", "="),
    ("<", "<"),
];

/// The tokens of a text, with an [`End`](Token::End) behind the last.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Mistake> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let starts_number = c.is_ascii_digit() || (c == '.' && rest[1..].starts_with(|d: char| d.is_ascii_digit()));
        let (token, len) = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if starts_number {
            number(rest, at)?
        } else if is_name_start(c) {
            let len = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
            (Token::Name(rest[..len].into()), len)
        } else if let Some(power) = superscript(c) {
            out.push(Placed { token: Token::Symbol("^"), span: at..at + c.len_utf8() });
            (Token::Number(power), c.len_utf8())
        } else if rest.starts_with('>') && !rest.starts_with(">=") {
            (Token::Symbol(">"), 1)
        } else if let Some((text, meaning)) = SYMBOLS.iter().find(|(text, _)| rest.starts_with(text)) {
            (Token::Symbol(meaning), text.len())
        } else {
            return Err(unknown(c, at));
        };
        out.push(Placed { token, span: at..at + len });
        at += len;
    }
    out.push(Placed { token: Token::End, span: at..at });
    Ok(out)
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c == '_' || (c.is_alphanumeric() && superscript(c).is_none())
}

/// The power that a raised digit means.
fn superscript(c: char) -> Option<f64> {
    match c {
        '²' => Some(2.0),
        '³' => Some(3.0),
        _ => None,
    }
}

/// A number at the beginning of `rest`, and its length. Two points behind it are those of a range.
fn number(rest: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
        end = digits(end + 1);
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') {
            return Err(Mistake::new(at + end..at + end + 1, "a number has only one decimal point"));
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let value: f64 = rest[..end].parse().map_err(|_| Mistake::new(at..at + end, "this is not a number"))?;
    if value.is_infinite() {
        return Err(Mistake::new(at..at + end, "this number is too large; the largest is about 1.8e308"));
    }
    Ok((Token::Number(value), end))
}

fn unknown(c: char, at: usize) -> Mistake {
    let hint = match c {
        '{' | '}' => ": parentheses are round, `(` and `)`",
        '.' => ": a number has digits behind its point, a range is written `1..n`",
        '|' => ": an absolute value is written `abs(x)`",
        '&' => ": two conditions are joined with `*`, as in `(x > 0)*(y > 0)`",
        '!' => ": unequal is written `!=`",
        '%' => ": a remainder is written `mod(x, y)`",
        ':' | ';' => ": a range is written `i=1..n`, arguments are separated by commas",
        '"' | '\'' | '`' => ": names need no quotes",
        '√' => ": a root is written `sqrt(x)`",
        _ => "",
    };
    Mistake::new(at..at + c.len_utf8(), format!("`{}` has no meaning in a formula{hint}", c.escape_debug()))
}
