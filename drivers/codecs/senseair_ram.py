"""Senseair's private Modbus function 0x44: reading the RAM of a K30 or K33.

A request is ``address 44 RAM-address(2) count CRC``, an answer ``address 44 count
bytes CRC``. It travels among Modbus frames and has their CRC, so
`drivers.codecs.modbus_rtu.AnswerParser` finds it, with the same resynchronising
and the same counters; here are the request, the answer and what lies where.

Checked by the maker's bytes for CO2 (904 ppm) and by the requests that public
drivers send for temperature and humidity. The places of error status, firmware
and serial number are those of the I2C guide, which describes the same RAM; they
were not read over function 0x44 on a sensor.

References
----------
Senseair TDE4700, I2C guide to the K30 and K33 (RAM map); CO2Meter's K-series
examples (function 0x44, K33 temperature and humidity).
"""

from __future__ import annotations

import struct

from drivers.codecs.modbus_rtu import Function, frame

CO2_PPM = 0x0008  # int16
TEMPERATURE_AND_HUMIDITY = 0x0012  # K33 alone: int16 in 0.01 °C, int16 in 0.01 %
ERROR_STATUS = 0x001E  # 1 byte, bits as in Modbus input register 1
SERIAL_NUMBER = 0x0028  # 4 bytes
FIRMWARE = 0x0062  # type, main, sub


def ram_request(address: int, ram: int, count: int) -> bytes:
    """Return a request for ``count`` bytes of RAM from ``ram`` on.

    Examples
    --------
    >>> ram_request(0xFE, CO2_PPM, 2).hex(" ")
    'fe 44 00 08 02 9f 25'
    """
    return frame(address, Function.READ_RAM, struct.pack(">HB", ram, count))


def ram_answer(address: int, data: bytes) -> bytes:
    """Return an answer that carries RAM.

    Examples
    --------
    >>> ram_answer(0xFE, (904).to_bytes(2, "big")).hex(" ")
    'fe 44 02 03 88 b8 72'
    """
    return frame(address, Function.READ_RAM, bytes((len(data),)) + data)
