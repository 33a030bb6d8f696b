"""The account forms: streamlit-authenticator's controller decides their order and rules, Nexus's people table is what it writes to.

The controller reads and writes credentials through its model. Ours goes to `nexus.accounts.service`, which checks the
present password with its lockout, keeps the hash in Nexus's own way, ends the sessions and writes the audit log.
Nothing is hashed, kept in memory or put into a cookie by the package.
"""

from collections.abc import Callable
from typing import Any

from nexus.accounts import passwords
from nexus.accounts import service as accounts
from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import BadInput


class PeopleTable:
    """What the controller takes for its credentials: one person's row."""

    def __init__(self, user: User) -> None:
        self._user = user

    def reset_password(
        self, _username: str, password: str, new_password: str, callback: Callable[[dict[str, Any]], None] | None = None
    ) -> bool:
        with transaction() as session:
            address = next((row.address for row in accounts.my_sessions(session, user=self._user) if row.id == self._user.session_id), "")
        accounts.change_password(user=self._user, current=password, new=new_password, address=address)
        if callback:
            callback({"widget": "Reset password", "username": self._user.email})
        return True

    def update_user_details(
        self, _username: str, field: str, new_value: str, callback: Callable[[dict[str, Any]], None] | None = None
    ) -> bool:
        if field != "first_name":
            raise BadInput("Only an administrator changes an e-mail address.")
        with transaction() as session:
            accounts.rename_me(session, user=self._user, name=new_value)
        if callback:
            callback({"widget": "Update user details", "username": self._user.email, "field": field})
        return True


def change_password(user: User, *, current: str, new: str, again: str) -> None:
    """Raises BadInput with one sentence, or what the service refuses."""
    from streamlit_authenticator.utilities import ResetError

    if not current:
        raise BadInput("Type your present password as well.")
    try:
        _controller(user).reset_password(user.email, current, new, again)
    except ResetError as error:
        raise BadInput(_SENTENCES.get(str(error), str(error))) from None


def rename(user: User, *, name: str) -> None:
    """Change the shown name; the controller calls it the first name. Raises BadInput with one sentence."""
    from streamlit_authenticator.utilities import UpdateError

    try:
        _controller(user).update_user_details(user.email, "first_name", " ".join(name.split()))
    except UpdateError:
        raise BadInput("A name has 1 to 100 characters, and at least one letter.") from None


ADVICE = "At least 15 characters. Four unusual words do well; signs and digits are welcome, not asked for."

_SENTENCES = {
    "No new password provided": "Type the new password as well.",
    "Passwords do not match": "The two new passwords differ. Type the same one twice.",
    "New and current passwords are the same": "The new password is the present one. Take another.",
}


def _controller(user: User) -> Any:
    # Imported late: it brings 20 MB that only this page needs.
    from streamlit_authenticator.controllers import AuthenticationController
    from streamlit_authenticator.utilities import Validator

    class Rules(Validator):  # type: ignore[misc]
        """Nexus's rules: length and guessability, names in every script."""

        def validate_length(self, variable: str, min_length: int = 0, max_length: int = passwords.MAX_LENGTH) -> bool:
            return min_length <= len(variable) <= max_length

        def validate_password(self, password: str) -> bool:
            return not self.diagnose_password(password)

        def diagnose_password(self, password: str) -> str:
            try:
                passwords.check(password, email=user.email, name=user.name)
            except passwords.WeakPassword as error:
                return error.message
            return ""

        def validate_name(self, name: str) -> bool:
            return 1 <= len(name) <= 100 and name.isprintable() and any(sign.isalpha() for sign in name)

    controller = AuthenticationController(credentials={"usernames": {}}, validator=Rules(), auto_hash=False)
    controller.authentication_model = PeopleTable(user)
    return controller
