//! Mistakes in formulas: where they are, and what was expected.

use std::fmt;
use std::ops::Range;

/// A mistake in a formula. Its text shows the place:
///
/// ```text
/// character 10: there is no function `sine`; did you mean `sin`?
///   x^2 + 10*sine(y)
///            ^^^^
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaError {
    text: String,
    span: Range<usize>,
    message: String,
}

/// A mistake before it is known in which text.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Mistake {
        Mistake { span, message: message.into() }
    }

    pub(super) fn of(self, text: &str) -> FormulaError {
        FormulaError { text: text.into(), span: self.span, message: self.message }
    }
}

/// Characters of the formula shown on each side of the place.
const CONTEXT: usize = 36;

impl FormulaError {
    /// A mistake in another text that goes with a formula, such as a starting point.
    ///
    /// # Panics
    /// When the range of bytes is not inside the text, or cuts a character.
    pub fn at(text: &str, span: Range<usize>, message: impl Into<String>) -> FormulaError {
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "the range is inside the text");
        Mistake::new(span, message).of(text)
    }

    /// What is wrong and what was expected, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The place: characters from 1, over all lines. The end of the formula is one behind its last character.
    pub fn position(&self) -> usize {
        self.text[..self.span.start].chars().count() + 1
    }

    /// The place as a range of bytes of the text.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The line of the formula, cut to what surrounds the place, and under it the carets.
    pub fn picture(&self) -> [String; 2] {
        let start = self.span.start;
        let line_start = self.text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let before: Vec<char> = self.text[line_start..start].chars().collect();
        let from_here: Vec<char> = self.text[start..line_end].chars().collect();
        let marked = self.text[start..self.span.end.clamp(start, line_end)].chars().count();
        let marked = marked.clamp(1, CONTEXT);

        let skipped = before.len().saturating_sub(CONTEXT);
        let shown_after = from_here.len().min(marked + CONTEXT);
        let mut line = String::new();
        let mut carets = String::new();
        if skipped > 0 {
            line.push('…');
            carets.push(' ');
        }
        // A tab or another control character would move the carets.
        let visible = |c: &char| if c.is_control() { ' ' } else { *c };
        line.extend(before[skipped..].iter().chain(&from_here[..shown_after]).map(visible));
        if shown_after < from_here.len() {
            line.push('…');
        }
        carets.push_str(&" ".repeat(before.len() - skipped));
        carets.push_str(&"^".repeat(marked));
        [line, carets]
    }
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [line, carets] = self.picture();
        write!(f, "character {}: {}\n  {line}\n  {carets}", self.position(), self.message)
    }
}

impl std::error::Error for FormulaError {}
