import pytest

from nexus.sources import address
from nexus.sources.address import WrongAddress


def test_special_characters_in_the_password_survive():
    parsed = address.parse("postgresql://ana:p%40ss%3A%2F%25%23@db.example.org/sales")
    assert (parsed.user, parsed.password, parsed.host, parsed.port, parsed.database) == ("ana", "p@ss:/%#", "db.example.org", 5432, "sales")
    assert address.stored(parsed.url) == parsed


def test_the_short_scheme_means_the_same():
    assert address.parse("postgres://u:p@h:6000/d?sslmode=require") == address.parse("postgresql://u:p@h:6000/d?sslmode=require")


def test_ipv6_addresses_are_read_and_written_with_brackets():
    parsed = address.parse("postgresql://u:p@[2001:db8::5]:5433/d")
    assert (parsed.host, parsed.port) == ("2001:db8::5", 5433)
    assert address.stored(parsed.url) == parsed


def test_a_role_of_nexus_own_database_is_stored_without_a_place():
    role = address.own_role("nexus_sample", "p@:/%")
    assert address.stored(role.url) == role
    assert role.shown == "Nexus's own database, as nexus_sample"


SECRET = "hunter2secret"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mysql://u:hunter2secret@h/d",
        "postgresql+psycopg2://u:hunter2secret@h/d",
        "sqlite:////etc/passwd",
        "file:///etc/passwd",
        "nexus-own://u:hunter2secret@own/own",
        "host=h user=u password=hunter2secret",
        "postgresql://u:hunter2secret@h/d?host=/tmp",
        "postgresql://u:hunter2secret@h/d?hostaddr=169.254.169.254",
        "postgresql://u:hunter2secret@h/d?service=prod",
        "postgresql://u:hunter2secret@h/d?passfile=/etc/passwd",
        "postgresql://u:hunter2secret@h/d?sslrootcert=/etc/passwd",
        "postgresql://u:hunter2secret@h/d?options=-c%20statement_timeout%3D0",
        "postgresql://u:hunter2secret@h/d?sslmode=require&sslmode=disable",
        "postgresql://u:hunter2secret@h/d?sslmode=nonsense",
        "postgresql://u:hunter2secret@h1,h2/d",
        "postgresql://u:hunter2secret@h1:1,h2:2/d",
        "postgresql://u:hunter2secret@/d",
        "postgresql:///d",
        "postgresql://u:hunter2secret@%2Ftmp/d",
        "postgresql://u:hunter2secret@[/tmp]/d",
        "postgresql://u:hunter2secret@h:0x10/d",
        "postgresql://u:hunter2secret@h:99999/d",
        "postgresql://u:hunter2secret@h/",
        "postgresql://h/d",
        "postgresql://u:hunter2secret@h/d/e",
        "postgresql://u:hunter2secret@h/host%3D%2Ftmp",
        "postgresql://u:hunter2secret@h/postgres%3A%2F%2Fevil",
        "postgresql://u:hunter2secret@h/d#f",
        "postgresql://u:hunter2secret@x@h/d",
        "postgresql://u:hunter2secret@h/d\r\nX-Evil: 1",
        "postgresql://u:hunter2secret%0d%0a@h/d",
        "postgresql://u:hunter2secret%00@h/d",
        "postgresql://u:hunter2secret@h\\@evil/d",
        "postgresql://u:hunter2secret@ｌocalhost/d",
        "postgresql://u:hunter2secret@h/" + "d" * 3000,
    ],
)
def test_what_is_no_plain_postgres_address_is_refused_without_its_password(url):
    with pytest.raises(WrongAddress) as refusal:
        address.parse(url)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0xA9FEA9FE",
        "0xa9.0xfe.0xa9.0xfe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "169.254.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "0",
        "[::]",
        "224.0.0.1",
        "[ff02::1]",
    ],
)
def test_the_clouds_own_addresses_are_no_databases_in_any_notation(host):
    with pytest.raises(WrongAddress):
        address.parse(f"postgresql://u:p@{host}/d")


@pytest.mark.parametrize(
    "host", ["10.1.2.3", "192.168.0.5", "172.16.0.1", "[fd12:3456::1]", "8.8.8.8", "db.internal", "127.0.0.1", "localhost"]
)
def test_private_networks_and_on_a_laptop_loopback_are_open_to_administrators(host):
    address.parse(f"postgresql://u:p@{host}/d")


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_in_production_loopback_is_closed(text):
    address.judge(text, production=False)
    with pytest.raises(WrongAddress):
        address.judge(text, production=True)


def test_the_password_is_not_part_of_the_text_of_an_address():
    parsed = address.parse(f"postgresql://ana:{SECRET}@h/d")
    assert SECRET not in repr(parsed)
    assert SECRET not in parsed.shown
