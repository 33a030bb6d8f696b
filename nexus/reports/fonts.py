"""The fonts of the printed page. Those of a script that weighs much are loaded only where it is written in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

FAMILIES = "Inter, Han, 'Han more', Hangul, Arabic, Hebrew, Devanagari, Thai, Emoji, sans-serif"
"""`Han` is the font whose forms the document's language wants; `Han more` has the characters that are missing in it."""


@dataclass(frozen=True)
class Script:
    family: str
    pattern: re.Pattern[str]
    files: tuple[str, str]
    """Regular and bold."""


_HAN = "\u3000-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_kana = re.compile("[\u3040-\u30ff\u31f0-\u31ff]")
_chinese = re.compile(
    "[这们时说为对过发还进开长现实关样动题东车见贝乐习书买仅优传伤单卖卫历厅压县变员响团园围图场块备头奖妈孙宁审导层岁岛师币带帮应庆张归录态总户执扩报拥损换择护挥显术权极构标检欢毕汇汉济测满热爱环电监盘码确离种积稳签简类红级纪约线练组细终结给统续维综绿编罗职联节药营]"
)
"""Frequent characters that only Chinese has."""
_han = re.compile(f"[{_HAN}\u3040-\u30ff]")
_JAPANESE, _CHINESE = ("NotoSansJP-400", "NotoSansJP-700"), ("NotoSansSC-400", "NotoSansSC-700")
SCRIPTS = (
    Script("Hangul", re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"), ("NotoSansKR-400", "NotoSansKR-700")),
    Script(
        "Arabic",
        re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefe]"),
        ("NotoSansArabic-400", "NotoSansArabic-600"),
    ),
    Script("Hebrew", re.compile("[\u0590-\u05ff\ufb1d-\ufb4f]"), ("NotoSansHebrew-400", "NotoSansHebrew-600")),
    Script("Devanagari", re.compile("[\u0900-\u097f\ua8e0-\ua8ff]"), ("NotoSansDevanagari-400", "NotoSansDevanagari-600")),
    Script("Thai", re.compile("[\u0e00-\u0e7f]"), ("NotoSansThai-400", "NotoSansThai-600")),
    Script("Emoji", re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"), ("NotoEmoji-400", "NotoEmoji-400")),
)


def scripts(text: str) -> list[Script]:
    """What `text` needs beside Latin, Greek and Cyrillic. Characters that Chinese and Japanese share have the forms of the one that is surely there."""
    found = [script for script in SCRIPTS if script.pattern.search(text)]
    if not _han.search(text):
        return found
    chinese = not _kana.search(text) and _chinese.search(text)
    first, more = (_CHINESE, _JAPANESE) if chinese else (_JAPANESE, _CHINESE)
    return [Script("Han", _han, first), Script("Han more", _han, more), *found]


def head(text: str, strong: str) -> str:
    """What goes into the head of a page with `text`, of which `strong` may be bold: the page's `load` waits for the fonts that it needs."""
    needed = scripts(text)
    # A letter of one script asks the families before its own as well, and until those are loaded nothing in its style is drawn. So a
    # script has a bold face of its own only where bold text needs it.
    needed = [script if script.pattern.search(strong) else replace(script, files=(script.files[0],) * 2) for script in needed]
    files = ["Inter-Regular", "Inter-SemiBold", "JetBrainsMono-Regular", *(file for script in needed for file in script.files)]
    files += ["Inter-Italic"] if "<em>" in text else []
    preloads = "".join(
        f'<link rel="preload" as="font" type="font/woff2" crossorigin href="/fonts/{file}.woff2">' for file in dict.fromkeys(files)
    )
    return f"{preloads}<style>{faces(needed)}</style>"


def faces(needed: Iterable[Script]) -> str:
    """The `@font-face` rules."""
    rules = [
        ("Inter", 400, "Inter-Regular", ""),
        ("Inter", 600, "Inter-SemiBold", ""),
        ("Inter", 400, "Inter-Italic", "font-style:italic"),
        ("Mono", 400, "JetBrainsMono-Regular", ""),
        *((script.family, weight, file, "") for script in needed for weight, file in zip((400, 600), script.files, strict=True)),
    ]
    return "".join(
        f"@font-face{{font-family:'{family}';font-weight:{weight};src:url(/fonts/{file}.woff2);{more}}}"
        for family, weight, file, more in rules
    )


ALL = (Script("Han", _han, _JAPANESE), Script("Han more", _han, _CHINESE), *SCRIPTS)
"""For drawing charts, where it is not known what comes."""
