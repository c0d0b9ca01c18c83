"""Makes the faces smaller inside a report: run once, on the faces as fontTools' subsetter cut them.

Usage: slim.py ROBOTO.zz DROID.zz WORDS... (files whose Chinese characters reports use in every case).
Roboto goes from 2048 to 512 units an em, so that most coordinates take one byte. Droid's glyphs of WORDS are
stored whole: in a report's few hundred characters its shared components cost more than they save. Of the names
only copyright and PostScript name stay. Needs fontTools.
"""

import io
import sys
import zlib

from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

KEPT_NAMES = (0, 6)


def read(path):
    with open(path, "rb") as file:
        return TTFont(io.BytesIO(zlib.decompress(file.read())))


def write(font, path):
    names = font["name"]
    names.names = [one for one in names.names if one.nameID in KEPT_NAMES and one.platformID == 3]
    out = io.BytesIO()
    font.save(out)
    with open(path, "wb") as file:
        file.write(zlib.compress(out.getvalue(), 9))


def store_whole(font, characters):
    glyphs, table = font.getGlyphSet(), font["glyf"]
    for name in sorted({font.getBestCmap().get(ord(one)) for one in characters} - {None}):
        if table[name].isComposite():
            outline, pen = DecomposingRecordingPen(glyphs), TTGlyphPen(None)
            glyphs[name].draw(outline)
            outline.replay(pen)
            table[name] = pen.glyph()


def main():
    latin, chinese, *words = sys.argv[1:]
    roboto = read(latin)
    scale_upem(roboto, 512)
    write(roboto, latin)
    droid = read(chinese)
    characters = set()
    for path in words:
        with open(path, encoding="utf-8") as file:
            characters |= {one for one in file.read() if ord(one) > 0x2E7F}
    store_whole(droid, characters)
    write(droid, chinese)


if __name__ == "__main__":
    main()
