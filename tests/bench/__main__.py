"""``make bench``: the speed figures; the detection figures are run by hand (see docs/evidence.md)."""

from tests.bench import codecs, speed, streams

codecs.main()
speed.main()
streams.main()
