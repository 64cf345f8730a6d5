"""``make bench``: the speed figures; the detection figures are run by hand (see docs/evidence.md)."""

from tests.bench import codecs, devices, speed, streams

codecs.main()
devices.main()
speed.main()
streams.main()
