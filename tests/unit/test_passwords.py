import pytest

from nexus.accounts import passwords
from nexus.accounts.passwords import WeakPassword, check


@pytest.mark.parametrize(
    "password",
    [
        "violet tractor humming lake",
        "fünf große Äpfel im Korb",
        "正しい馬のバッテリーホチキス留めです",
        "trente-six chandelles la nuit",
        "x9$Lm2#qP7!vT4&zz",
        "four words, sixty-four or more characters: allowed without a limit that hurts",
        "a" + "bcdefghijk lmnopqr" * 50,
    ],
)
def test_long_unusual_passwords_are_good_enough_without_rules_about_characters(password):
    check(password, email="ana@example.org", name="Ana Lima")


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "too short"),
        ("short", "too short"),
        ("fourteen chars", "too short"),
        ("x9" * 600, "too long"),
        ("aaaaaaaaaaaaaaaaaaaa", "few characters"),
        ("abababababababababab", "few characters"),
        ("passwordpassword", "many people"),
        ("password123456789", "many people"),
        ("12345678password!!", "many people"),
        ("123456789987654321", "many people"),
        ("1qaz2wsx3edc4rfv", "many people"),
        ("PASSWORDstandard", "many people"),
        ("qwertyuiop12345", "many people"),
        ("abcdeabcdeabcdeabcde", "many people"),
        ("ａａａａpasswordpassword"[4:], "many people"),
        ("nexusnexusnexusnexus", "many people"),
        ("nexus nexus nexus", "name of this tool"),
        ("ana.lima@example.org", "e-mail"),
        ("lima-example-lima-2024", "name"),
    ],
)
def test_passwords_that_are_easy_to_guess_are_refused_with_the_reason(password, why):
    with pytest.raises(WeakPassword) as refused:
        check(password, email="ana.lima@example.org", name="Ana Lima")
    assert why in refused.value.message


def test_each_of_the_3000_commonest_passwords_is_refused_however_it_is_written():
    assert len(passwords.common()) == 3000
    for word in passwords.common():
        for spelling in (word, word.upper(), word * 15):
            with pytest.raises(WeakPassword):
                check(spelling[: passwords.MAX_LENGTH], email="ana@example.org")


def test_a_one_time_password_is_good_enough_itself_and_never_the_same():
    made = {passwords.one_time() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        check(password, email="ana@example.org")


def test_what_bcrypt_gets_has_the_same_short_length_for_every_password():
    for password in ("", "x", "x" * 72, "x" * 73, "x" * 1024, "\0", "\udc80"):
        assert len(passwords.digest(password)) == 44
        assert b"\0" not in passwords.digest(password)
    assert passwords.digest("x" * 72 + "a") != passwords.digest("x" * 72 + "b")
    assert passwords.digest("a\0b") != passwords.digest("a\0c")


def test_without_a_stored_password_nothing_fits():
    assert not passwords.fits("nobody has this password, it only takes time", None)
    assert not passwords.fits("", "")
