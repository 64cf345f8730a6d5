"""The laws, in the order of the table."""

from drivers.conformance.law import Law
from drivers.conformance.laws import bounds, contract, trouble, truth, wire

LAWS: dict[str, Law] = {
    one.name: one
    for one in (
        contract.declares,
        contract.opens_and_closes,
        contract.says_who,
        contract.no_such_port,
        truth.tells_the_truth,
        truth.keeps_its_word,
        truth.reads_in_time,
        truth.times_go_forward,
        wire.replay_equals_live,
        wire.any_split,
        wire.survives_garbage,
        wire.bad_line,
        trouble.refuses_strangers,
        trouble.notices_silence,
        trouble.unplug_and_replug,
        bounds.stalled_reader,
        bounds.flood,
        bounds.stays_level,
        bounds.leaves_nothing_behind,
        bounds.two_at_once,
    )
}
"""Every law by name."""
