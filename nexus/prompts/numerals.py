"""What the digits of a figure can mean: `1.234,5`, `1,234.5` and `12.345`, which is two numbers."""

import re
from dataclasses import dataclass

LONGEST_NUMBER = 32
"""Characters of digits; what is longer is no figure that anybody could have sent."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a figure: `value`, where `step` is the unit of its last digit as written."""

    value: float
    step: float
    is_scaled: bool = False

    @property
    def digits(self) -> int:
        """How many digits tell: a decimal place is as good as a second one, and so is the word `million`."""
        return max(1 if self.step >= 1 else 2, len(f"{abs(self.value) / self.step:.0f}")) + self.is_scaled


def listed(digits: str) -> list[tuple[int, str]]:
    """The parts of `1,2,3`, each with its offset; nothing when it is one number."""
    if digits.count(",") < 2 or "." in digits or all(len(part) == 3 for part in digits.split(",")[1:]) or len(digits) > 200:
        return []
    parts, at = [], 0
    for part in digits.split(","):
        parts.append((at, part))
        at += len(part) + 1
    return parts


def readings_of(digits: str, sign: str, power: str) -> tuple[Reading, ...]:
    """What the digits can mean: `12.345` is 12345 as well as 12 and a bit. Empty when they mean no number."""
    if len(digits) > LONGEST_NUMBER or len(power) > 5:
        return ()
    return tuple(reading for text in _decimals(digits) if (reading := _reading(text, sign, power)))


def _reading(text: str, sign: str, power: str) -> Reading | None:
    value = float(f"{sign}{text}{power}")
    step = float(f"1{power or 'e0'}") * 10.0 ** -len(text.partition(".")[2])
    return Reading(value, step) if abs(value) < 1e300 and 1e-300 < step < 1e300 else None


def _decimals(digits: str) -> list[str]:
    """`digits` with a point at most, once for each way to read them."""
    marks = [character for character in digits if not character.isdigit()]
    if not marks:
        return [digits]
    last, first = marks[-1], digits.replace("'", "").replace(marks[-1], "")
    whole, _, fraction = digits.rpartition(last)
    grouped = all(len(part) == 3 for part in re.split(r"[.,']", digits)[1:]) and len(re.split(r"[.,']", digits)[0]) <= 3
    if (len(set(marks)) == 1 and len(marks) > 1) or last == "'":
        return [re.sub(r"[.,']", "", digits)] if grouped else []
    plain = re.sub(r"[.,']", "", whole)
    if len(marks) > 1:
        groups = re.split(r"[.,']", whole)
        return [f"{plain}.{fraction}"] if marks.count(last) == 1 and all(len(part) == 3 for part in groups[1:]) and first else []
    if grouped and digits[0] != "0":
        both = [plain + fraction, f"{plain}.{fraction}"]
        return both if last == "," else both[::-1]
    return [f"{plain}.{fraction}"]
