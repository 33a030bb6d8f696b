"""Somebody's open page as their browser's socket has it: every frame that Nexus sends, and nothing that hides one."""

import threading
from contextlib import ExitStack

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.server import Person, until


class Reader:
    """`said` is all that came, as bytes; `ended` counts the runs that have ended."""

    def __init__(self, person: Person) -> None:
        server = person.server
        cookie = {"Cookie": f"nexus={person.open_session()}"}
        self.said = b""
        self.ended = 0
        self._open = ExitStack()
        socket = connect(
            f"ws://localhost:{server.port}/_stcore/stream",
            origin=server.url,
            subprotocols=["streamlit", "x"],
            additional_headers=cookie,
            max_size=None,
        )
        self._socket = self._open.enter_context(socket)
        threading.Thread(target=self._listen, daemon=True).start()

    def open(self, page: str, query: str) -> None:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        self._socket.send(message.SerializeToString())

    def read(self, page: str, query: str = "") -> bytes:
        """All that the page says until it is drawn to its end."""
        begun, ended = len(self.said), self.ended
        self.open(page, query)
        until(lambda: self.ended > ended, within_s=60, what=f"/{page}?{query} is drawn")
        return self.said[begun:]

    def _listen(self) -> None:
        try:
            while True:
                frame = self._socket.recv()
                self.said += frame
                self.ended += ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished"
        except ConnectionClosed:
            return

    def close(self) -> None:
        self._open.close()
