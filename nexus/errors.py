"""The tree of errors a person may see: one sentence each, and what to do.

A class's `message` is its sentence. Raise the class where the rule is broken; the page frame, the routes
and the command line show `.message`, and nothing else of it. Anything that is not a `NexusError` is a
defect: it gets a reference number, and goes to the log with its trace.
"""


class NexusError(Exception):
    """Root of the tree. `status` is the HTTP status that the routes answer with."""

    message = "Something went wrong. Try again, and tell an administrator if it stays."
    status = 500

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)


class BadInput(NexusError):
    """What a person typed, sent or wrote in YAML does not fit; nothing was changed."""

    message = "That is not a valid value. Correct it and try again."
    status = 400


class NotAllowed(NexusError):
    message = "You may not do this. Ask an administrator for the right role."
    status = 403


class NotFound(NexusError):
    message = "This no longer exists, or you may not see it. Open another from the list."
    status = 404


class Conflict(NexusError):
    message = "Someone else changed this meanwhile. Reload to see their version, then apply yours again."
    status = 409


class Unavailable(NexusError):
    """Something Nexus needs is down or full; trying again later may work."""

    message = "This is not available right now. Try again in a minute."
    status = 503


class DatabaseUnavailable(Unavailable):
    message = "Nexus cannot reach its own database right now. Try again in a minute; an administrator can run the doctor command."


class WrongSetting(NexusError):
    """An environment variable has a value that Nexus cannot start with."""
