"""Names in an answer that are neither in the data that was sent nor in the prompt."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice

from nexus.prompts.mentions import PARTED, TOKEN, Found, Mention, Word
from nexus.prompts.sent import Sent

MOST_UNKNOWN = 500
_COMMON = set(
    """a an and as at but by for from had has have he her his how i if in is it its may no not of on or our she so than that the their them
    then there these they this those to was we were what when where which while who why will with you your all also although among any are
    be because been before being below between both each either even every few first finally given here however last less many more most
    much neither next none nobody now only other others overall over per second several similarly since some still such third though
    together too under unlike until very without yet yes summary note notes key data table row rows answer average averages total mean
    median brief report figures figure points monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter
    english spanish german el la los las un una en de del al y o por con sin para que se su sus es fue era son entre cada como más menos
    muy este esta estos estas lunes martes miércoles jueves viernes sábado domingo der die das und ist ein eine im am mr mrs dr q1 q2 q3
    q4 h1 h2 us uk eu usa ok am pm est utc gmt ceo cfo kpi faq pdf csv sql api id faa nyc top no vs etc""".split()  # noqa: SIM905 - prose is shorter
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|mit|von|bei|eine|einer|wurden|flog)\b", re.I)
_ACTS = re.compile(
    r"['\u2019]s\b| (?:had|has|flew|flies|operated|operates|operate|ran|runs|carried|posted|recorded|reported|cancelled|canceled|handled|follows"
    r"|followed|leads|led|ranks|ranked|registró|operó|tuvo|realizó|canceló|voló|hatte|flog|verzeichnete)\b| \([A-Z0-9]{2,4}\)"
    r"|(?: (?:in|at|near|en|de) [A-Z]\w+)? (?:took|made|sold|earned|employs|employed|opened|facturó|vendió|vendieron|verkaufte|beschäftigt)\b"
    r"| (?:is|was|does|did) not (?:among|in|appear|listed|included|part)\b| no (?:aparece|figura|está)\b| (?:kommt|steht) nicht\b"
)
"""What only somebody or something with a name does, also at the beginning of a sentence, where every word is written as one."""
_STANDS_FOR = re.compile(
    r" (?:has|have|had|is|was|are|were|won|lost|took|made|sold|led|ran|saw|grew|fell|rose|\w{2,20}(?:s|ed|ó|aron|ieron|aba|iene|ende|ide))(?!\w)(?! of\b)"
    r"|[*_]{0,2}: {0,2}[*_]{0,2}[€$£]?\d|[*_]{0,2} *\|"
)
"""What may follow a name that begins a sentence, a list item or a line of a table."""
_NO_NAME = re.compile(
    r"(?:ing|ly|tion|sion|ment|ness|ity|ance|ence|ship|age|ción|sión|dad|miento|aje|eza|ung|heit|keit)s?$|^(?:People|Everyone|Somebody)$"
)
_NUMBERED = re.compile(r"(?<![\w-])([A-Z]{1,4}|[A-Z]\d)[ -]\d{1,6}(?![\w-])(?![.,]\d)")
_INITIAL = re.compile(r"(?:^|[.!?:;|>\n\u201c\"(*#\u2022])[ \t*_#>\u201c\"'(|-]*$|\n *(?:[-*+]|\d{1,3}[.)]) +[*_\"]*$")


def add(text: str, words: Sequence[Word], sent: Sent, found: Found) -> None:
    """Add those of `text` to what was found."""
    for mention in _numbered(text, sent):
        found.add(mention)
    if any(table.texts for table in sent.tables):
        known = {word.lower() for word in TOKEN.findall(sent.words)}
        for mention in islice(_named(text, words, sent, known, found), MOST_UNKNOWN):
            found.add(mention)


def _numbered(text: str, sent: Sent) -> Iterator[Mention]:
    """Codes in two parts, such as `UA 1545`, where the data have such and not this one."""
    texts = (text_ for table in sent.tables for at in table.texts for text_ in table.columns[at].texts)
    letters = {found[1] for text_ in texts if (found := _NUMBERED.fullmatch(text_))}
    if letters:
        for found in islice((found for found in _NUMBERED.finditer(text) if found[1] in letters), MOST_UNKNOWN):
            yield Mention(*found.span(), found.group())


def _named(text: str, words: Sequence[Word], sent: Sent, known: set[str], found: Found) -> Iterator[Mention]:
    """Names and codes as the data have some, that are neither in the data nor in the prompt."""
    values = {value for table in sent.tables for at in table.texts for value in table.columns[at].texts if 0 < len(value) <= 60}
    shapes = {_shape(part) for value in values for part in PARTED.split(value) if _is_code(part)}
    proper = [value for value in values if value[0].isupper() and any(character.islower() for character in value)]
    heads = {word.lower() for table in sent.tables for column in table.columns for word in re.split(r"[\W_]+", column.name)}
    heads |= {word.lower() for table in sent.tables for word in re.split(r"[\W_]+", table.block)}
    tokens = {token.casefold() for value in values for token in TOKEN.findall(value)}
    said = {word.text for word in words if word.text.islower()}
    german = len(_GERMAN.findall(text[:4000])) >= 3
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if found.touches(word.start, word.end) or _is_told(word.text, known, heads, tokens, said):
            continue
        if _is_code(word.text):
            if _shape(word.text) in shapes or (
                (any(map(str.isdigit, word.text)) and any(map(str.isalpha, word.text)) and any("A0" in s or "0A" in s for s in shapes))
                or (proper and len(word.text) > 2 and _ACTS.match(text, word.end))
            ):
                yield Mention(word.start, word.end, word.text)
            continue
        if (
            not proper
            or not word.text[0].isupper()
            or not any(map(str.islower, word.text))
            or len(word.text) < 3
            or _is_heading(text, word.start)
        ):
            continue
        last = word
        while (
            at < len(words)
            and text[last.end : words[at].start] == " "
            and words[at].text[0].isupper()
            and not found.touches(words[at].start, words[at].end)
        ):
            last = words[at]
            at += 1
        shown = text[word.start : last.end]
        if _is_name(text, word, last, proper, german):
            yield Mention(word.start, last.end, shown)
        elif not german and _NO_NAME.search(shown) is None and _STANDS_FOR.match(text, last.end):
            yield Mention(word.start, last.end, shown, is_faint=True)


def _is_told(word: str, known: set[str], heads: set[str], tokens: set[str], said: set[str]) -> bool:
    low = word.casefold()
    return (
        low in known
        or low in heads
        or low in _COMMON
        or low in tokens
        or low in said
        or low.removesuffix("s") in heads
        or f"{low}s" in heads
    )


def _is_name(text: str, first: Word, last: Word, proper: Sequence[str], german: bool) -> bool:
    initial = _INITIAL.search(text[max(0, first.start - 12) : first.start]) or first.start == 0
    if _ACTS.match(text, last.end) and not german:
        return True
    if initial or german:
        shown = text[first.start : last.end].casefold()
        return len(shown) >= 5 and any(_resembles(shown, value.casefold()) for value in proper[:2_000])
    return True


def _resembles(shown: str, value: str) -> bool:
    head = value[: len(shown) + 1]
    return head[:2] == shown[:2] and SequenceMatcher(None, shown, head).ratio() >= 0.8


def _is_code(text: str) -> bool:
    return 2 <= len(text) <= 8 and text.isascii() and text.isalnum() and text == text.upper() and any(map(str.isalpha, text))


def _shape(text: str) -> str:
    return re.sub(r"\d", "0", re.sub(r"[A-Z]", "A", text)) if len(text) > 3 else f"{len(text)}"


def _is_heading(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if line.lstrip().startswith("#"):
        return True
    end = text.find("\n", at)
    return line.lstrip().startswith("|") and bool(re.match(r"\n\|? *:?-", text[end : end + 8])) if end >= 0 else False
