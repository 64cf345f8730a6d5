"""A booth that is worked by keyboard alone, its parts found as a screen reader names them."""

from __future__ import annotations

from typing import Any

from tests.e2e.booth import Booth

MOST_TABS = 150
MOST_CHOICES = 40
MOST_LOOKS, LOOK_MS = 300, 100  # at a button that is busy


class Keys:
    """Hands on the keys of a booth: nothing here points, clicks or fills in by itself.

    Where the focus is and what that is called is asked of the browser's accessibility tree, which is what
    a screen reader is told.
    """

    def __init__(self, booth: Booth) -> None:
        self.booth = booth
        self._keyboard = booth.page.keyboard
        self._told = booth.context.new_cdp_session(booth.page)
        self._told.send("Accessibility.enable")

    def focused(self) -> dict[str, str]:
        """Return role, name and value of what has the focus; ``disabled`` is "yes" or ""."""
        found = self._told.send("Runtime.evaluate", {"expression": "document.activeElement"})
        handle = found["result"].get("objectId")
        if handle is None:
            return dict.fromkeys(("role", "name", "value", "disabled"), "")
        tree = self._told.send(
            "Accessibility.getPartialAXTree", {"objectId": handle, "fetchRelatives": False}
        )
        node = tree["nodes"][0]
        told = {part: _value(node, part) for part in ("role", "name", "value")}
        states = {state["name"]: state["value"].get("value") for state in node.get("properties", ())}
        return told | {"disabled": "yes" if states.get("disabled") else ""}

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self._keyboard.press(key)

    def reach(self, *names: str, back: bool = False) -> None:
        """Press Tab, or Shift+Tab for ``back``, until what is called by one of the names has the focus.

        Raises
        ------
        AssertionError : it does not come; with everything that did.
        """
        passed: list[str] = []
        for _ in range(MOST_TABS):
            here = self.focused()["name"]
            if here in names:
                return
            passed.append(here)
            self._keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"no key leads to {names}; there were {list(dict.fromkeys(passed))}")

    def write(self, name: str, text: str) -> None:
        """Reach a field and write in it, over what stands there."""
        self.reach(name)
        self._keyboard.press("Control+a")
        self._keyboard.type(text)

    def choose(self, name: str, wanted: str) -> None:
        """Reach a list and press the arrows until it shows what is wanted."""
        self.reach(name)
        seen: list[str] = []
        for key in ["Home"] + ["ArrowDown"] * MOST_CHOICES:
            self._keyboard.press(key)
            seen.append(self.focused()["value"])
            if seen[-1] == wanted:
                return
        raise AssertionError(f"{name!r} has no {wanted!r}: {list(dict.fromkeys(seen))}")

    def do(self, *names: str, back: bool = False) -> None:
        """Reach a button or link, whichever comes first, and press Enter as soon as it may be pressed.

        Raises
        ------
        AssertionError : it stays busy.
        """
        self.reach(*names, back=back)
        for _ in range(MOST_LOOKS):
            if not self.focused()["disabled"]:
                break
            self.booth.page.wait_for_timeout(LOOK_MS)
        else:
            raise AssertionError(f"{names} may not be pressed")
        self._keyboard.press("Enter")

    def tick(self, name: str) -> None:
        """Reach a box or a choice, and press the space bar."""
        self.reach(name)
        self._keyboard.press("Space")


def _value(node: dict[str, Any], part: str) -> str:
    return str(node.get(part, {}).get("value", ""))
