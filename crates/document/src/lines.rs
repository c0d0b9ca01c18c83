//! Breaks text into lines: Latin between words, Chinese between any two characters but before a closing or after an opening mark.

use crate::{
    Style,
    fonts::{Faces, Glyph},
};

/// What no line begins with.
const CLOSING: &str =
    "\u{FF0C}。、\u{FF1B}\u{FF1A}\u{FF1F}\u{FF01}\u{FF09}》〉」』】〕…—’”,.;:?!)]}%";
/// What no line ends with.
const OPENING: &str = "\u{FF08}《〈「『【〔‘“([{";

/// One line, set.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its glyphs from left to right.
    pub glyphs: Vec<Glyph>,
    /// How all of it is set.
    pub style: Style,
}

impl Line {
    /// How wide it is, in points.
    pub fn width(&self) -> f32 {
        self.glyphs.iter().map(|one| one.advance).sum::<f32>() * self.style.size
    }
}

/// Breaks a text so that no line is wider than `width`, except where one glyph alone is.
pub fn broken(faces: &Faces, text: &str, style: Style, width: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let glyphs = faces.glyphs(paragraph);
        let mut rest = glyphs.as_slice();
        loop {
            let (line, next) = first_line(rest, width / style.size);
            lines.push(Line {
                glyphs: line.to_vec(),
                style,
            });
            rest = next;
            if rest.is_empty() {
                break;
            }
        }
    }
    lines
}

/// The first line and what remains, without the blanks between them.
fn first_line(glyphs: &[Glyph], width: f32) -> (&[Glyph], &[Glyph]) {
    let (mut reached, mut end) = (0.0, None);
    for (at, glyph) in glyphs.iter().enumerate() {
        if at > 0 && may_break(glyphs[at - 1].character, glyph.character) {
            end = Some(at);
        }
        reached += glyph.advance;
        if reached > width && glyph.character != ' ' && at > 0 {
            let (line, rest) = glyphs.split_at(end.unwrap_or(at));
            return (without_end(line), without_begin(rest));
        }
    }
    (without_end(glyphs), &[])
}

fn may_break(before: char, after: char) -> bool {
    if CLOSING.contains(after) || OPENING.contains(before) || after == ' ' {
        return false;
    }
    before == ' ' || is_wide(before) || is_wide(after) || matches!(before, '-' | '/' | ',')
}

/// Whether a character stands for itself: ideographs, kana and full-width forms.
fn is_wide(one: char) -> bool {
    matches!(u32::from(one), 0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x2_0000..=0x3_FFFF)
}

fn without_end(line: &[Glyph]) -> &[Glyph] {
    let end = line.iter().rposition(|one| one.character != ' ');
    &line[..end.map_or(0, |at| at + 1)]
}

fn without_begin(line: &[Glyph]) -> &[Glyph] {
    let begin = line.iter().position(|one| one.character != ' ');
    &line[begin.unwrap_or(line.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, ems: f32) -> Vec<String> {
        let faces = Faces::open();
        let style = Style::BODY;
        let shown = |line: &Line| line.glyphs.iter().map(|one| one.character).collect();
        broken(&faces, text, style, ems * style.size)
            .iter()
            .map(shown)
            .collect()
    }

    #[test]
    fn chinese_breaks_anywhere_but_before_a_closing_mark() {
        assert_eq!(texts("证据存于链上、可验", 6.0), ["证据存于链", "上、可验"]);
        assert_eq!(texts("证据【存于链上】", 3.5), ["证据", "【存于", "链上】"]);
    }

    #[test]
    fn latin_breaks_between_words_and_a_long_word_where_it_must() {
        assert_eq!(texts("evidence of a sale", 5.0), ["evidence", "of a sale"]);
        let digest = "0123456789abcdef".repeat(4);
        let lines = texts(&digest, 10.0);
        assert!(lines.len() > 2);
        assert_eq!(lines.concat(), digest);
    }

    #[test]
    fn every_character_is_kept_and_an_empty_line_stays() {
        assert_eq!(texts("甲\n\n乙", 9.0), ["甲", "", "乙"]);
    }
}
