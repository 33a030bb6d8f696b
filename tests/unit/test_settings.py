import pytest
from cryptography.fernet import Fernet

from nexus.errors import WrongSetting
from nexus.settings import Settings, read

KEYS = {"SECRET_KEY": "s" * 40, "ENCRYPTION_KEY": Fernet.generate_key().decode()}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("DATABASE_URL", "mysql://u:hidden-password@h/d"),
        ("SECRET_KEY", "hidden-password"),
        ("ENCRYPTION_KEY", "hidden-password"),
        ("SESSION_HOURS", "-1"),
        ("SESSION_COOKIE_SECURE", "perhaps"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable_and_not_the_value(variable, value, tmp_path):
    with pytest.raises(WrongSetting) as caught:
        read({**KEYS, variable: value}, state=tmp_path)
    assert variable in caught.value.message
    assert "hidden-password" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("variable", ["SECRET_KEY", "ENCRYPTION_KEY"])
def test_production_refuses_to_start_without_its_keys(variable, tmp_path):
    with pytest.raises(WrongSetting, match=variable):
        read({**{name: value for name, value in KEYS.items() if name != variable}, "RAILWAY_ENVIRONMENT": "production"}, state=tmp_path)


def test_a_laptop_makes_its_keys_once(tmp_path):
    first, second = read({}, state=tmp_path), read({}, state=tmp_path)
    assert first.secret_key == second.secret_key
    assert (tmp_path / "encryption_key").stat().st_mode & 0o077 == 0


def test_production_has_a_secure_cookie_and_listens_everywhere(tmp_path):
    settings = read({**KEYS, "RAILWAY_ENVIRONMENT": "production", "PORT": "4444"}, state=tmp_path)
    assert settings.session_cookie_secure
    assert (settings.address, settings.port) == ("0.0.0.0", 4444)


def test_an_empty_variable_counts_as_not_set_and_both_postgres_schemes_are_taken(tmp_path):
    assert read({**KEYS, "PORT": ""}, state=tmp_path).port == 8501
    url = read({**KEYS, "DATABASE_URL": "postgres://u:p@h/d"}, state=tmp_path).database_url
    assert url.get_secret_value() == "postgresql://u:p@h/d"


def test_no_secret_shows_in_the_settings_text(tmp_path):
    settings = read({**KEYS, "DATABASE_URL": "postgresql://u:hidden-password@h/d", "GOOGLE_API_KEY": "hidden-password"}, state=tmp_path)
    assert "hidden-password" not in repr(settings) + str(settings)
    assert KEYS["SECRET_KEY"] not in repr(settings)


def test_every_setting_has_a_description():
    assert all(field.description for field in Settings.model_fields.values())
