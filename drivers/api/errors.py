"""Errors with one root; each leaf is also the built-in it resembles."""


class LorryscanError(Exception):
    """Root of every error that lorryscan raises on purpose."""


class ConfigError(LorryscanError, ValueError):
    """A configuration cannot be used.

    Examples: an unknown key in the lane's TOML; a probe address outside
    1..247; two devices with the same name.
    """


class DriverError(LorryscanError):
    """Root of what a driver may raise."""


class DriverMissing(DriverError, LookupError):
    """No installed driver has the name asked for, or its module does not import.

    Examples: a typing error in ``driver = "vaisala-gmp525"``; a vendor's wheel
    that was not installed in this environment.
    """


class DeviceOpenError(DriverError, OSError):
    """A device cannot be opened.

    Examples: the port does not exist or another program holds it; TCP
    connection refused; the far end is a device of another kind.
    """


class DeviceLost(DriverError, ConnectionError):
    """A device that was open is gone.

    Examples: the USB adapter was pulled out; the TCP peer closed; a pty hung up.
    """


class DeviceTimeout(DriverError, TimeoutError):
    """A device did not answer in time; the wire itself may be whole.

    Examples: a Modbus poll unanswered for its time limit; no datagram for twice
    the declared period.
    """


class ProtocolError(DriverError, ValueError):
    """A device answered, with something the protocol does not allow.

    Examples: a Modbus exception answer; a HELLO that declares no channels.
    A damaged frame is not an error: codecs drop it and count it.
    """
