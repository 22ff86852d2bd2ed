"""Services on loopback that answer as the real ones do, and remember what they got."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Call:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


type Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


@dataclass
class Service:
    """`answers` says what the next calls get; when they are used up, `usual` is the answer."""

    usual: Answer = (200, {"errcode": 0, "errmsg": "ok"})
    answers: list[Answer | Callable[[Call], Answer | None]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    heard: Callable[[Call], None] | None = None

    def __enter__(self) -> Service:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                call = Call(self.path, dict(self.headers), raw)
                service.calls.append(call)
                if service.heard:
                    service.heard(call)
                answer: Any = service.answers.pop(0) if service.answers else service.usual
                if callable(answer):
                    answer = answer(call)
                if answer is None:  # it hangs up without a word
                    self.close_connection = True
                    return
                status, body, *more = answer
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *fault: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str = "/robot/send?access_token=abcdef123456") -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"
