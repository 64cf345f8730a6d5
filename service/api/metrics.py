"""What the service counts for Prometheus, on a registry of its own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from service.alarm_resources import AlarmRates

COMMIT_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Counters and gauges of one service; names end in what Prometheus expects."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.messages = Counter(
            "lorryscan_messages",
            "Messages that lanes posted, by what became of them",
            ("kind", "result"),
            registry=registry,
        )
        self.commit_s = Histogram(
            "lorryscan_commit_seconds",
            "Time from a lane's message to its commit",
            buckets=COMMIT_BUCKETS_S,
            registry=registry,
        )
        self.streams = Gauge(
            "lorryscan_streams_open", "Event streams that are open", ("reader",), registry=registry
        )
        self.events = Counter(
            "lorryscan_events_sent", "Events put on booth streams", ("event",), registry=registry
        )
        self.live_dropped = Counter(
            "lorryscan_live_dropped", "Live views replaced before a slow booth took them", registry=registry
        )
        self.cut_off = Counter(
            "lorryscan_streams_cut_off", "Booths cut off because they did not read", registry=registry
        )
        self.alerts = Gauge(
            "lorryscan_alerts_open", "Alerts that are not closed, by state", ("state",), registry=registry
        )
        self.alert_timers = Counter(
            "lorryscan_alert_timers",
            "Alerts' steps that were escalated, shelves that ended, timers begun anew after a clock was set",
            ("what", "state"),
            registry=registry,
        )
        self.alarms = Gauge(
            "lorryscan_alarms",
            'Alarms raised in the last 10 min, hour and day, and the most within any 10 min; lane "" is all',
            ("lane", "within"),
            registry=registry,
        )
        self.flood_share = Gauge(
            "lorryscan_alarm_flood_ratio",
            'Windows of 10 min of the last day with a flood (10 alarms or more); lane "" is all',
            ("lane",),
            registry=registry,
        )
        self.alerts_waiting = Gauge(
            "lorryscan_alerts_waiting",
            'Alerts that have been open for over 24 h, and those on the shelf; lane "" is all',
            ("lane", "how"),
            registry=registry,
        )
        self.lanes_silent = Gauge("lorryscan_lanes_silent", "Lanes that do not speak", registry=registry)
        self.commands = Counter(
            "lorryscan_commands", "Commands to lanes, by what became of them", ("result",), registry=registry
        )
        self.login_failures = Counter(
            "lorryscan_login_failures", "Logins that were refused", ("why",), registry=registry
        )
        self.checkpoints_failing = Gauge(
            "lorryscan_checkpoints_failing",
            "Places that have not taken the audit log's newest checkpoint",
            registry=registry,
        )
        self.failures = Counter(
            "lorryscan_failures", "Failures of the service itself", ("where",), registry=registry
        )

    def show_alarm_rates(self, found: AlarmRates) -> None:
        """Set the gauges of alarm rates."""
        for lane, rates in {"": found.overall, **found.lanes}.items():
            self.alarms.labels(lane, "10min").set(rates.last_10_min)
            self.alarms.labels(lane, "hour").set(rates.last_hour)
            self.alarms.labels(lane, "day").set(rates.last_day)
            self.alarms.labels(lane, "peak_10min").set(rates.peak_10_min)
            self.flood_share.labels(lane).set(rates.flood_share)
            self.alerts_waiting.labels(lane, "standing").set(rates.standing)
            self.alerts_waiting.labels(lane, "shelved").set(rates.shelved)
