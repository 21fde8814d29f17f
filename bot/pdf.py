"""Markdown as a PDF page set: ours, plain and printable. Needs no network and no font beside those of matplotlib.

What it understands is what our own templates write: headings, paragraphs, emphasis, lists, tables, quotations, code.
HTML in the text stays text. A character that the font does not hold is shown as a box, never an error.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fpdf import FPDF
    from markdown_it.token import Token

FAMILY = "DejaVu"
MONO = "DejaVuMono"
INK = (31, 36, 48)
SOFT = (105, 113, 130)
ACCENT = (76, 62, 160)
RULE = (214, 218, 227)
FILL = (241, 242, 248)
SIZES = {"h1": 19.0, "h2": 13.5, "h3": 11.0}  # points
BODY = 9.5
SMALL = 8.4
CELL = 3.4  # millimetres of a cell that are not text
BOX = "▯"
LINE = 1.42  # of the letter's size
POINT = 25.4 / 72  # millimetres


def markdown_to_pdf(markdown: str, *, title: str, images: Mapping[str, bytes] | None = None) -> bytes:
    """The Markdown as an A4 PDF; `title` is the document's, and stands at the foot of every page.

    `images` are the pictures that the text may name, as PNG; any other address of a picture stays its words.
    """
    document = _document(title)
    document.add_page()
    _Writer(document, images or {}).write(_tokens(_shown(markdown, document)))
    return bytes(document.output())


def _shown(text: str, document: "FPDF") -> str:
    """The text with a box for every character that the font does not hold; what joins or varies others goes."""
    known = document.fonts[FAMILY.lower()].cmap  # type: ignore[union-attr]
    return "".join(
        character if character == "\n" or ord(character) in known else BOX
        for character in text.replace("\t", "    ")
        if unicodedata.category(character) not in ("Cf", "Cc", "Cs", "Mn") or character == "\n"
    )


def _document(title: str) -> "FPDF":
    from fpdf import FPDF

    class Document(FPDF):
        def footer(self) -> None:
            self.set_y(-14)
            self.set_font(FAMILY, "", 7.5)
            self.set_text_color(*SOFT)
            self.cell(self.epw - 20, 5, _fitting(_shown(title, self), 110), align="L")
            self.cell(20, 5, f"{self.page_no()} / {{nb}}", align="R")

    document = Document(format="A4")
    document.set_title(title)
    document.set_creator("rai-incident")
    document.set_margins(18, 17, 18)
    document.c_margin = 0
    document.set_auto_page_break(True, 20)
    fonts = _fonts()
    for style, name in (("", "Sans"), ("B", "Sans-Bold"), ("I", "Sans-Oblique"), ("BI", "Sans-BoldOblique")):
        document.add_font(FAMILY, style, fonts / f"DejaVu{name}.ttf")
    document.add_font(MONO, "", fonts / "DejaVuSansMono.ttf")
    return document


@cache
def _fonts() -> Path:
    """The folder of the DejaVu fonts that matplotlib brings, found without importing it."""
    spec = find_spec("matplotlib")
    assert spec is not None, "matplotlib is a dependency"
    assert spec.origin is not None
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def _tokens(markdown: str) -> "list[Token]":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).parse(markdown)


def _fitting(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _inline(token: "Token") -> Iterator[tuple[str, str]]:
    """The pieces of a line, each with its style: "", "B", "I", "BI" or "code"."""
    styles: list[str] = []
    for child in token.children or ():
        if child.type in ("strong_open", "em_open"):
            styles.append("B" if child.type == "strong_open" else "I")
        elif child.type in ("strong_close", "em_close"):
            styles.pop()
        elif child.type in ("softbreak", "hardbreak"):
            yield ("\n" if child.type == "hardbreak" else " "), ""
        elif child.type == "code_inline":
            yield child.content, "code"
        elif child.content:
            yield child.content, "".join(sorted(set(styles)))


def _words(token: "Token") -> str:
    """The line as plain text."""
    return "".join(piece for piece, _ in _inline(token))


def _picture(token: "Token", images: Mapping[str, bytes]) -> tuple[bytes, str] | None:
    """The picture and its words, where a line is nothing but one that we have."""
    children = token.children or []
    if len(children) != 1 or children[0].type != "image":
        return None
    content = images.get(str(children[0].attrGet("src")))
    return (content, children[0].content) if content is not None else None


class _Writer:
    """Walks the tokens once, from top to bottom."""

    def __init__(self, document: "FPDF", images: Mapping[str, bytes]) -> None:
        self._pdf = document
        self._images = images
        self._lists: list[int | None] = []  # the open lists: None for bullets, else the next number
        self._quoted = 0
        self._item = False  # the next paragraph is the first of a list's item

    def write(self, tokens: "Sequence[Token]") -> None:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type == "table_open":
                end = next(place for place in range(index, len(tokens)) if tokens[place].type == "table_close")
                self._table(tokens[index:end])
                index = end
            elif token.type == "heading_open":
                self._heading(
                    token.tag, _words(tokens[index + 1]), [each.type for each in tokens[index + 3 : index + 7]]
                )
                index += 2
            elif token.type == "inline" and (picture := _picture(token, self._images)):
                self._image(*picture)
            elif token.type == "inline":
                self._paragraph(token)
            else:
                self._mark(token)
            index += 1

    def _mark(self, token: "Token") -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._pdf.ln(1.2)
            case "list_item_open":
                self._item = True
            case "blockquote_open":
                self._quoted += 1
            case "blockquote_close":
                self._quoted -= 1
            case "hr":
                self._rule()
            case "fence" | "code_block":
                self._code(token.content.rstrip("\n"))

    def _heading(self, tag: str, words: str, following: Sequence[str]) -> None:
        size = SIZES.get(tag, SIZES["h3"])
        pdf = self._pdf
        if tag != "h1":
            pdf.ln(3.2 if tag == "h2" else 1.6)
        # A heading alone at the foot of a page belongs to the next; so does one whose table would not begin there.
        more = 28 if "heading_open" in following[:1] else 12 if "table_open" in following else 0
        if pdf.will_page_break(size * POINT * LINE + 22 + more):
            pdf.add_page()
        pdf.set_font(FAMILY, "B", size)
        pdf.set_text_color(*(INK if tag == "h1" else ACCENT if tag == "h2" else INK))
        pdf.multi_cell(0, size * POINT * 1.25, words, align="L", new_x="LMARGIN", new_y="NEXT")
        if tag == "h2":
            pdf.set_draw_color(*RULE)
            pdf.line(pdf.l_margin, pdf.y + 0.8, pdf.w - pdf.r_margin, pdf.y + 0.8)
        pdf.ln(2.0)

    def _paragraph(self, token: "Token") -> None:
        pdf, height = self._pdf, BODY * POINT * LINE
        indent = 5.0 * len(self._lists) + 5.0 * self._quoted
        margin = pdf.l_margin
        pdf.set_text_color(*(SOFT if self._quoted else INK))
        if self._item:
            self._bullet(margin + indent - 4.2, height)
        pdf.set_left_margin(margin + indent)
        pdf.set_x(margin + indent)
        for piece, style in _inline(token):
            self._style(style, BODY)
            pdf.write(height, piece)
        pdf.set_left_margin(margin)
        pdf.ln(height)
        if not self._lists:
            pdf.ln(1.6)

    def _image(self, content: bytes, alt_text: str) -> None:
        self._pdf.image(BytesIO(content), w=self._pdf.epw, alt_text=alt_text)
        self._pdf.ln(3)

    def _bullet(self, x: float, height: float) -> None:
        self._item = False
        number = self._lists[-1]
        if number is not None:
            self._lists[-1] = number + 1
        if self._pdf.will_page_break(height):
            self._pdf.add_page()
        self._style("", BODY)
        self._pdf.set_x(x)
        self._pdf.cell(4, height, "•" if number is None else f"{number}.")

    def _style(self, style: str, size: float) -> None:
        if style == "code":
            self._pdf.set_font(MONO, "", size * 0.94)
        else:
            self._pdf.set_font(FAMILY, style, size)

    def _rule(self) -> None:
        pdf = self._pdf
        pdf.ln(2)
        pdf.set_draw_color(*RULE)
        pdf.line(pdf.l_margin, pdf.y, pdf.w - pdf.r_margin, pdf.y)
        pdf.ln(3)

    def _code(self, words: str) -> None:
        pdf = self._pdf
        pdf.set_font(MONO, "", SMALL)
        pdf.set_text_color(*INK)
        pdf.set_fill_color(*FILL)
        pdf.multi_cell(0, SMALL * POINT * LINE, words, fill=True, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(2)

    def _table(self, tokens: "Sequence[Token]") -> None:
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace

        rows: list[list[Any]] = []
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(token)
        pdf = self._pdf
        pdf.set_font(FAMILY, "", SMALL)
        pdf.set_text_color(*INK)
        pdf.set_draw_color(*RULE)
        lines = [[_words(cell) for cell in row] for row in rows]

        def width(words: str) -> float:
            return float(pdf.get_string_width(words)) * 1.1  # headings are bold, and wider

        head = FontFace(emphasis="BOLD", color=SOFT, fill_color=FILL)
        with pdf.table(
            col_widths=tuple(_widths(lines, width, pdf.epw)),
            width=pdf.epw,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=head,
            line_height=SMALL * POINT * 1.32,
            padding=(1.0, 1.4, 1.0, 1.4),
            text_align="LEFT",
            v_align="TOP",
        ) as table:
            for row in rows:
                line = table.row()
                for cell in row:
                    bold = any(style == "B" for _, style in _inline(cell))
                    line.cell(_words(cell), style=FontFace(emphasis="BOLD") if bold and len(row) < 3 else None)
        pdf.ln(2.5)


def _widths(rows: Sequence[Sequence[str]], width: Callable[[str], float], room: float) -> list[float]:
    """Column widths in millimetres that fill `room`: each column holds its longest word, and what is left over goes to
    those whose lines are longer than that."""
    columns = max((len(row) for row in rows), default=0)
    least, wanted = [], []
    for column in range(columns):
        cells = [row[column] for row in rows if column < len(row)]
        words = [word for cell in cells for word in cell.split()]
        least.append(min(max(map(width, words), default=0.0) + CELL, room / columns))
        wanted.append(min(max(map(width, cells), default=0.0) + CELL, room * 0.6))
    more = [max(0.0, want - low) for want, low in zip(wanted, least, strict=True)]
    over = room - sum(least)
    share = sum(more) or float(columns)
    return [low + over * (extra if sum(more) else 1.0) / share for low, extra in zip(least, more, strict=True)]
