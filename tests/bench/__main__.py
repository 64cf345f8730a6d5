"""``make bench``: the speed figures; the detection figures are run by hand (see docs/evidence.md and evidence-co2.md)."""

from tests.bench import co2_speed, codecs, devices, speed, streams

codecs.main()
co2_speed.main()
devices.main()
speed.main()
streams.main()
