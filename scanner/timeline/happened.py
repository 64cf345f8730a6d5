"""What happened in a visit: doors, probe, commands, faults of devices, changes of the recommendation."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import ConnectionState, DeviceState, Event, EventKind
from scanner.lane.snapshot import DeviceView, device_kind
from scanner.lane.wire import AssessmentWire
from scanner.modality import Sensor
from scanner.timeline.shapes import Happened, TimelineEvent
from scanner.wording import sentences

MOST_EVENTS = 500
_PLAIN = {
    EventKind.PROBE_IN: Happened.PROBE_IN,
    EventKind.PROBE_OUT: Happened.PROBE_OUT,
    EventKind.DOORS_OPENED: Happened.DOORS_OPENED,
    EventKind.DOORS_CLOSED: Happened.DOORS_CLOSED,
    EventKind.SCAN_END: Happened.SCAN_END,
}
_FAULTS = {ConnectionState.LOST, ConnectionState.DEGRADED}


class Events:
    """Collects the events of one visit."""

    def __init__(self, sensors: Mapping[str, Sensor]) -> None:
        self._sensors = sensors
        self._states: dict[str, ConnectionState] = {}
        self._recommended: AssessmentWire | None = None
        self._found: list[TimelineEvent] = []

    def take(self, item: Event | DeviceState, t_s: float) -> None:
        """Note an event, or a device whose state became another."""
        if isinstance(item, DeviceState):
            self._state(item, t_s)
        elif item.kind in _PLAIN:
            self._add(TimelineEvent(t_s=t_s, kind=_PLAIN[item.kind], sensor=str(item.data.get("sensor", ""))))
        elif item.kind is EventKind.COMMAND:
            name, by = (str(item.data.get(key, ""))[:64] for key in ("name", "by"))
            self._add(TimelineEvent(t_s=t_s, kind=Happened.COMMAND, command=name, by=by))

    def assessed(self, assessment: AssessmentWire, t_s: float) -> None:
        """Note a recommendation that differs from the one before, or became final."""
        before, self._recommended = self._recommended, assessment
        told = assessment.recommendation, assessment.final
        if before is not None and told == (before.recommendation, before.final):
            return
        self._add(
            TimelineEvent(
                t_s=t_s,
                kind=Happened.RECOMMENDATION,
                recommendation=assessment.recommendation,
                final=assessment.final,
            )
        )

    def _state(self, item: DeviceState, t_s: float) -> None:
        name = item.stamp.sensor
        before = self._states.get(name)
        self._states[name] = item.state
        if item.state in _FAULTS and item.state is not before:
            sensor = self._sensors.get(name)
            said = sensor and DeviceView(name, sensor.role, item, None, device_kind(sensor)).reason
            self._add(
                TimelineEvent(
                    t_s=t_s,
                    kind=Happened.FAULT,
                    sensor=name,
                    state=item.state.value,
                    text=sentences(said) if said else {},
                )
            )
        elif item.state is ConnectionState.READY and before in _FAULTS:
            self._add(TimelineEvent(t_s=t_s, kind=Happened.RECOVERED, sensor=name, state=item.state.value))

    def _add(self, event: TimelineEvent) -> None:
        if len(self._found) < MOST_EVENTS:
            self._found.append(event.model_copy(update={"t_s": round(event.t_s, 2)}))

    def all(self) -> list[TimelineEvent]:
        """Return them in the order of time."""
        return sorted(self._found, key=lambda event: event.t_s)
