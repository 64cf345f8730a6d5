"""``make bench``: the speed figures; detection figures are run by hand (docs/evidence*.md)."""

from tests.bench import co2_speed, codecs, devices, heart_speed, speed, streams, xray_speed

codecs.main()
co2_speed.main()
devices.main()
heart_speed.main()
speed.main()
streams.main()
xray_speed.main()
