//! The two faces that the program carries, and which of them has a character.

use crate::DocumentError;
use krilla::text::Font;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use skrifa::{
    FontRef, MetadataProvider, instance::LocationRef, instance::Size, raw::TableProvider,
};
use std::sync::{Arc, LazyLock};

/// Most bytes of one face, unfolded.
const FACE_MAX_BYTES: usize = 8 << 20;

/// Latin, Chinese.
const PACKED: [&[u8]; 2] = [
    include_bytes!("../fonts/roboto-regular.ttf.zz"),
    include_bytes!("../fonts/droid-sans-fallback.ttf.zz"),
];

static FACES: LazyLock<[Arc<Vec<u8>>; 2]> = LazyLock::new(|| {
    PACKED.map(|packed| {
        let face = decompress_to_vec_zlib_with_limit(packed, FACE_MAX_BYTES);
        Arc::new(face.expect("invariant: the program's own fonts unfold"))
    })
});

/// One glyph of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Glyph {
    /// Which face: an index into the faces.
    pub face: usize,
    /// Its number there.
    pub id: u32,
    /// How far it moves on, in ems.
    pub advance: f32,
    /// The character that it shows.
    pub character: char,
}

/// The faces, open for reading.
pub struct Faces {
    fonts: Vec<(FontRef<'static>, f32)>,
}

impl Faces {
    /// Opens them.
    pub fn open() -> Self {
        let faces = FACES.iter().map(|bytes| {
            let font = FontRef::new(bytes).expect("invariant: the program's own fonts are fonts");
            let em = font.head().map_or(1000, |head| head.units_per_em());
            (font, f32::from(em))
        });
        Self {
            fonts: faces.collect(),
        }
    }

    /// A text as glyphs; a character that no face has is shown by its code point.
    pub fn glyphs(&self, text: &str) -> Vec<Glyph> {
        let mut glyphs = Vec::with_capacity(text.len());
        for character in text.chars() {
            let character = if character.is_control() {
                ' '
            } else {
                character
            };
            match self.glyph(character) {
                Some(glyph) => glyphs.push(glyph),
                None => {
                    let named = format!("[U+{:04X}]", u32::from(character));
                    let shown = named.chars();
                    glyphs.extend(shown.filter_map(|one| self.glyph(one)));
                }
            }
        }
        glyphs
    }

    fn glyph(&self, character: char) -> Option<Glyph> {
        (0..self.fonts.len()).find_map(|face| {
            let (font, em) = self.fonts.get(face)?;
            let id = font.charmap().map(character)?;
            let metrics = font.glyph_metrics(Size::unscaled(), LocationRef::default());
            let advance = metrics.advance_width(id)? / em;
            Some(Glyph {
                face,
                id: id.to_u32(),
                advance,
                character,
            })
        })
    }
}

/// Whether a character is drawn as itself, not by its code point.
#[must_use]
pub fn has_glyph(character: char) -> bool {
    Faces::open().glyph(character).is_some()
}

/// The faces for the writer of PDF.
pub fn embedded() -> Result<[Font; 2], DocumentError> {
    let font = |bytes: &Arc<Vec<u8>>| {
        let data: Arc<dyn AsRef<[u8]> + Send + Sync> = bytes.clone();
        Font::new(data.into(), 0)
    };
    let [latin, chinese] = FACES.each_ref().map(font);
    latin
        .zip(chinese)
        .map(|(latin, chinese)| [latin, chinese])
        .ok_or_else(|| DocumentError::Unwritable("a font is damaged".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_name_has_its_glyphs_and_the_rest_their_code_points() {
        for character in "龘𠮷喆玥镕堃婳犇㛃䶮A1é§—“”".chars() {
            let shown = has_glyph(character);
            assert_eq!(shown, character != '𠮷', "{character}");
        }
        let faces = Faces::open();
        let shown: String = faces
            .glyphs("𠮷田")
            .iter()
            .map(|one| one.character)
            .collect();
        assert_eq!(shown, "[U+20BB7]田");
    }

    #[test]
    fn nearly_every_unified_ideograph_is_there() {
        let faces = Faces::open();
        let lacking = ('\u{4E00}'..='\u{9FA5}').filter(|one| faces.glyph(*one).is_none());
        assert_eq!(lacking.count(), 0);
    }
}
