"""Numbers, ranks, fractions and multiples as English, Spanish and German say them."""

CARDINALS = {
    word: float(value)
    for value, words in {
        2: "two dos zwei both ambos", 3: "three tres drei", 4: "four cuatro vier", 5: "five cinco fünf", 6: "six seis sechs",
        7: "seven siete sieben", 8: "eight ocho acht", 9: "nine nueve neun", 10: "ten diez zehn", 11: "eleven once elf",
        12: "twelve doce zwölf dozen", 13: "thirteen trece", 14: "fourteen catorce", 15: "fifteen quince", 16: "sixteen dieciséis",
        17: "seventeen", 18: "eighteen", 19: "nineteen", 20: "twenty veinte zwanzig", 30: "thirty treinta", 40: "forty cuarenta",
        50: "fifty cincuenta", 60: "sixty sesenta", 70: "seventy", 80: "eighty", 90: "ninety",
    }.items()
    for word in words.split()
    if word not in ("once", "elf", "acht", "both", "ambos", "dozen")
}  # fmt: skip
RANKS = {
    word: float(value)
    for value, words in {
        2: "second segundo segunda zweite zweiter zweiten", 3: "third tercero tercera tercer dritte dritter dritten",
        4: "fourth cuarto cuarta vierte vierter", 5: "fifth quinto quinta fünfte fünfter", 6: "sixth sexto sexta", 7: "seventh séptimo",
        8: "eighth octavo", 9: "ninth noveno", 10: "tenth décimo", 11: "eleventh", 12: "twelfth",
    }.items()
    for word in words.split()
}  # fmt: skip
FRACTIONS = {
    "half": 0.5, "mitad": 0.5, "hälfte": 0.5, "three quarters": 0.75, "three-quarters": 0.75, "tres cuartos": 0.75, "two thirds": 2 / 3,
    "two-thirds": 2 / 3, "dos tercios": 2 / 3, "zwei drittel": 2 / 3, "drei viertel": 0.75, "a third": 1 / 3, "one third": 1 / 3,
    "one-third": 1 / 3, "un tercio": 1 / 3, "ein drittel": 1 / 3, "a quarter": 0.25, "one quarter": 0.25, "one-quarter": 0.25,
    "un cuarto": 0.25, "ein viertel": 0.25, "a fifth": 0.2, "one fifth": 0.2, "one in five": 0.2, "one in four": 0.25, "one in three": 1 / 3,
}  # fmt: skip
TIMES = {"twice": 2.0, "double": 2.0, "triple": 3.0, "doble": 2.0, "doppelt": 2.0}
