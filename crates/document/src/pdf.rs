//! Writes set pages as PDF/A-3b, with the attachments inside.

use crate::{
    Attachment, Document, DocumentError,
    fonts::{Glyph, embedded},
    lines::Line,
    pages::{HEIGHT, Mark, Pages, WIDTH, foot},
};
use krilla::{
    SerializeSettings,
    color::rgb,
    configure::{Archival, ConfigurationBuilder},
    embed::{AssociationKind, EmbeddedFile, MimeType},
    geom::{PathBuilder, Point, Rect, Transform},
    metadata::{DateTime, Metadata},
    page::PageSettings,
    paint::{Fill, Stroke},
    surface::Surface,
    text::{Font, GlyphId, KrillaGlyph},
};

/// The base line of the foot.
const FOOT: f32 = HEIGHT - 34.0;

/// The file's bytes.
pub fn write(document: &Document, pages: &Pages) -> Result<Vec<u8>, DocumentError> {
    let date = date(document.created_ms)?;
    let settings = SerializeSettings {
        configuration: ConfigurationBuilder::new()
            .with_archival_validator(Archival::A3_B)
            .finish()
            .map_err(|error| DocumentError::Unwritable(format!("{error:?}")))?,
        ..Default::default()
    };
    let mut file = krilla::Document::new_with(settings);
    file.set_metadata(
        Metadata::new()
            .title(document.title.clone())
            .language(document.language.clone())
            .producer("Blockworm".into())
            .creation_date(date)
            .document_id(document.id.clone()),
    );
    for attachment in &document.attachments {
        file.embed_file(embedded_file(attachment, date)?);
    }
    let fonts = embedded()?;
    for (index, marks) in pages.iter().enumerate() {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT)
            .ok_or_else(|| DocumentError::Unwritable("no page of that size".into()))?;
        let mut page = file.start_page_with(settings);
        let mut surface = page.surface();
        let number = format!("{} / {}", index + 1, pages.len());
        for mark in marks
            .iter()
            .chain(&[foot(&document.id, false, FOOT), foot(&number, true, FOOT)])
        {
            draw(&mut surface, mark, &fonts);
        }
        surface.finish();
        page.finish();
    }
    file.finish()
        .map_err(|error| DocumentError::Unwritable(format!("{error:?}")))
}

fn embedded_file(attachment: &Attachment, date: DateTime) -> Result<EmbeddedFile, DocumentError> {
    let media = MimeType::new(&attachment.media);
    Ok(EmbeddedFile {
        path: attachment.name.clone(),
        mime_type: Some(media.ok_or_else(|| DocumentError::Media(attachment.media.clone()))?),
        description: Some(attachment.description.clone()),
        association_kind: AssociationKind::Source,
        data: attachment.data.clone().into(),
        modification_date: Some(date),
        compress: Some(true),
        location: None,
    })
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, fonts: &[Font; 2]) {
    match mark {
        Mark::Text { x, y, line } => text(surface, *x, *y, line, fonts),
        Mark::Code { x, y, side, runs } => code(surface, [*x, *y, *side], runs),
        Mark::Areas { areas, colour } => {
            let mut path = PathBuilder::new();
            for area in areas {
                let [x, y, width, height] = area.map(short);
                if let Some(area) = Rect::from_xywh(x, y, width, height) {
                    path.push_rect(area);
                }
            }
            if let Some(path) = path.finish() {
                surface.set_fill(Some(fill(*colour)));
                surface.draw_path(&path);
            }
        }
    }
}

/// A length in tenths of a point, so that it is written short; nobody sees a twentieth of a point.
fn short(length: f32) -> f32 {
    (length * 10.0).round() / 10.0
}

/// Lines one module high, in a measure in which a module is one: short numbers, and few of them.
fn code(surface: &mut Surface<'_>, [x, y, side]: [f32; 3], runs: &[[i32; 3]]) {
    let mut path = PathBuilder::new();
    for [begin, end, row] in runs {
        path.move_to(*begin as f32, *row as f32);
        path.line_to(*end as f32, *row as f32);
    }
    let Some(path) = path.finish() else { return };
    let middle = y + side / 2.0;
    surface.push_transform(&Transform::from_row(side, 0.0, 0.0, side, x, middle));
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: rgb::Color::new(0, 0, 0).into(),
        ..Stroke::default()
    }));
    surface.draw_path(&path);
    surface.set_stroke(None);
    surface.pop();
}

/// Runs of glyphs of one face, one after the other.
fn text(surface: &mut Surface<'_>, x: f32, y: f32, line: &Line, fonts: &[Font; 2]) {
    surface.set_fill(Some(fill(line.style.colour)));
    let (mut x, size) = (x, line.style.size);
    for run in line.glyphs.chunk_by(|one, next| one.face == next.face) {
        let Some(font) = run.first().and_then(|one| fonts.get(one.face)) else {
            continue;
        };
        let (glyphs, characters) = placed(run);
        surface.draw_glyphs(
            Point::from_xy(short(x), short(y)),
            &glyphs,
            font.clone(),
            &characters,
            size,
            false,
        );
        x += run.iter().map(|one| one.advance).sum::<f32>() * size;
    }
}

fn placed(run: &[Glyph]) -> (Vec<KrillaGlyph>, String) {
    let mut characters = String::new();
    let glyphs = run
        .iter()
        .map(|one| {
            let begin = characters.len();
            characters.push(one.character);
            KrillaGlyph {
                glyph_id: GlyphId::new(one.id),
                text_range: begin..characters.len(),
                x_advance: one.advance,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        })
        .collect();
    (glyphs, characters)
}

fn fill([red, green, blue]: [u8; 3]) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        ..Fill::default()
    }
}

/// A moment as documents bear it, UTC (the calendar by Howard Hinnant's civil_from_days).
pub fn civil(ms: u64) -> Option<(u16, [u8; 5])> {
    let seconds = ms / 1000;
    let (days, second) = (i64::try_from(seconds / 86_400).ok()?, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |value: i64| u8::try_from(value).ok();
    let year = u16::try_from(year).ok().filter(|year| *year <= 9999)?;
    let clock = i64::try_from(second).ok()?;
    Some((
        year,
        [
            small(month)?,
            small(day)?,
            small(clock / 3600)?,
            small(clock / 60 % 60)?,
            small(clock % 60)?,
        ],
    ))
}

fn date(ms: u64) -> Result<DateTime, DocumentError> {
    let (year, [month, day, hour, minute, second]) = civil(ms).ok_or(DocumentError::Date(ms))?;
    Ok(DateTime::new(year)
        .month(month)
        .day(day)
        .hour(hour)
        .minute(minute)
        .second(second)
        .utc_offset_hour(0)
        .utc_offset_minute(0))
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn moments_have_their_dates() {
        assert_eq!(civil(0), Some((1970, [1, 1, 0, 0, 0])));
        assert_eq!(civil(951_782_400_000), Some((2000, [2, 29, 0, 0, 0])));
        assert_eq!(civil(1_795_423_899_999), Some((2026, [11, 23, 8, 51, 39])));
        assert_eq!(civil(u64::MAX), None);
    }
}
