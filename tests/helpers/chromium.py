"""A page in headless Chromium, driven through its debugging pipe: JSON messages that end in NUL."""

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needed = pytest.mark.skipif(not PATH, reason="Chromium is not installed")
_KEYS = {
    "Enter": 13,
    "Escape": 27,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-pipe",
)  # fmt: skip


class Page:
    """An open page.

    Args:
        profile: an empty folder for the browser's own files.
    """

    def __init__(self, profile: Path) -> None:
        here, theirs = os.pipe(), os.pipe()
        assert PATH
        # Chromium reads from descriptor 3 and writes to 4
        command = f'exec "$0" "$@" 3<&{here[0]} 4>&{theirs[1]}'
        self._browser = subprocess.Popen(
            ["bash", "-c", command, PATH, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(here[0], theirs[1]),
            stderr=subprocess.DEVNULL,
        )
        os.close(here[0])
        os.close(theirs[1])
        self._out, self._in = os.fdopen(here[1], "wb", 0), os.fdopen(theirs[0], "rb")
        self._count, self._rest, self._session = 0, b"", ""
        self.events: list[dict[str, Any]] = []
        """What the browser has told unasked, such as requests and errors."""
        (page,) = [t for t in self("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        attached = self("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return the answer to a command of the DevTools protocol."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._in.fileno(), 2**20)
            assert part, "Chromium has ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def show(self, address: str, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load an address and wait until its scripts have run."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self("Emulation.setEmulatedMedia", features=[scheme])
        self(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        self("Page.navigate", url="about:blank")
        self("Page.navigate", url=address)
        self.wait(f"location.href.startsWith({json.dumps(address.partition('#')[0])})")
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return the value of an expression of JavaScript."""
        found = self("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true; a minute is a failure."""
        end = time.monotonic() + 60
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"never true: {condition}"
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press a key, as a user does."""
        text = {"text": "\r"} if key == "Enter" else {}
        code = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key]}
        self("Input.dispatchKeyEvent", type="keyDown", **code, **text)
        self("Input.dispatchKeyEvent", type="keyUp", **code)

    def type(self, text: str) -> None:
        """Type text where the focus is."""
        self("Input.insertText", text=text)

    def set(self, name: str, value: str) -> None:
        """Choose a value in the form, and wait until the page has followed."""
        self.run(
            f"(() => {{ const field = document.forms.filter.elements[{json.dumps(name)}];"
            f"field.value = {json.dumps(value)};"
            "field.dispatchEvent(new Event('input', { bubbles: true })); })()"
        )

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the elements that a selector finds, as they are shown."""
        found = f"document.querySelectorAll({json.dumps(selector)})"
        texts: list[str] = self.run(f"[...{found}].map((node) => node.innerText)")
        return texts

    def picture(self, path: Path) -> None:
        """Write a screenshot as PNG."""
        path.write_bytes(base64.b64decode(self("Page.captureScreenshot")["data"]))

    def requests(self) -> list[str]:
        """Return the addresses that were asked for."""
        events = [
            e["params"] for e in self.events if e.get("method") == "Network.requestWillBeSent"
        ]
        return [event["request"]["url"] for event in events]

    def errors(self) -> list[Any]:
        """Return exceptions and what is on the console, such as refusals by the policy."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in kinds]

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        self("Browser.close")
        self._browser.wait(timeout=30)
        self._out.close()
        self._in.close()
